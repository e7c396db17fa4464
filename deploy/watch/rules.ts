/** Prometheus's rules: each alarm's value, recorded for the dashboard, and the alarm itself. */
import { stringify } from 'yaml';
import { type Alarm, type Alarms, existsOn } from './alarm.ts';
import { duration, firingExpression, valueExpression } from './promql.ts';

/** The name under which an alarm's value is recorded: `ib_oauth:error_rate`. */
export const recordedAs = (name: string): string => `ib_oauth:${name.replaceAll('-', '_')}`;

/** The alarms that Prometheus can evaluate. */
export function onPrometheus(alarms: Alarms): [string, Alarm][] {
  return Object.entries(alarms).filter(([, alarm]) => existsOn('prometheus', alarm));
}

/** `m of n` values past the threshold hold for the time between the first and the last of the m. */
function holding({ minutes, datapoints: [bad] }: Alarm): { readonly for?: string } {
  return bad === 1 ? {} : { for: duration(minutes * (bad - 1)) };
}

/** The rules file. */
export function rulesFile(alarms: Alarms): string {
  const groups = onPrometheus(alarms).map(([name, alarm]) => ({
    name: `ib-oauth-${name}`,
    rules: [
      { record: recordedAs(name), expr: valueExpression(alarm) },
      {
        alert: name,
        expr: firingExpression(alarm, recordedAs(name)),
        ...holding(alarm),
        labels: { severity: alarm.severity, column: alarm.column },
        annotations: { summary: alarm.what, runbook: `docs/runbook.md#${name}` },
      },
    ],
  }));
  return `# Made by "npm run monitoring" from deploy/watch/alarms.ts.\n${stringify({ groups }, { lineWidth: 0 })}`;
}
