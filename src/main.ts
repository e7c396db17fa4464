/** The provider as a program: configuration, then the server, then its end. */
import type { Logger } from 'pino';
import { SecretsError } from '../adapters/secrets/error.ts';
import { StoreError } from '../adapters/store/errors.ts';
import { loadConfig } from '../config/config.ts';
import { readEnvironment } from '../config/env.ts';
import type { StorageConfig } from '../config/types.ts';
import { type RunningServer, startServer } from './server/listen.ts';
import { createLog } from './telemetry/log.ts';

/** Ends the process with one line for each fault; no stack trace. */
function refuseToStart(faults: readonly string[]): never {
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exit(1);
}

/** Starts the server and says so on one line. */
async function start(): Promise<void> {
  const loaded = loadConfig(readEnvironment());
  if (!loaded.ok) refuseToStart(loaded.faults);
  const { config, clientSecrets, secretsText, warnings } = loaded;
  const { log, flush } = createLog(config.logLevel);
  // However the process ends, by a crash too.
  process.on('exit', flush);
  for (const warning of warnings) log.warn({ event: 'config_warning' }, warning);
  await checkTables(config.storage, log);
  const server = await startServer({
    config,
    clientSecrets,
    secretsText,
    log,
    reload: () => loadConfig(readEnvironment()),
  });
  // Whoever reads this line may send a signal at once.
  endOnSignal(server);
  process.stdout.write(`ib-oauth listens on ${server.issuer} (${server.address})\n`);
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

/** SIGTERM and SIGINT, however often: no new connections, what is in flight is finished, then the end with code 0. */
function endOnSignal(server: RunningServer): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    void server.close().then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
}

start().catch((error: unknown) => {
  if (error instanceof SecretsError) refuseToStart(error.faults);
  if (error instanceof StoreError)
    refuseToStart([error.fault ?? `the store does not answer: ${error.code} (${error.engineError})`]);
  const { code } = error as { code?: string };
  if (code === 'EADDRINUSE' || code === 'EACCES') refuseToStart([`PORT: cannot listen there (${code})`]);
  throw error;
});
