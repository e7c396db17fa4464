/** What is counted and measured: few labels, no user data. */

/** Where events become numbers. Labels are names of things, never of people. */
export interface MetricsSink {
  /** Adds one, or an amount. */
  count(name: CounterName, labels: Readonly<Record<string, string>>, amount?: number): void;
  observe(name: HistogramName, labels: Readonly<Record<string, string>>, seconds: number): void;
  set(name: GaugeName, value: number): void;
}

/** Counters and their labels. */
export const COUNTERS = {
  ib_oauth_requests_total: ['Requests by route and status class.', 'route', 'status'],
  ib_oauth_sign_ins_total: ['Sign-ins by what became of them.', 'outcome'],
  ib_oauth_polls_total: ['Polls by outcome.', 'outcome'],
  ib_oauth_ib_calls_total: ['Calls to IntelligenceBank by operation and outcome.', 'operation', 'outcome'],
  ib_oauth_tokens_total: ['Token requests by grant type and outcome.', 'grant_type', 'outcome'],
  ib_oauth_store_calls_total: ['Calls to the store by operation and outcome.', 'operation', 'outcome'],
  ib_oauth_store_retries_total: ['Attempts of store calls beyond the first.', 'operation'],
  ib_oauth_proxy_calls_total: ['Proxied calls by outcome.', 'outcome'],
  ib_oauth_proxy_bytes_total: ['Bytes from and to apps through the proxy.', 'direction'],
  ib_oauth_limited_total: ['Requests turned away by a limit.', 'limit'],
  ib_oauth_failures_total: ['Errors nobody expected.', 'error'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** Durations in seconds. */
export const HISTOGRAMS = {
  ib_oauth_request_seconds: ['Time to answer.', 'route'],
  ib_oauth_sign_in_seconds: ['From the choice of platform to the end of the sign-in.'],
  ib_oauth_ib_call_seconds: ['Calls to IntelligenceBank.', 'operation'],
  ib_oauth_store_call_seconds: ['Calls to the store.', 'operation'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** Values of now. */
export const GAUGES = {
  ib_oauth_signing_key_age_seconds: 'Age of the oldest key that signs, when the process began.',
  ib_oauth_ib_sessions:
    'Live IB sessions at the last sweep of the embedded store; elsewhere `store stats` counts them.',
} as const satisfies Record<string, string>;

export type GaugeName = keyof typeof GAUGES;
export type CounterName = keyof typeof COUNTERS;
export type HistogramName = keyof typeof HISTOGRAMS;
