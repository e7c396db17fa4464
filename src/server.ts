/** Puts adapters and application together and listens; the one place, but for Lambda, where real adapters are built. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { createIbClient } from '../adapters/ib/client.ts';
import { createGuardedAgent, createGuardedFetch } from '../adapters/ib/http-agent.ts';
import { parsePlatform } from '../adapters/ib/platform-url.ts';
import { loadSecrets, type Secrets } from '../adapters/secrets.ts';
import type { Store } from '../adapters/store/contract.ts';
import { startEmbedded } from '../adapters/store/embedded.ts';
import { createStore, type StoreOptions } from '../adapters/store/store.ts';
import type { ClientSecrets, Config, LoadedConfig } from '../config/config.ts';
import { createApp } from './app.ts';
import { createEvents, type Events } from './events.ts';
import { createClientRegistry } from './provider/clients.ts';
import { watchClients } from './reload.ts';

const EMBEDDED_TABLES = { state: 'ib-oauth-state', tokens: 'ib-oauth-tokens' };
/** Slow headers hold no connection for longer (slowloris); bodies of uploads may take their time. */
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than the idle time-out of the load balancers in front, so that they close first. */
const KEEP_ALIVE_MS = 65_000;

export interface ServerOptions {
  readonly config: Config;
  readonly clientSecrets: ClientSecrets;
  readonly log: Logger;
  /** Unix milliseconds; the process's clock unless a test sets another. */
  readonly now?: () => number;
  /** Reads the configuration anew, for a changed clients' file; without it the file is read once. */
  readonly reload?: () => LoadedConfig;
  /** Further settings of the store, for tests. */
  readonly store?: Pick<StoreOptions, 'client' | 'onCall'>;
}

export interface RunningServer {
  /** Public base URL, without a trailing slash. */
  readonly issuer: string;
  /** `host:port` it listens on. */
  readonly address: string;
  readonly store: Store;
  /** Stops accepting, finishes what is in flight, closes the store. */
  close(): Promise<void>;
}

/** Starts the server; resolves when it accepts connections. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, log } = options;
  const now = options.now ?? Date.now;
  const events = createEvents(log);
  const secrets = await loadSecrets(config.secrets, {
    warn: (text) => log.warn({ event: 'secrets_warning' }, text),
  });
  const store = await openStore(options, secrets, events);
  const server = createServer({
    requestTimeout: 0,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.listen(config.port, config.host);
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;
  const issuer = config.issuer ?? `http://localhost:${port}`;

  const agent = createGuardedAgent({ rules: config.ibHosts });
  const registry = createClientRegistry(config.clients, options.clientSecrets);
  const { reload } = options;
  const stopWatching =
    reload === undefined
      ? () => undefined
      : watchClients({ clientsFile: config.clientsFile, load: reload, registry, events });
  const idle = config.lifetimes.proxyIdleMs;
  const proxyAgent = createGuardedAgent({
    rules: config.ibHosts,
    headersTimeoutMs: idle,
    bodyTimeoutMs: idle,
  });
  const app = createApp({
    config,
    issuer,
    registry,
    secrets,
    store,
    ib: createIbClient({
      rules: config.ibHosts,
      timeoutMs: config.lifetimes.ibTimeoutMs,
      maxBodyBytes: config.lifetimes.ibResponseBytes,
      agent,
      onCall: events.ibCalled,
      now,
    }),
    platforms: { parse: (text) => parsePlatform(text, config.ibHosts) },
    fetch: createGuardedFetch({ agent }),
    proxyAgent,
    events,
    log,
    now,
  });
  server.on('request', app.callback());
  return {
    issuer,
    address: family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`,
    store,
    async close() {
      stopWatching();
      log.info({ event: 'draining' }, 'draining');
      await drain(server, config.lifetimes.drainMs);
      await Promise.all([agent.close(), proxyAgent.destroy()]);
      await store.close();
    },
  };
}

/** Opens the configured store; used by the server and by operators' commands. */
export async function openStore(
  options: Pick<ServerOptions, 'config' | 'now' | 'store'>,
  secrets: Secrets,
  events: Pick<Events, 'storeCalled' | 'failed'>,
): Promise<Store> {
  const { storage, lifetimes } = options.config;
  const shared = {
    peppers: secrets.peppers,
    refreshLeewaySeconds: lifetimes.refreshLeewaySeconds,
    onCall: events.storeCalled,
    ...(options.now === undefined ? {} : { now: options.now }),
    ...options.store,
  };
  if (storage.kind === 'dynamodb') {
    return createStore({ ...shared, tables: { state: storage.stateTable, tokens: storage.tokenTable } });
  }
  const engine = await startEmbedded({ dataDir: storage.dataDir, tables: EMBEDDED_TABLES });
  const store = createStore({ ...shared, tables: EMBEDDED_TABLES, client: engine.client });
  // dynalite knows no TTL. The sweep does not keep the process alive.
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

/** Lets what is in flight finish, up to a limit. */
async function drain(server: Server, drainMs: number): Promise<void> {
  const forced = setTimeout(() => server.closeAllConnections(), drainMs);
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
  clearTimeout(forced);
}
