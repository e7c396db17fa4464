/** What is counted, measured and told: names, labels and their bounds. No user's data, and no label that a stranger can fill. */

/** Where events become numbers. Labels are names of things, never of people. */
export interface MetricsSink {
  /** A request begins, and ends: what is told between may be written together. */
  begin(): void;
  end(): void;
  /** Adds one, or an amount. */
  count(name: CounterName, labels: Labels, amount?: number): void;
  observe(name: HistogramName, labels: Labels, seconds: number): void;
  set(name: GaugeName, value: number): void;
  /** Lets a gauge be asked each time somebody reads the numbers, where somebody does. */
  ask(name: GaugeName, read: () => number | Promise<number>): void;
}

/** Values by label: all that the definition lists, nothing else. */
export type Labels = Readonly<Record<string, string>>;

/** What is told of every number. */
export interface Definition {
  readonly help: string;
  readonly labels: readonly string[];
  /**
   * The labels that CloudWatch gets as dimensions: each combination of their values is a metric that is billed there. What
   * is left out stands in the log's own lines.
   */
  readonly dimensions: readonly string[];
}

/** Requests by what they wait for; each kind has thresholds of its own. */
const TRAFFIC = ['api', 'sign_in', 'poll', 'proxy', 'health', 'stray'] as const;
export type Traffic = (typeof TRAFFIC)[number];

/** The kind of a route, by the route's name. */
export function trafficOf(route: string): Traffic {
  if (route === '/authorize/poll') return 'poll';
  if (route.startsWith('/proxy')) return 'proxy';
  // What no address is: scanners, and an app with a wrong URL.
  if (route === 'other') return 'stray';
  if (route === '/healthz' || route === '/readyz') return 'health';
  return route.startsWith('/interaction/') ? 'sign_in' : 'api';
}

/** How a call to IntelligenceBank or the store went, whatever the outcome says in detail. */
export const RESULTS = ['answered', 'throttled', 'trouble'] as const;
export type Result = (typeof RESULTS)[number];

/** Counters. */
export const COUNTERS = {
  ib_oauth_requests_total: {
    help: 'Requests by route, kind of traffic, status class and code.',
    labels: ['route', 'traffic', 'status', 'code'],
    dimensions: ['traffic', 'status'],
  },
  ib_oauth_sign_ins_total: {
    help: 'Sign-ins by what became of them.',
    labels: ['outcome'],
    dimensions: ['outcome'],
  },
  ib_oauth_many_accounts_total: {
    help: 'Sign-ins finished by an address that has lately finished those of many accounts.',
    labels: [],
    dimensions: [],
  },
  ib_oauth_backchannel_logouts_total: {
    help: 'Attempts to tell apps of a sign-out, by what became of them.',
    labels: ['outcome'],
    dimensions: ['outcome'],
  },
  ib_oauth_polls_total: { help: 'Polls by outcome.', labels: ['outcome'], dimensions: ['outcome'] },
  ib_oauth_ib_calls_total: {
    help: 'Calls to IntelligenceBank by operation, host, result and outcome.',
    labels: ['operation', 'host', 'result', 'outcome'],
    dimensions: ['operation', 'result'],
  },
  ib_oauth_tokens_total: {
    help: 'Token requests by grant type, app and outcome.',
    labels: ['grant_type', 'app', 'outcome'],
    dimensions: ['outcome'],
  },
  ib_oauth_store_calls_total: {
    help: 'Calls to the store by operation, result and outcome.',
    labels: ['operation', 'result', 'outcome'],
    dimensions: ['result'],
  },
  ib_oauth_store_retries_total: {
    help: 'Calls to the store that took more than one attempt.',
    labels: ['operation'],
    dimensions: [],
  },
  ib_oauth_proxy_calls_total: {
    help: 'Proxied calls by app and outcome.',
    labels: ['app', 'outcome'],
    dimensions: ['outcome'],
  },
  ib_oauth_proxy_bytes_total: {
    help: 'Bytes from and to apps through the proxy.',
    labels: ['direction'],
    dimensions: ['direction'],
  },
  ib_oauth_limited_total: {
    help: 'Requests turned away by a limit.',
    labels: ['limit'],
    dimensions: [],
  },
  ib_oauth_unopened_total: {
    help: 'Stored items that did not open and count as absent, by model and reason.',
    labels: ['model', 'reason'],
    dimensions: [],
  },
  ib_oauth_failures_total: { help: 'Errors nobody expected.', labels: ['error'], dimensions: [] },
  ib_oauth_clients_reloads_total: {
    help: "Times that the clients' file was read again, by whether it was taken.",
    labels: ['outcome'],
    dimensions: [],
  },
} as const satisfies Record<string, Definition>;

/** Durations in seconds. */
export const HISTOGRAMS = {
  ib_oauth_request_seconds: {
    help: 'Time to answer, by status class.',
    labels: ['route', 'traffic', 'status'],
    dimensions: ['traffic', 'status'],
  },
  ib_oauth_sign_in_seconds: {
    help: 'From the choice of platform to the end of the sign-in.',
    labels: [],
    dimensions: [],
  },
  ib_oauth_ib_call_seconds: {
    help: 'Calls to IntelligenceBank.',
    labels: ['operation', 'result'],
    dimensions: ['operation', 'result'],
  },
  ib_oauth_store_call_seconds: {
    help: 'Calls to the store.',
    labels: ['operation', 'result'],
    dimensions: ['result'],
  },
} as const satisfies Record<string, Definition>;

/**
 * Values of now; `over` says what several processes of one server show together. Those of a process that stays mean
 * nothing in a function, and CloudWatch does not get them.
 */
export const GAUGES = {
  ib_oauth_signing_key_age_seconds: {
    help: 'Age of the oldest key that signs, when it was read.',
    over: 'max',
    cloudwatch: true,
  },
  ib_oauth_keys_foreign: {
    help: '1 while the store was written under other keys than those in use.',
    over: 'max',
    cloudwatch: false,
  },
  ib_oauth_secrets_refused: {
    help: "1 while the server's keys as they stand were refused, and older ones are in force.",
    over: 'max',
    cloudwatch: false,
  },
  ib_oauth_audit_unwritable: {
    help: '1 while the audit file cannot be written.',
    over: 'max',
    cloudwatch: false,
  },
  ib_oauth_ib_sessions: {
    help: 'Live IB sessions at the last sweep of the embedded store; elsewhere `store stats` counts them.',
    over: 'max',
    cloudwatch: false,
  },
  ib_oauth_in_flight: { help: 'Requests that are being answered.', over: 'sum', cloudwatch: false },
  ib_oauth_ready: { help: '1 where the store answers, 0 where it does not.', over: 'min', cloudwatch: false },
  ib_oauth_ib_breakers_open: {
    help: 'Platform hosts that are not called, since they did not answer lately.',
    over: 'max',
    cloudwatch: false,
  },
  ib_oauth_clients_loaded_timestamp_seconds: {
    help: "When the clients' file in force was read, in unix seconds.",
    over: 'min',
    cloudwatch: false,
  },
  ib_oauth_clients_refused: {
    help: "1 while the clients' file as it stands was refused, and an older one is in force.",
    over: 'max',
    cloudwatch: false,
  },
} as const satisfies Record<
  string,
  { readonly help: string; readonly over: 'sum' | 'min' | 'max'; readonly cloudwatch: boolean }
>;

/** 1, with what runs as its labels. */
export const BUILD_INFO = 'ib_oauth_build_info';

export type GaugeName = keyof typeof GAUGES;
export type CounterName = keyof typeof COUNTERS;
export type HistogramName = keyof typeof HISTOGRAMS;
