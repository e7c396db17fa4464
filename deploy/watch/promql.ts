/** Alarms and signals in Prometheus's words. */
import { type Alarm, inWordsOf } from './alarm.ts';
import type { Signal } from './signals.ts';

/** Prometheus's way to write a time. */
export const duration = (minutes: number): string =>
  minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;

/** A signal over a window. */
export function signalExpression(signal: Signal, window: string): string {
  if (signal.prometheus === undefined) throw new TypeError('Prometheus does not have this signal');
  return signal.prometheus(window);
}

/** One of an alarm's sums; what has no data is 0, unless that means that nobody knows. */
function sumOf(alarm: Alarm, expression: string): string {
  const window = duration(alarm.minutes);
  return inWordsOf(expression, (name) => {
    const signal = alarm.signals[name];
    if (signal === undefined) throw new TypeError(`no signal is called ${name}`);
    const found = signalExpression(signal, window);
    return alarm.unknown === true ? `(${found})` : `(${found} or vector(0))`;
  });
}

/** What an alarm looks at. A share of nothing, and a percentile of nothing, are no value rather than NaN. */
export function valueExpression(alarm: Alarm): string {
  const value = sumOf(alarm, alarm.value);
  return alarm.unit === 'count' ? value : `(${value}) >= 0`;
}

/** When an alarm fires, given the name under which its value is recorded. */
export function firingExpression(alarm: Alarm, recorded: string): string {
  const past = `${recorded} ${alarm.below === true ? '<' : '>='} ${alarm.threshold}`;
  if (alarm.enough === undefined) return past;
  return `${past} and on () (${sumOf(alarm, alarm.enough.of)}) >= ${alarm.enough.atLeast}`;
}
