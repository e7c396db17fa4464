/** A provider in a process of its own, with one of three adapters; tells its CPU time, memory and store calls when asked. */
import { Agent, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pino } from 'pino';
import { createIbClient } from '../adapters/ib/client.ts';
import { createGuardedAgent, createGuardedFetch } from '../adapters/ib/http-agent.ts';
import { parsePlatform } from '../adapters/ib/platform-url.ts';
import { loadSecrets } from '../adapters/secrets/secrets.ts';
import type { Store } from '../adapters/store/contract.ts';
import { createStore } from '../adapters/store/store.ts';
import { loadConfig } from '../config/config.ts';
import { readEnvironment } from '../config/env.ts';
import { createApp } from '../src/app.ts';
import { createClientRegistry } from '../src/provider/clients.ts';
import { createAudit } from '../src/telemetry/audit.ts';
import { createEvents } from '../src/telemetry/events.ts';
import { createMemoryStore } from './memory-store.ts';
import { createNaiveAdapter } from './naive-adapter.ts';

/** What the bench asks of a worker. */
export interface WorkerStats {
  readonly cpuMicros: number;
  readonly rss: number;
  /** To and from the store so far, with the heads of HTTP. */
  readonly bytes: number;
  readonly calls: { operation: string; start: number; end: number; read: number; write: number }[];
}

const [variant = 'ours', endpoint = ''] = process.argv.slice(2);
const loaded = loadConfig(readEnvironment());
if (!loaded.ok) throw new Error(loaded.faults.join('\n'));
const { config, clientSecrets } = loaded;
const secrets = await loadSecrets(config.secrets);
const tables = { state: 'ib-oauth-state-bench', tokens: 'ib-oauth-tokens-bench' };
const sockets: Socket[] = [];
/** Keeps the sockets to the store, for their counts of bytes. */
class CountingAgent extends Agent {
  override createConnection(
    ...args: Parameters<Agent['createConnection']>
  ): ReturnType<Agent['createConnection']> {
    const socket = super.createConnection(...args);
    sockets.push(socket as Socket);
    return socket;
  }
}
const client = {
  endpoint,
  region: 'local',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  requestHandler: { httpAgent: new CountingAgent({ keepAlive: true, maxSockets: 50 }) },
};
const calls: WorkerStats['calls'] = [];
const note = (operation: string, ms: number, read: number, write: number): void => {
  const end = performance.now();
  calls.push({ operation, start: end - ms, end, read, write });
};

const real = createStore({
  tables,
  peppers: () => secrets.peppers,
  refreshLeewaySeconds: 10,
  client,
  onCall: (call) => note(call.operation, call.ms, call.readUnits, call.writeUnits),
});
const isRead = (operation: string): boolean => operation === 'GetItem' || operation === 'Query';
const naive = createNaiveAdapter({
  client,
  table: 'ib-oauth-naive-bench',
  onCall: ({ operation, ms, units }) =>
    note(operation, ms, isRead(operation) ? units : 0, isRead(operation) ? 0 : units),
});
const stores: Record<string, () => Store> = {
  ours: () => real,
  naive: () => ({ ...createMemoryStore(), adapter: naive }),
  memory: () => createMemoryStore(),
};
const store = stores[variant]?.() ?? real;

const log = pino({ level: 'silent' });
const events = createEvents({ log, audit: createAudit(undefined, log) });
const server = createServer();
server.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
const agent = createGuardedAgent({ rules: config.ibHosts });
const app = createApp({
  config: {
    ...config,
    lifetimes: { ...config.lifetimes, signInsPerAddress: 1e9, proxyCallsPerMinute: 1e9, proxyCallBlock: 1e6 },
  },
  issuer,
  registry: createClientRegistry(config.clients, clientSecrets),
  secrets,
  store,
  ib: createIbClient({ rules: config.ibHosts, agent }),
  platforms: { parse: (text) => parsePlatform(text, config.ibHosts) },
  fetch: createGuardedFetch({ agent }),
  documentFetch: createGuardedFetch({ agent }),
  proxyAgent: createGuardedAgent({ rules: config.ibHosts, headersTimeoutMs: 60_000, bodyTimeoutMs: 60_000 }),
  events,
  now: Date.now,
});
server.on('request', app.callback());
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({
    cpuMicros: user + system,
    rss: process.memoryUsage().rss,
    bytes: sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0),
    calls: calls.splice(0),
  } satisfies WorkerStats);
});
process.send?.({ issuer });
