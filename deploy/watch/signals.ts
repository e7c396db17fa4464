/** What can be asked of the product and of what it runs on, in the words of CloudWatch and of Prometheus. */
import { COUNTERS, type CounterName, type GaugeName, HISTOGRAMS } from '../../src/telemetry/metric-names.ts';

/** What AWS itself counts, by the part of the stack that it counts for. */
export type AwsPart =
  | 'api'
  | 'function'
  | 'stream'
  | 'rotation'
  | 'stateTable'
  | 'tokenTable'
  | 'subjectIndex'
  | 'certificate';

/** A metric of CloudWatch: the product's own, or one of a part of the stack. */
export type CloudWatchMetric = { readonly metricName: string; readonly statistic: string } & (
  | { readonly dimensions: Readonly<Record<string, string>> }
  | { readonly part: AwsPart }
);

/** One number over a window of time, as each system has it; an alarm exists where all of its signals do. */
export interface Signal {
  readonly cloudwatch?: CloudWatchMetric;
  /** The expression over a window such as `5m`: one sample without labels, or none. */
  readonly prometheus?: (window: string) => string;
}

const selector = (labels: Readonly<Record<string, string>>): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

/** A metric of ours with exactly the dimensions that it is written with: any other set is another metric, without data. */
function ownMetric(
  metricName: CounterName | keyof typeof HISTOGRAMS,
  labels: Readonly<Record<string, string>>,
  statistic: string,
): { readonly cloudwatch?: CloudWatchMetric } {
  const dimensions: readonly string[] = { ...COUNTERS, ...HISTOGRAMS }[metricName].dimensions;
  const given = Object.keys(labels);
  const written = dimensions.length === given.length && given.every((label) => dimensions.includes(label));
  return written ? { cloudwatch: { metricName, statistic, dimensions: labels } } : {};
}

/** How much one of our counters grew. */
export function counted(name: CounterName, labels: Readonly<Record<string, string>> = {}): Signal {
  return {
    ...ownMetric(name, labels, 'Sum'),
    prometheus: (window) => `sum(increase(${name}${selector(labels)}[${window}]))`,
  };
}

/** A percentile of one of our histograms, in seconds. */
export function percentile(
  name: keyof typeof HISTOGRAMS,
  percent: number,
  labels: Readonly<Record<string, string>> = {},
): Signal {
  return {
    ...ownMetric(name, labels, `p${percent}`),
    prometheus: (window) =>
      `histogram_quantile(${percent / 100}, sum by (le) (rate(${name}_bucket${selector(labels)}[${window}])))`,
  };
}

/** How many were measured. */
export function samples(
  name: keyof typeof HISTOGRAMS,
  labels: Readonly<Record<string, string>> = {},
): Signal {
  return {
    ...ownMetric(name, labels, 'SampleCount'),
    prometheus: (window) => `sum(increase(${name}_count${selector(labels)}[${window}]))`,
  };
}

/** A value of now: the largest, or the least, over all processes. */
export function gauge(name: GaugeName, over: 'max' | 'min' | 'sum' = 'max'): Signal {
  return { prometheus: () => `${over}(${name})` };
}

/** What only Prometheus knows. */
export function prometheus(expression: (window: string) => string): Signal {
  return { prometheus: expression };
}

/** What AWS counts of a part of the stack; elsewhere `instead` stands for it. */
export function aws(part: AwsPart, metricName: string, statistic = 'Sum', instead?: Signal): Signal {
  const elsewhere = instead?.prometheus;
  return {
    cloudwatch: { part, metricName, statistic },
    ...(elsewhere === undefined ? {} : { prometheus: elsewhere }),
  };
}
