/**
 * The application as a server: listen, watch the clients' file, drain. This room owns processes, ports and connections; it must
 * not know what is asked for on them.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Logger } from 'pino';
import type { Store } from '../../adapters/store/contract.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { type ComposeOptions, compose } from '../compose.ts';
import { readyInTime } from '../http/health.ts';
import { createLoopDelay } from '../http/overload.ts';
import { createAudit } from '../telemetry/audit.ts';
import { createEvents } from '../telemetry/events.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createTraces } from '../telemetry/traces.ts';
import { createDrain } from './drain.ts';
import { answerMalformed } from './malformed.ts';
import { watchClients, watchSecrets } from './reload.ts';

/** Longer than the idle time-out of the load balancers in front, so that they close first. */
const KEEP_ALIVE_MS = 65_000;
const MOST_HEADER_BYTES = 16 * 1024;

export interface ServerOptions extends Omit<ComposeOptions, 'events'> {
  readonly log: Logger;
  /** Reads the configuration anew, for a changed clients' file; without it the file is read once. */
  readonly reload?: () => LoadedConfig | Promise<LoadedConfig>;
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

/** What the system says of an address that is none of this machine's, whatever the port. */
const OF_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAI_AGAIN', 'EINVAL', 'ENOTFOUND']);
const HOSTS = { PORT: 'HOST', METRICS_PORT: 'METRICS_HOST' } as const;

/** Where nobody can listen, by the variable that names it. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;
  readonly variable: keyof typeof HOSTS | (typeof HOSTS)[keyof typeof HOSTS];

  constructor(variable: keyof typeof HOSTS, cause: NodeJS.ErrnoException) {
    super('cannot listen', { cause });
    this.code = cause.code ?? 'unknown';
    this.variable = OF_ADDRESS.has(this.code) ? HOSTS[variable] : variable;
  }
}

/** Listens, or rejects with `ListenError`. */
export async function listen(
  server: Server,
  variable: keyof typeof HOSTS,
  port: number,
  host: string,
): Promise<AddressInfo> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(variable, error as NodeJS.ErrnoException);
  }
  return server.address() as AddressInfo;
}

/** Whether the store answers, as the number that metrics have for it. */
function readiness(store: Pick<Store, 'ready'>): Promise<0 | 1> {
  return readyInTime(store).then(
    () => 1,
    () => 0,
  );
}

/** Starts the server; resolves when it accepts connections. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, log, reload } = options;
  const metrics = createMetrics();
  const traces = config.tracing ? await createTraces() : undefined;
  const audit = createAudit({ settings: config.audit, log });
  const events = createEvents({ log, metrics, audit, traces });
  const loopDelay = createLoopDelay();
  const composed = await compose({ loopDelay, ...options, events });
  const server = createServer({
    requestTimeout: 0,
    headersTimeout: config.lifetimes.requestHeadMs,
    connectionsCheckingInterval: config.lifetimes.connectionsCheckMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MOST_HEADER_BYTES,
  });
  const drain = createDrain(server);
  answerMalformed(server, drain.endAfterAnswers);
  const { address, port, family } = await listen(server, 'PORT', config.port, config.host);
  const issuer = config.issuer ?? `http://localhost:${port}`;
  let { resources } = config;
  let handle = composed.createApp(issuer, resources).callback();
  // The provider takes its scopes and keys once: others mean another one. Requests in flight keep theirs.
  const rebuild = (): void => {
    handle = composed.createApp(issuer, resources).callback();
  };
  server.on('request', (request, response) => handle(request, response));

  metrics.ask('ib_oauth_in_flight', drain.inFlight);
  metrics.ask('ib_oauth_ready', () => readiness(composed.store));
  const { metricsPort } = config;
  const metricsServer = metricsPort === undefined ? undefined : metrics.createServer();
  if (metricsServer !== undefined && metricsPort !== undefined)
    await listen(metricsServer, 'METRICS_PORT', metricsPort, config.metricsHost);
  const stopWatching =
    reload === undefined
      ? () => undefined
      : watchClients({
          clientsFile: config.clientsFile,
          load: reload,
          registry: composed.registry,
          resources: config.resources,
          onResources(changed) {
            resources = changed;
            rebuild();
          },
          events,
        });
  const stopWatchingSecrets = watchSecrets({
    source: config.secrets,
    everyMs: config.lifetimes.secretsReadSeconds * 1000,
    refresh: composed.refreshSecrets,
    onChanged: rebuild,
    onFault: events.failed,
  });
  metrics.ask('ib_oauth_audit_unwritable', audit.unwritable);
  process.on('SIGHUP', audit.reopen);
  async function end(): Promise<void> {
    process.removeListener('SIGHUP', audit.reopen);
    stopWatching();
    stopWatchingSecrets();
    loopDelay.close();
    log.info({ event: 'draining' }, 'draining');
    await drain.run(config.lifetimes.drainMs);
    metricsServer?.close();
    metricsServer?.closeAllConnections();
    await composed.close();
    await traces?.close();
  }
  let ended: Promise<void> | undefined;
  return {
    issuer,
    address: family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`,
    store: composed.store,
    close: () => (ended ??= end()),
  };
}
