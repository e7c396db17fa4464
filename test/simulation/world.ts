/**
 * The whole application with store, IB and clock in one process. Requests reach it without a network; every call that leaves
 * it is counted, may meet a fault, and stands in the trace.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { mock } from 'node:test';
import { pino } from 'pino';
import { type fetch, Response } from 'undici';
import { createIbClient } from '../../adapters/ib/client.ts';
import { createGuardedAgent } from '../../adapters/ib/http-agent.ts';
import { isLooseDomain, parsePlatform } from '../../adapters/ib/platform-url.ts';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import type { Item } from '../../adapters/store/items.ts';
import { createStore } from '../../adapters/store/store.ts';
import { loadConfig } from '../../config/config.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { createApp } from '../../src/app.ts';
import { loadServerSecrets } from '../../src/open-store.ts';
import { createClientRegistry } from '../../src/provider/clients.ts';
import { createAudit } from '../../src/telemetry/audit.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { WEB_SECRET } from '../support/stack.ts';
import { createSimulatedEngine, type EngineKind } from './engine.ts';
import { type Call, type Fault, type Pass, suffer, throttled } from './faults.ts';
import { faultyAgent, faultyApps, faultyFetch } from './wires.ts';

export const ISSUER = 'http://localhost:3000';

/** A call that was made while calls were counted. */
export type Made = Pick<Call<unknown>, 'to' | 'name' | 'half'>;

/** Which fault the n-th call meets, counted from 0. */
export type Plan = ReadonlyMap<number, Fault>;

/** All that outlives a process. */
export interface Snapshot {
  readonly items: ReadonlyMap<string, Item>;
  readonly nowMs: number;
}

export interface World {
  readonly sandbox: Sandbox;
  /** Sends a request as over a network; rejects where the process dies before it has answered. */
  readonly fetch: typeof fetch;
  /** Lets simulated time pass. */
  wait(ms: number): void;
  /** Counts the calls from now on, and lets happen what is planned. */
  arm(plan: Plan): void;
  /** No more faults; the calls that were made since `arm`. */
  disarm(): readonly Made[];
  snapshot(): Snapshot;
  /** Goes back to a snapshot, in a new process. */
  restore(snapshot: Snapshot): void;
  /** What has happened since the last snapshot was restored. */
  readonly trace: string[];
  readonly logs: string[];
  readonly items: ReadonlyMap<string, Item>;
  /** The sign-outs that apps were told of, since the last snapshot was restored. */
  readonly told: readonly string[];
  /** Asked before each call that an actor makes. */
  onTurn: ((actor: string, call: string) => Promise<void>) | undefined;
  /** Whose requests and calls they are. */
  readonly actors: AsyncLocalStorage<string>;
  close(): Promise<void>;
}

interface Running {
  readonly server: Server;
  readonly sockets: Set<Duplex>;
  isDead: boolean;
}

/** Whatever it was about to do is not done, and nobody hears from it. */
function end(process: Running): void {
  process.isDead = true;
  for (const socket of process.sockets) socket.destroy();
  // It looks after its connections as long as it is not closed, though it never listened.
  process.server.close(() => undefined);
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

async function overNoNetwork(
  { server, sockets, isDead }: Running,
  target: URL,
  init: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Response> {
  if (isDead) throw new TypeError('the process is dead');
  const [near, far] = duplexPair();
  Object.assign(far, { remoteAddress: '127.0.0.1' });
  sockets.add(near);
  server.emit('connection', far);
  const sent = httpRequest({
    createConnection: () => near as never,
    method: init.method ?? 'GET',
    path: target.pathname + target.search,
    headers: { host: target.host, connection: 'close', ...init.headers },
  });
  sent.end(init.body);
  try {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const body = await buffer(answer);
    const headers = new Headers();
    for (const [name, values] of Object.entries(answer.headersDistinct))
      for (const value of values ?? []) headers.append(name, value);
    const status = answer.statusCode ?? 0;
    return new Response(body.length === 0 ? null : new Uint8Array(body), { status, headers: [...headers] });
  } finally {
    sockets.delete(near);
    near.destroy();
  }
}

/** Builds a world for one clients' file. */
export async function createWorld(clients: string, kind: EngineKind): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-simulation-'));
  const clientsFile = join(folder, 'clients.yaml');
  writeFileSync(clientsFile, clients);
  const sandbox = await startSandbox();
  const [first, second] = sandbox.platforms;
  const loaded = loadConfig({
    ISSUER,
    CLIENTS_FILE: clientsFile,
    STORAGE: 'dynamodb',
    SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
    IB_HOSTS: [first.origin, second.origin, sandbox.apiOrigin].join(','),
    REGISTRATION: 'open',
    REGISTRATIONS_PER_HOUR: '100000',
    CLIENT_ID_METADATA_HOSTS: 'docs.example',
    WEB_SECRET,
    LOG_LEVEL: 'debug',
  });
  if (!loaded.ok) throw new Error(loaded.faults.join('\n'));
  const { config, clientSecrets } = loaded;
  const secrets = await loadServerSecrets(config, loaded.secretsText);
  const logs: string[] = [];
  const log = pino({ level: config.logLevel }, { write: (line: string) => void logs.push(line) });
  const audit = createAudit({ settings: config.audit, log });
  const registry = createClientRegistry(config.clients, clientSecrets);
  const events = createEvents({ log, metrics: createMetrics(), audit });
  const agent = createGuardedAgent({ rules: config.ibHosts });
  const actors = new AsyncLocalStorage<string>();
  const items = new Map<string, Item>();
  const trace: string[] = [];
  let made: Made[] | undefined;
  let plan: Plan = new Map();
  const throttledUntil = { store: 0, IB: 0, app: 0 };
  const told: string[] = [];

  mock.timers.enable({ apis: ['Date'], now: Date.now() });

  /** How a process's calls leave it. */
  const passOf =
    (process: Running): Pass =>
    async (call) => {
      if (process.isDead) return never();
      const actor = actors.getStore() ?? 'app';
      await world.onTurn?.(actor, `${call.to} ${call.name}`);
      if (process.isDead) return never();
      const fault = made === undefined ? undefined : plan.get(made.length);
      trace.push(`${actor}: ${call.to} ${call.name}${fault === undefined ? '' : ` — ${fault}`}`);
      made?.push(call);
      if (fault === 'throttled for 1 s') throttledUntil[call.to] = Date.now() + 1000;
      if (fault === 'throttled for 60 s') throttledUntil[call.to] = Date.now() + 60_000;
      const leftMs = throttledUntil[call.to] - Date.now();
      if (leftMs > 0) return throttled(call, leftMs / 1000);
      if (fault === 'killed before') return die(process);
      if (fault === 'killed after') {
        await call.send();
        return die(process);
      }
      return fault === undefined || fault.startsWith('throttled') ? call.send() : suffer(call, fault);
    };

  /** Nothing is said, nothing is flushed; another process takes its place. */
  function die<T>(process: Running): Promise<T> {
    end(process);
    current = start();
    return never();
  }

  function start(): Running {
    const server = createServer({ requestTimeout: 0, headersTimeout: 0 });
    const process: Running = { server, sockets: new Set(), isDead: false };
    const pass = passOf(process);
    const { lifetimes } = config;
    const app = createApp({
      config,
      issuer: ISSUER,
      registry,
      secrets,
      store: createStore(createSimulatedEngine(items, kind, pass), { peppers: () => secrets.peppers }),
      ib: createIbClient({
        rules: config.ibHosts,
        timeoutMs: lifetimes.ibTimeoutMs,
        maxBodyBytes: lifetimes.ibResponseBytes,
        agent: faultyFetch(agent, pass),
      }),
      platforms: {
        parse: (text) => parsePlatform(text, config.ibHosts),
        isLoose: (origin) => isLooseDomain(origin, config.ibHosts),
      },
      fetch: faultyApps(pass, told),
      documentFetch: faultyApps(pass, told),
      proxyAgent: faultyAgent(agent, pass),
      events,
      now: Date.now,
    });
    server.on('request', app.callback());
    return process;
  }

  const world: World = {
    sandbox,
    trace,
    logs,
    items,
    told,
    actors,
    onTurn: undefined,
    fetch: (url, init = {}) =>
      overNoNetwork(current, new URL(String(url)), init as Parameters<typeof overNoNetwork>[2]),
    wait: (ms) => mock.timers.setTime(Date.now() + ms),
    arm(next) {
      made = [];
      plan = next;
    },
    disarm() {
      const counted = made ?? [];
      made = undefined;
      throttledUntil.store = 0;
      throttledUntil.IB = 0;
      throttledUntil.app = 0;
      return counted;
    },
    snapshot: () => ({ items: new Map(items), nowMs: Date.now() }),
    restore(snapshot) {
      items.clear();
      for (const [name, item] of snapshot.items) items.set(name, item);
      mock.timers.setTime(snapshot.nowMs);
      trace.length = 0;
      logs.length = 0;
      told.length = 0;
      end(current);
      current = start();
    },
    async close() {
      end(current);
      mock.timers.reset();
      await agent.destroy();
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  let current = start();
  return world;
}
