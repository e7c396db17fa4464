/** What happens, as numbers: few labels, no user data. Prometheus for servers; CloudWatch's embedded format for Lambda. */
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Where events become numbers. Labels are names of things, never of people. */
export interface MetricsSink {
  count(name: CounterName, labels: Readonly<Record<string, string>>): void;
  observe(name: HistogramName, labels: Readonly<Record<string, string>>, seconds: number): void;
  set(name: GaugeName, seconds: number): void;
}

/** Counters and their labels. */
const COUNTERS = {
  ib_oauth_requests_total: ['Requests by route and status class.', 'route', 'status'],
  ib_oauth_sign_ins_total: ['Sign-ins by what became of them.', 'outcome'],
  ib_oauth_polls_total: ['Polls by outcome.', 'outcome'],
  ib_oauth_ib_calls_total: ['Calls to IntelligenceBank by operation and outcome.', 'operation', 'outcome'],
  ib_oauth_tokens_total: ['Token requests by grant type and outcome.', 'grant_type', 'outcome'],
  ib_oauth_store_calls_total: ['Calls to the store by operation and outcome.', 'operation', 'outcome'],
  ib_oauth_store_retries_total: ['Attempts of store calls beyond the first.', 'operation'],
  ib_oauth_proxy_calls_total: ['Proxied calls by outcome.', 'outcome'],
  ib_oauth_limited_total: ['Requests turned away by a limit.', 'limit'],
  ib_oauth_failures_total: ['Errors nobody expected.', 'error'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** Durations in seconds. */
const HISTOGRAMS = {
  ib_oauth_request_seconds: ['Time to answer.', 'route'],
  ib_oauth_sign_in_seconds: ['From the choice of platform to the end of the sign-in.'],
  ib_oauth_ib_call_seconds: ['Calls to IntelligenceBank.', 'operation'],
  ib_oauth_store_call_seconds: ['Calls to the store.', 'operation'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** Values of now. */
const GAUGES = {
  ib_oauth_signing_key_age_seconds: 'Age of the oldest key that signs, when the process began.',
} as const satisfies Record<string, string>;

export type GaugeName = keyof typeof GAUGES;
export type CounterName = keyof typeof COUNTERS;
export type HistogramName = keyof typeof HISTOGRAMS;

export interface Metrics extends MetricsSink {
  /** Serves `/metrics`; for a port of its own that is not public. */
  createServer(): Server;
  /** The numbers as Prometheus reads them. */
  text(): Promise<string>;
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Metrics of this process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map(
    Object.entries(COUNTERS).map(([name, [help, ...labelNames]]) => [
      name,
      new Counter({ name, help, labelNames, registers: [registry] }),
    ]),
  );
  const histograms = new Map(
    Object.entries(HISTOGRAMS).map(([name, [help, ...labelNames]]) => [
      name,
      new Histogram({ name, help, labelNames, buckets: BUCKETS, registers: [registry] }),
    ]),
  );
  const gauges = new Map(
    Object.entries(GAUGES).map(([name, help]) => [name, new Gauge({ name, help, registers: [registry] })]),
  );
  return {
    set: (name, seconds) => gauges.get(name)?.set(seconds),
    count: (name, labels) => counters.get(name)?.inc(labels),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    text: () => registry.metrics(),
    createServer: () =>
      createServer((request, response) => {
        if (request.url !== '/metrics') {
          response.writeHead(404).end();
          return;
        }
        registry.metrics().then(
          (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
          () => response.writeHead(500).end(),
        );
      }),
  };
}

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
