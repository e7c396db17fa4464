/** What happens, as numbers that Prometheus reads: for servers. */
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

import { COUNTERS, GAUGES, HISTOGRAMS, type MetricsSink } from './metric-names.ts';

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
    Object.entries(GAUGES).map(([name, help]) => {
      const gauge = new Gauge({ name, help, registers: [registry] });
      // Not told is not zero.
      gauge.remove();
      return [name, gauge];
    }),
  );
  return {
    set: (name, value) => gauges.get(name)?.set(value),
    count: (name, labels, amount = 1) => counters.get(name)?.inc(labels, amount),
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
