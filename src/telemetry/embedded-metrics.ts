/** What happens, as numbers in CloudWatch's embedded metric format, which CloudWatch reads from the log: for functions. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MetricsSink } from './metric-names.ts';

/** Namespace, and the `service` dimension that Powertools gives every number; the alarms in `deploy/` ask for both. */
const NAME = 'ib-oauth';

/** Metrics for Lambda: a line on standard output for each number, written at once, so that a frozen function owes none. */
export function createEmbeddedMetrics(): MetricsSink {
  const metrics = new Metrics({ namespace: NAME, serviceName: NAME, singleMetric: true });

  function emit(
    labels: Readonly<Record<string, string>>,
    ...[name, unit, value]: Parameters<Metrics['addMetric']>
  ): void {
    for (const [label, text] of Object.entries(labels)) metrics.addDimension(label, text);
    metrics.addMetric(name, unit, value);
  }
  return {
    count: (name, labels, amount = 1) => emit(labels, name, MetricUnit.Count, amount),
    observe: (name, labels, seconds) => emit(labels, name, MetricUnit.Seconds, seconds),
    set: (name, value) =>
      emit({}, name, name.endsWith('_seconds') ? MetricUnit.Seconds : MetricUnit.Count, value),
  };
}
