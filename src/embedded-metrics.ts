/** What happens, as numbers in CloudWatch's embedded metric format: for functions. */
import type { MetricsSink } from './metric-names.ts';

const NAMESPACE = 'ib-oauth';

/**
 * Metrics for Lambda: one line a number in CloudWatch's embedded metric format, which CloudWatch reads from the log.
 * The format is a JSON object of AWS's specification; `write` gets one line.
 */
export function createEmbeddedMetrics(write: (line: string) => void, now: () => number): MetricsSink {
  function emit(
    name: string,
    labels: Readonly<Record<string, string>>,
    value: number,
    unit: 'Count' | 'Seconds',
  ): void {
    const metrics = [
      { Namespace: NAMESPACE, Dimensions: [Object.keys(labels)], Metrics: [{ Name: name, Unit: unit }] },
    ];
    write(
      JSON.stringify({ _aws: { Timestamp: now(), CloudWatchMetrics: metrics }, ...labels, [name]: value }),
    );
  }
  return {
    count: (name, labels) => emit(name, labels, 1, 'Count'),
    observe: (name, labels, seconds) => emit(name, labels, seconds, 'Seconds'),
    set: (name, seconds) => emit(name, {}, seconds, 'Seconds'),
  };
}
