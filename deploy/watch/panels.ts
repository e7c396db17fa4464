/**
 * What both dashboards show under their first row, which is the alarms' own values: three columns that answer "is it us,
 * IntelligenceBank or the store?".
 */
import type { Column } from './alarm.ts';
import { aws, counted, gauge, percentile, type Signal } from './signals.ts';

/** The heading of each column. */
export const COLUMNS: Readonly<Record<Column, string>> = {
  us: 'Us',
  ib: 'IntelligenceBank',
  store: 'The store',
};

export interface Panel {
  readonly column: Column;
  readonly title: string;
  readonly unit: 'seconds' | 'count';
  /** By what each is called; a system shows those that it has. */
  readonly series: Readonly<Record<string, Signal>>;
}

const each = (values: readonly string[], signal: (value: string) => Signal): Record<string, Signal> =>
  Object.fromEntries(values.map((value) => [value, signal(value)]));

export const PANELS: readonly Panel[] = [
  {
    column: 'us',
    title: 'Requests by status',
    unit: 'count',
    series: each(['2xx', '3xx', '4xx', '5xx'], (status) =>
      counted('ib_oauth_requests_total', { traffic: 'api', status }),
    ),
  },
  {
    column: 'us',
    title: 'Time to answer, p99',
    unit: 'seconds',
    series: each(['api', 'sign_in', 'poll', 'proxy'], (traffic) =>
      // A poll of somebody who has not signed in yet is answered 400.
      percentile('ib_oauth_request_seconds', 99, { traffic, status: traffic === 'poll' ? '4xx' : '2xx' }),
    ),
  },
  {
    column: 'us',
    title: 'Capacity',
    unit: 'count',
    series: {
      'in flight': gauge('ib_oauth_in_flight', 'sum'),
      concurrency: aws('function', 'ConcurrentExecutions', 'Maximum'),
      'turned away by limits': counted('ib_oauth_limited_total'),
      'errors nobody expected': counted('ib_oauth_failures_total'),
    },
  },
  {
    column: 'ib',
    title: 'Login calls',
    unit: 'count',
    series: each(['answered', 'throttled', 'trouble'], (result) =>
      counted('ib_oauth_ib_calls_total', { operation: 'login_info', result }),
    ),
  },
  {
    column: 'ib',
    title: 'Login calls, p90',
    unit: 'seconds',
    series: each(['answered', 'trouble'], (result) =>
      percentile('ib_oauth_ib_call_seconds', 90, { operation: 'login_info', result }),
    ),
  },
  {
    column: 'ib',
    title: 'Sign-ins',
    unit: 'count',
    series: each(['started', 'finished', 'reused', 'renewed', 'expired', 'refused', 'cancelled'], (outcome) =>
      counted('ib_oauth_sign_ins_total', { outcome }),
    ),
  },
  {
    column: 'store',
    title: 'Calls',
    unit: 'count',
    series: each(['answered', 'throttled', 'trouble'], (result) =>
      counted('ib_oauth_store_calls_total', { result }),
    ),
  },
  {
    column: 'store',
    title: 'Calls, p99',
    unit: 'seconds',
    series: each(['answered', 'throttled', 'trouble'], (result) =>
      percentile('ib_oauth_store_call_seconds', 99, { result }),
    ),
  },
  {
    column: 'store',
    title: 'Consumed and retried',
    unit: 'count',
    series: {
      'state, writes': aws('stateTable', 'ConsumedWriteCapacityUnits'),
      'tokens, writes': aws('tokenTable', 'ConsumedWriteCapacityUnits'),
      'tokens, reads': aws('tokenTable', 'ConsumedReadCapacityUnits'),
      'more than one attempt': counted('ib_oauth_store_retries_total'),
      'live IB sessions': gauge('ib_oauth_ib_sessions'),
    },
  },
];
