/** CloudWatch's dashboard in three columns: whose trouble it is, and what lies behind; Grafana's has the same. */
import { AlarmStatusWidget, Column, Dashboard, GraphWidget, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { COLUMNS, PANELS, type Panel } from '../watch/panels.ts';
import type { Standing } from './alarms.ts';
import type { StackMetrics } from './metrics.ts';

const COLUMN_WIDTH = 8;
const MINUTES = 5;

/** Adds the dashboard of a stage. */
export function addDashboard(
  scope: Construct,
  stage: string,
  metrics: StackMetrics,
  standing: readonly Standing[],
): void {
  const graph = ({ title, series }: Panel): IWidget =>
    new GraphWidget({
      title,
      width: COLUMN_WIDTH,
      left: Object.entries(series).flatMap(([label, { cloudwatch }]) => {
        const metric = cloudwatch && metrics.signal(cloudwatch, MINUTES, label);
        return metric === undefined ? [] : [metric];
      }),
    });
  const columns = Object.entries(COLUMNS).map(
    ([name, title]) =>
      new Column(
        new AlarmStatusWidget({
          title,
          width: COLUMN_WIDTH,
          alarms: standing.filter(({ column }) => column === name).map(({ alarm }) => alarm),
        }),
        ...PANELS.filter(({ column }) => column === name).map(graph),
      ),
  );
  new Dashboard(scope, 'Dashboard', { dashboardName: `ib-oauth-${stage}`, widgets: [columns] });
}
