/** What wakes somebody, and a dashboard that answers "is it us, IB or the store?". Each alarm has its article in docs/runbook.md. */
import {
  Alarm,
  AnomalyDetectionAlarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  type Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { definitions, own, period, signIns, type Watched } from './alarm-definitions.ts';
import type { IbOauthStackProps } from './props.ts';

/** Adds the alarms, their topic and the dashboard. */
export function addAlarms(scope: Construct, { stage }: IbOauthStackProps, watched: Watched): Topic {
  const topic = new Topic(scope, 'Alarms', { topicName: `ib-oauth-alarms-${stage}`, enforceSSL: true });
  const action = new SnsAction(topic);
  for (const [name, { metric, threshold, periods, what, below }] of Object.entries(definitions(watched))) {
    new Alarm(scope, `Alarm-${name}`, {
      alarmName: `ib-oauth-${stage}-${name}`,
      alarmDescription: `${what} See docs/runbook.md#${name}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator:
        below === true
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(action);
  }
  new AnomalyDetectionAlarm(scope, 'Alarm-error-spike', {
    alarmName: `ib-oauth-${stage}-error-spike`,
    alarmDescription: 'Errors are above their usual band. See docs/runbook.md#error-spike',
    metric: watched.api.metricServerError({ period }),
    stdDevs: 4,
    evaluationPeriods: 2,
    comparisonOperator: ComparisonOperator.GREATER_THAN_UPPER_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  }).addAlarmAction(action);
  addDashboard(scope, stage, watched);
  return topic;
}

function addDashboard(scope: Construct, stage: string, { live, api, storage }: Watched): void {
  const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8 });
  const ib = (outcome: string): Metric =>
    own('ib_oauth_ib_calls_total', { operation: 'login_info', outcome });
  new Dashboard(scope, 'Dashboard', {
    dashboardName: `ib-oauth-${stage}`,
    widgets: [
      [
        graph('Us: errors', [api.metricServerError({ period }), live.metricErrors({ period })]),
        graph(
          'IB: answers',
          ['pending', 'signed_in', 'expired', 'timeout', 'server_error', 'network'].map(ib),
        ),
        graph('Store: units', [
          storage.state.metricConsumedWriteCapacityUnits({ period }),
          storage.tokens.metricConsumedReadCapacityUnits({ period }),
        ]),
      ],
      [
        graph('Us: time to answer', [
          live.metricDuration({ period, statistic: 'p50' }),
          live.metricDuration({ period, statistic: 'p99' }),
        ]),
        graph('IB: time to answer', [own('ib_oauth_ib_call_seconds', { operation: 'login_info' }, 'p90')]),
        graph(
          'Sign-ins',
          ['started', 'finished', 'reused', 'renewed', 'expired', 'refused', 'cancelled'].map(signIns),
        ),
      ],
    ],
  });
}
