/** The provider as a server: configuration, adapters, application, listen, drain. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, pino } from 'pino';
import { createIbClient } from '../adapters/ib/client.ts';
import { createGuardedAgent, createGuardedFetch } from '../adapters/ib/http-agent.ts';
import { parsePlatform } from '../adapters/ib/platform-url.ts';
import { loadSecrets } from '../adapters/secrets.ts';
import { SecretsError } from '../adapters/secrets-error.ts';
import { startEmbedded } from '../adapters/store/embedded.ts';
import { StoreError } from '../adapters/store/errors.ts';
import { createStore } from '../adapters/store/store.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { readEnvironment } from '../config/env.ts';
import { createApp } from './app.ts';
import { createEvents, type Events } from './events.ts';
import { createClientRegistry } from './provider/clients.ts';

const EMBEDDED_TABLES = { state: 'ib-oauth-state', tokens: 'ib-oauth-tokens' };

/** Ends the process with one line for each fault; no stack trace. */
function refuseToStart(faults: readonly string[]): never {
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exit(1);
}

async function openStore(config: Config, secrets: Awaited<ReturnType<typeof loadSecrets>>, events: Events) {
  const { storage, lifetimes } = config;
  const shared = {
    peppers: secrets.peppers,
    refreshLeewaySeconds: lifetimes.refreshLeewaySeconds,
    onCall: events.storeCalled,
  };
  if (storage.kind === 'dynamodb') {
    const tables = { state: storage.stateTable, tokens: storage.tokenTable };
    return createStore({ ...shared, tables });
  }
  const engine = await startEmbedded({ dataDir: storage.dataDir, tables: EMBEDDED_TABLES });
  const store = createStore({ ...shared, tables: EMBEDDED_TABLES, client: engine.client });
  // dynalite knows no TTL. The sweep must not keep the process alive.
  const sweeping = setInterval(() => {
    store.sweep().catch((error: unknown) => events.failed('sweep', error));
  }, lifetimes.sweepIntervalSeconds * 1000);
  sweeping.unref();
  return {
    ...store,
    async close() {
      clearInterval(sweeping);
      await store.close();
      await engine.close();
    },
  };
}

/** Starts the server; resolves when it accepts connections. */
async function start(): Promise<void> {
  const loaded = loadConfig(readEnvironment());
  if (!loaded.ok) refuseToStart(loaded.faults);
  const { config, clientSecrets, warnings } = loaded;
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  for (const warning of warnings) log.warn({ event: 'config_warning' }, warning);

  const events = createEvents(log);
  const secrets = await loadSecrets(config.secrets, {
    warn: (text) => log.warn({ event: 'secrets_warning' }, text),
  });
  const store = await openStore(config, secrets, events);
  const server = createServer({ requestTimeout: 0, headersTimeout: 15_000, keepAliveTimeout: 65_000 });
  server.listen(config.port, config.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = config.issuer ?? `http://localhost:${port}`;

  const agent = createGuardedAgent({ rules: config.ibHosts });
  const app = createApp({
    config,
    issuer,
    registry: createClientRegistry(config.clients, clientSecrets),
    secrets,
    store,
    ib: createIbClient({
      rules: config.ibHosts,
      timeoutMs: config.lifetimes.ibTimeoutMs,
      onCall: events.ibCalled,
    }),
    platforms: { parse: (text) => parsePlatform(text, config.ibHosts) },
    fetch: createGuardedFetch({ agent }),
    events,
    log,
    now: Date.now,
  });
  server.on('request', app.callback());
  process.stdout.write(`ib-oauth listens on ${issuer} (${config.host}:${port})\n`);
  drainOnSignal({ server, log, drainMs: config.lifetimes.drainMs, close: () => store.close() });
}

interface Drain {
  readonly server: Server;
  readonly log: Logger;
  readonly drainMs: number;
  readonly close: () => Promise<void>;
}

/** SIGTERM and SIGINT: no new connections, what is in flight is finished, then the end with code 0. */
function drainOnSignal({ server, log, drainMs, close }: Drain): void {
  const drain = async (signal: string): Promise<void> => {
    log.info({ event: 'draining', signal }, 'draining');
    const forced = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close();
    server.closeIdleConnections();
    await once(server, 'close');
    clearTimeout(forced);
    await close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void drain(signal));
}

start().catch((error: unknown) => {
  if (error instanceof SecretsError) refuseToStart(error.faults);
  if (error instanceof StoreError)
    refuseToStart([`DATA_DIR: the embedded store does not open (${error.engineError})`]);
  const { code } = error as { code?: string };
  if (code === 'EADDRINUSE' || code === 'EACCES') refuseToStart([`PORT: cannot listen there (${code})`]);
  throw error;
});
