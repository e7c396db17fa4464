/** What happens, as numbers that Prometheus reads: for servers. */
import cluster from 'node:cluster';
import { createServer, type Server } from 'node:http';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import own from '../../package.json' with { type: 'json' };
import {
  BUILD_INFO,
  COUNTERS,
  type Definition,
  GAUGES,
  type GaugeName,
  HISTOGRAMS,
  type MetricsSink,
} from './metric-names.ts';

export interface Metrics extends MetricsSink {
  /** Serves `/metrics`; for a port of its own that is not public. */
  createServer(): Server;
  /** The numbers as Prometheus reads them. */
  text(): Promise<string>;
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Metrics of this process; a worker's are asked for by the process that has started it. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  if (cluster.isWorker) {
    AggregatorRegistry.setRegistries(registry);
    // Its beginning is what makes it answer.
    new AggregatorRegistry();
  }
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const definitions = (all: Record<string, Definition>) => Object.entries(all);
  const counters = new Map(
    definitions(COUNTERS).map(([name, { help, labels }]) => [
      name,
      new Counter({ name, help, labelNames: [...labels], registers }),
    ]),
  );
  const histograms = new Map(
    definitions(HISTOGRAMS).map(([name, { help, labels }]) => [
      name,
      new Histogram({ name, help, labelNames: [...labels], buckets: BUCKETS, registers }),
    ]),
  );
  const asked = new Map<GaugeName, () => number | Promise<number>>();
  const gauges = new Map(
    Object.entries(GAUGES).map(([name, { help, over }]) => {
      const gauge = new Gauge({
        name,
        help,
        aggregator: over,
        registers,
        async collect() {
          const read = asked.get(name as GaugeName);
          if (read !== undefined) this.set(await read());
        },
      });
      // Not told is not zero.
      gauge.remove();
      return [name, gauge];
    }),
  );
  const build = { name: BUILD_INFO, help: 'What runs.', labelNames: ['version', 'node'], registers };
  new Gauge({ ...build, aggregator: 'first' }).set({ version: own.version, node: process.version }, 1);
  return {
    begin: () => undefined,
    end: () => undefined,
    set: (name, value) => gauges.get(name)?.set(value),
    count: (name, labels, amount = 1) => counters.get(name)?.inc(labels, amount),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    ask: (name, read) => void asked.set(name, read),
    text: () => registry.metrics(),
    createServer: () => createMetricsServer(() => registry.metrics()),
  };
}

/** Serves `/metrics` with the numbers of all workers together, for the process that has started them. */
export function createSharedMetricsServer(): Server {
  const registry = new AggregatorRegistry();
  return createMetricsServer(() => registry.clusterMetrics());
}

function createMetricsServer(read: () => Promise<string>): Server {
  return createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    read().then(
      (text) => response.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}
