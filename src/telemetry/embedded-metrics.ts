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

type Told = Parameters<Metrics['addMetric']>;

/** Numbers of one line: those with the same dimensions. */
interface Line {
  readonly dimensions: readonly (readonly [label: string, value: string])[];
  readonly numbers: Told[];
}

/**
 * Metrics for Lambda: lines on standard output. Numbers of a request are written together when it ends, before its answer is
 * given, so that a frozen function owes none; others at once. CloudWatch is paid by the byte.
 */
export function createEmbeddedMetrics(): MetricsSink {
  const metrics = new Metrics({ namespace: NAME, serviceName: NAME });
  const lines = new Map<string, Line>();
  let running = 0;

  function write(): void {
    for (const { dimensions, numbers } of lines.values()) {
      for (const [label, value] of dimensions) metrics.addDimension(label, value);
      for (const number of numbers) metrics.addMetric(...number);
      metrics.publishStoredMetrics();
    }
    lines.clear();
  }

  function tell({ dimensions }: Pick<Definition, 'dimensions'>, labels: Labels, ...number: Told): void {
    const named = dimensions.map((label) => [label, labels[label] ?? ''] as const);
    const key = JSON.stringify(named);
    const line = lines.get(key) ?? { dimensions: named, numbers: [] };
    line.numbers.push(number);
    lines.set(key, line);
    if (running === 0) write();
  }

  return {
    begin() {
      running += 1;
    },
    end() {
      running -= 1;
      write();
    },
    count: (name, labels, amount = 1) => tell(COUNTERS[name], labels, name, MetricUnit.Count, amount),
    observe: (name, labels, seconds) => tell(HISTOGRAMS[name], labels, name, MetricUnit.Seconds, seconds),
    set(name, value) {
      if (!GAUGES[name].cloudwatch) return;
      const unit = name.endsWith('_seconds') ? MetricUnit.Seconds : MetricUnit.Count;
      tell({ dimensions: [] }, {}, name, unit, value);
    },
    // Nobody reads: what happens is written when it happens.
    ask: () => undefined,
  };
}
