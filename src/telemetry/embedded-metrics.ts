/** What happens, as numbers in CloudWatch's embedded metric format, which CloudWatch reads from the log: for functions. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import {
  COUNTERS,
  type Definition,
  GAUGES,
  HISTOGRAMS,
  type Labels,
  type MetricsSink,
} from './metric-names.ts';

/** Namespace, and the `service` dimension that Powertools gives every number; the alarms in `deploy/` ask for both. */
const NAME = 'ib-oauth';

/** Metrics for Lambda: a line on standard output for each number, written at once, so that a frozen function owes none. */
export function createEmbeddedMetrics(): MetricsSink {
  const metrics = new Metrics({ namespace: NAME, serviceName: NAME, singleMetric: true });

  function emit(
    { dimensions }: Pick<Definition, 'dimensions'>,
    labels: Labels,
    ...[name, unit, value]: Parameters<Metrics['addMetric']>
  ): void {
    for (const label of dimensions) metrics.addDimension(label, labels[label] ?? '');
    metrics.addMetric(name, unit, value);
  }
  return {
    count: (name, labels, amount = 1) => emit(COUNTERS[name], labels, name, MetricUnit.Count, amount),
    observe: (name, labels, seconds) => emit(HISTOGRAMS[name], labels, name, MetricUnit.Seconds, seconds),
    set(name, value) {
      if (!GAUGES[name].cloudwatch) return;
      const unit = name.endsWith('_seconds') ? MetricUnit.Seconds : MetricUnit.Count;
      emit({ dimensions: [] }, {}, name, unit, value);
    },
    // Nobody reads: what happens is written when it happens.
    ask: () => undefined,
  };
}
