/** Alarms of what we stand on: IntelligenceBank and the store. */
import type { Alarms } from './alarm.ts';
import { aws, counted, gauge, percentile, prometheus, samples } from './signals.ts';

const ibCalls = (operation: string, result: string) =>
  counted('ib_oauth_ib_calls_total', { operation, result });
const storeCalls = (result: string) => counted('ib_oauth_store_calls_total', { result });

/** What IntelligenceBank does not do. */
const IB: Alarms = {
  'ib-failing': {
    column: 'ib',
    severity: 'page',
    what: 'IntelligenceBank does not answer a quarter of the login calls as it should.',
    unit: 'percent',
    signals: {
      lost: ibCalls('login_info', 'trouble'),
      limited: ibCalls('login_info', 'throttled'),
      good: ibCalls('login_info', 'answered'),
      unbegun: ibCalls('login_token', 'trouble'),
      put_off: ibCalls('login_token', 'throttled'),
      begun: ibCalls('login_token', 'answered'),
    },
    value: '100 * (lost + limited + unbegun + put_off) / (lost + limited + good + unbegun + put_off + begun)',
    enough: { of: 'lost + limited + unbegun + put_off', atLeast: 20 },
    threshold: 25,
    minutes: 5,
    datapoints: [2, 3],
  },
  'ib-slow': {
    column: 'ib',
    severity: 'inform',
    what: 'IntelligenceBank answers slowly: one login call in ten takes 5 s.',
    unit: 'seconds',
    signals: {
      slow: percentile('ib_oauth_ib_call_seconds', 90, { operation: 'login_info', result: 'answered' }),
      answered: samples('ib_oauth_ib_call_seconds', { operation: 'login_info', result: 'answered' }),
    },
    value: 'slow',
    enough: { of: 'answered', atLeast: 20 },
    threshold: 5,
    minutes: 5,
    datapoints: [3, 3],
  },
  'ib-platform-down': {
    column: 'ib',
    severity: 'inform',
    what: 'A platform of IntelligenceBank has not answered for ten minutes.',
    unit: 'count',
    signals: { open: gauge('ib_oauth_ib_breakers_open') },
    value: 'open',
    threshold: 1,
    minutes: 5,
    datapoints: [3, 3],
  },
  'sign-ins-unfinished': {
    column: 'ib',
    severity: 'page',
    what: 'Fewer than 40 % of started sign-ins are finished.',
    unit: 'percent',
    signals: {
      started: counted('ib_oauth_sign_ins_total', { outcome: 'started' }),
      finished: counted('ib_oauth_sign_ins_total', { outcome: 'finished' }),
    },
    value: '100 * finished / started',
    enough: { of: 'started', atLeast: 20 },
    threshold: 40,
    below: true,
    minutes: 30,
    datapoints: [2, 2],
  },
};

/** What the store does not do. */
const STORE: Alarms = {
  'store-failing': {
    column: 'store',
    severity: 'page',
    what: 'The store does not answer more than 2 % of its calls.',
    unit: 'percent',
    signals: {
      failed: storeCalls('trouble'),
      busy: storeCalls('throttled'),
      good: storeCalls('answered'),
    },
    value: '100 * (failed + busy) / (failed + busy + good)',
    enough: { of: 'failed + busy', atLeast: 10 },
    threshold: 2,
    minutes: 5,
    datapoints: [2, 3],
  },
  'items-unopened': {
    column: 'store',
    severity: 'inform',
    what: 'Items of the store do not open with the keys at hand.',
    unit: 'count',
    signals: { unopened: counted('ib_oauth_unopened_total') },
    value: 'unopened',
    threshold: 10,
    minutes: 5,
    datapoints: [2, 3],
  },
  'store-not-ready': {
    column: 'store',
    severity: 'page',
    what: 'A process cannot reach its store.',
    unit: 'count',
    // None that says "ready" is server-down's to tell.
    signals: { unready: prometheus(() => '1 - min(ib_oauth_ready)') },
    value: 'unready',
    threshold: 1,
    minutes: 1,
    datapoints: [3, 3],
  },
  'store-throttled-state': {
    column: 'store',
    severity: 'inform',
    what: 'The state table throttles.',
    unit: 'count',
    signals: {
      reads: aws('stateTable', 'ReadThrottleEvents'),
      writes: aws('stateTable', 'WriteThrottleEvents'),
    },
    value: 'reads + writes',
    threshold: 1,
    minutes: 5,
    datapoints: [2, 3],
  },
  'store-throttled-tokens': {
    column: 'store',
    severity: 'inform',
    what: 'The token table throttles, or its index.',
    unit: 'count',
    signals: {
      reads: aws('tokenTable', 'ReadThrottleEvents'),
      writes: aws('tokenTable', 'WriteThrottleEvents'),
      index_reads: aws('subjectIndex', 'ReadThrottleEvents'),
      index_writes: aws('subjectIndex', 'WriteThrottleEvents'),
    },
    value: 'reads + writes + index_reads + index_writes',
    threshold: 1,
    minutes: 5,
    datapoints: [2, 3],
  },
};

export const DEPENDENCIES: Alarms = { ...IB, ...STORE };
