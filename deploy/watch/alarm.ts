/** What an alarm is, whoever evaluates it. */
import type { Signal } from './signals.ts';

/** `page` wakes somebody; `inform` is read in the morning. */
export type Severity = 'page' | 'inform';
/** Whose trouble it is: the columns of the dashboards. */
export type Column = 'us' | 'ib' | 'store';

/**
 * An alarm. `value` and `enough` are sums over the names of `signals`, in the arithmetic that CloudWatch and Prometheus
 * share: numbers, names, `+ - * /` and parentheses. A signal without data counts as 0, everywhere, but where `unknown` is said.
 */
export interface Alarm {
  readonly column: Column;
  readonly severity: Severity;
  /** One sentence; the article in docs/runbook.md has the rest, under the alarm's name. */
  readonly what: string;
  readonly unit: 'percent' | 'seconds' | 'count' | 'days';
  readonly signals: Readonly<Record<string, Signal>>;
  readonly value: string;
  /** What must have happened so often before the value means anything. */
  readonly enough?: { readonly of: string; readonly atLeast: number };
  /** It fires at this value or above it; `below` it where `below` is said. */
  readonly threshold: number;
  readonly below?: true;
  /** How long one value is taken over. */
  readonly minutes: number;
  /** Where it watches a part of one system alone. */
  readonly only?: keyof Signal;
  /** Where no data means that nobody knows, rather than 0. */
  readonly unknown?: true;
  /** So many of the last so many values must be past the threshold. */
  readonly datapoints: readonly [bad: number, of: number];
}

/** Alarms by name: the anchor of the article, and the name in CloudWatch and Prometheus. */
export type Alarms = Readonly<Record<string, Alarm>>;

const NAME = /[a-z]\w*/g;

/** An expression of an alarm in a system's own words, each name replaced. */
export function inWordsOf(expression: string, word: (name: string) => string): string {
  return expression.replaceAll(NAME, word);
}

/** The signals that an alarm's expressions name. */
export function signalsNamed(alarm: Alarm): string[] {
  const text = `${alarm.value} ${alarm.enough?.of ?? ''}`;
  return [...new Set(text.match(NAME) ?? [])];
}

/** Whether a system has all that an alarm is made of. */
export function existsOn(system: keyof Signal, alarm: Alarm): boolean {
  const { only = system, signals } = alarm;
  return only === system && Object.values(signals).every((signal) => signal[system] !== undefined);
}
