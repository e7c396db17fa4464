/** The provider as a program: configuration, then the server, then its end. */
import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { SecretsError } from '../adapters/secrets/error.ts';
import { StoreError } from '../adapters/store/errors.ts';
import { loadConfig } from '../config/config.ts';
import { readEnvironment } from '../config/env.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config, StorageConfig } from '../config/types.ts';
import { ListenError, listen, startServer } from './server/listen.ts';
import { loadApart } from './server/load-apart.ts';
import { endOnSignal } from './server/signals.ts';
import { startWorkers, WORKER_NUMBER, WorkerStartError } from './server/workers.ts';
import { AuditError } from './telemetry/audit-file.ts';
import { createLog } from './telemetry/log.ts';
import { createSharedMetricsServer } from './telemetry/metrics.ts';
import { hideExperimentalWarnings } from './telemetry/warnings.ts';

type GoodConfig = Extract<LoadedConfig, { ok: true }>;

/** Ends the process with one line for each fault; no stack trace. */
function refuseToStart(faults: readonly string[]): never {
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exit(1);
}

/** Starts the server, or the processes that share its port, and says so on one line. */
async function start(): Promise<void> {
  const endBy = endOnSignal();
  const environment = readEnvironment();
  const loaded = loadConfig(environment);
  if (!loaded.ok) refuseToStart(loaded.faults);
  const { config, warnings } = loaded;
  const number = environment[WORKER_NUMBER];
  const { log, flush } = createLog(config.logLevel, number === undefined ? {} : { worker: Number(number) });
  // However the process ends, by a crash too.
  process.on('exit', flush);
  const deps = { log, endBy };
  if (cluster.isWorker) return startWorker(loaded, deps);
  for (const warning of warnings) log.warn({ event: 'config_warning' }, warning);
  await checkTables(config.storage, log);
  const started = await (config.workers > 1 ? startAll(config, deps) : startAlone(loaded, deps));
  if (started !== undefined)
    process.stdout.write(`ib-oauth listens on ${started.issuer} (${started.address})\n`);
}

interface StartDeps {
  readonly log: Logger;
  /** Takes what a signal is to end, from the moment that there is something. */
  readonly endBy: ReturnType<typeof endOnSignal>;
}

/** Where a server is found. */
interface Started {
  readonly issuer: string;
  readonly address: string;
}

/** One process that does everything. */
async function startAlone(
  { config, clientSecrets, secretsText }: GoodConfig,
  { log, endBy }: StartDeps,
): Promise<Started> {
  const server = await startServer({ config, clientSecrets, secretsText, log, reload: loadApart });
  endBy(server.close);
  return server;
}

/** One of several processes: it serves, and the numbers of all are served by the one that started it. */
async function startWorker(loaded: GoodConfig, deps: StartDeps): Promise<void> {
  await startAlone({ ...loaded, config: { ...loaded.config, metricsPort: undefined } }, deps);
}

/** The process that starts the others; undefined where a signal came before all of them served. */
async function startAll(config: Config, { log, endBy }: StartDeps): Promise<Started | undefined> {
  const { host, metricsPort, metricsHost, lifetimes } = config;
  const metrics = metricsPort === undefined ? undefined : createSharedMetricsServer();
  if (metrics !== undefined) await listen(metrics, 'METRICS_PORT', metricsPort ?? 0, metricsHost);
  const endWithinMs = lifetimes.drainMs + 500;
  const workers = startWorkers({ count: config.workers, host, port: config.port, endWithinMs, log });
  // The first of them serves while the others start.
  endBy(workers.close);
  process.on('SIGHUP', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGHUP');
  });
  const port = await workers.started;
  if (port === undefined) return undefined;
  return {
    issuer: config.issuer ?? `http://localhost:${port}`,
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
  };
}

/** Refuses to start on tables that are missing or of another shape; where they do not answer, starts and is not ready. */
async function checkTables(storage: StorageConfig, log: Logger): Promise<void> {
  if (storage.kind !== 'dynamodb') return;
  // Loaded only where it is used: the SDK is most of what a server on SQLite would carry for nothing.
  const { reviewStart } = await import('../adapters/store/engines/dynamodb-start.ts');
  const review = await reviewStart({ state: storage.stateTable, tokens: storage.tokenTable });
  if ('unknown' in review) {
    log.warn({ event: 'store_not_checked', error: review.unknown }, 'the tables could not be looked at');
  } else if (review.faults.length > 0) refuseToStart(review.faults);
}

hideExperimentalWarnings();
start().catch((error: unknown) => {
  if (error instanceof SecretsError) refuseToStart(error.faults);
  if (error instanceof StoreError)
    refuseToStart([error.fault ?? `the store does not answer: ${error.code} (${error.engineError})`]);
  // It has said why.
  if (error instanceof WorkerStartError) process.exit(1);
  if (error instanceof AuditError)
    refuseToStart([
      `AUDIT_FILE: cannot be written (${error.code}); with AUDIT_UNWRITABLE=continue the server starts all the same`,
    ]);
  if (error instanceof ListenError) refuseToStart([`${error.variable}: cannot listen there (${error.code})`]);
  throw error;
});
