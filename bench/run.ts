/** The benchmarks: each operation on this store, on a naive one and on none, and the proxy against direct calls. One run, ratios. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, setGlobalDispatcher, fetch as undiciFetch } from 'undici';
import { createEngine, type Write } from '../adapters/store/dynamodb.ts';
import { type Sandbox, startSandbox } from '../sandbox/server.ts';
import { attributeOf, Browser } from '../test/support/browser.ts';
import { measure, percentile, type Timings, table } from './load.ts';
import type { WorkerStats } from './worker.ts';

const SECRET = 'bench-secret-bench-secret-bench-secret';
const REDIRECT = 'https://app.example/callback';
const BASIC = { authorization: `Basic ${Buffer.from(`bench:${SECRET}`).toString('base64')}` };
/** node-oidc-provider's memory adapter keeps a thousand entries: more of each would be evicted. */
const COUNT = Number(process.env['BENCH_COUNT'] ?? 200);
const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-bench-'));
const clientsFile = join(folder, 'clients.yaml');
writeFileSync(
  clientsFile,
  `clients:\n  - client_id: bench\n    client_secret_env: BENCH_SECRET\n    redirect_uris: [${REDIRECT}]\n    grant_types: [authorization_code, refresh_token]\n    scope: openid profile ib:api\n    ib: { skip_consent: true }\n`,
);
setGlobalDispatcher(new Agent({ connections: 64, pipelining: 1 }));

const children: ChildProcess[] = [];
async function start<T>(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; hello: T }> {
  const child = fork(join(here, script), args, { env: { ...process.env, ...env } });
  children.push(child);
  const [hello] = (await once(child, 'message')) as [T];
  return { child, hello };
}

async function statsOf(child: ChildProcess): Promise<WorkerStats> {
  const answer = once(child, 'message');
  child.send('stats');
  const [stats] = (await answer) as [WorkerStats];
  return stats;
}

/** Calls that had to wait for one another. */
function waves(calls: WorkerStats['calls']): number {
  let count = 0;
  let until = -1;
  for (const { start: begun, end } of [...calls].sort((a, b) => a.start - b.start)) {
    if (begun >= until) count += 1;
    until = Math.max(until, end);
  }
  return count;
}

class Provider {
  readonly issuer: string;
  readonly child: ChildProcess;
  readonly #browser = new Browser();

  constructor(issuer: string, child: ChildProcess) {
    this.issuer = issuer;
    this.child = child;
  }

  get #authorize(): string {
    const query = new URLSearchParams({
      client_id: 'bench',
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'openid profile ib:api',
    });
    return `${this.issuer}/authorize?${query}`;
  }

  async signIn(sandbox: Sandbox): Promise<void> {
    const [acme] = sandbox.platforms;
    let page = await this.#browser.open(this.#authorize);
    page = await this.#browser.press(page, 'platform', { platform_url: acme.origin });
    const link = new URL(attributeOf(page, 'data-ib-login', 'href') ?? '');
    acme.signIn('ada', link.searchParams.get('token') ?? '');
    await this.#browser.press(page, 'continue');
  }

  /** A code, by single sign-on. */
  async code(): Promise<string> {
    const page = await this.#browser.open(this.#authorize);
    return page.url.searchParams.get('code') ?? '';
  }

  async post(path: string, params: Record<string, string>): Promise<Record<string, string>> {
    const response = await undiciFetch(this.issuer + path, {
      method: 'POST',
      headers: BASIC,
      body: new URLSearchParams(params),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
  }

  exchange(code: string): Promise<Record<string, string>> {
    return this.post('/token', { grant_type: 'authorization_code', code, redirect_uri: REDIRECT });
  }

  async get(path: string, token: string): Promise<void> {
    const response = await undiciFetch(this.issuer + path, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
  }
}

interface Row {
  readonly trips: number;
  readonly reads: number;
  readonly writes: number;
  readonly cpuMs: number;
  readonly alone: Timings;
  readonly crowded: Timings;
}

async function rowOf<T>(
  provider: Provider,
  inputs: readonly T[],
  call: (input: T) => Promise<void>,
): Promise<Row> {
  const third = Math.floor(inputs.length / 3);
  await measure(inputs.slice(0, third), 4, call);
  const [probe, ...rest] = inputs.slice(third);
  await statsOf(provider.child);
  if (probe !== undefined) await call(probe);
  const one = await statsOf(provider.child);
  const half = Math.floor(rest.length / 2);
  const before = await statsOf(provider.child);
  const alone = await measure(rest.slice(0, half), 1, call);
  const crowded = await measure(rest.slice(half), 16, call);
  const after = await statsOf(provider.child);
  const sum = (key: 'read' | 'write'): number => one.calls.reduce((total, entry) => total + entry[key], 0);
  return {
    trips: waves(one.calls),
    reads: sum('read'),
    writes: sum('write'),
    cpuMs: (after.cpuMicros - before.cpuMicros) / 1000 / Math.max(1, rest.length),
    alone,
    crowded,
  };
}

async function rowsOf(provider: Provider): Promise<Record<string, Row>> {
  const codes: string[] = [];
  for (let index = 0; index < COUNT; index += 1) codes.push(await provider.code());
  const pairs: Record<string, string>[] = [];
  const exchange = await rowOf(
    provider,
    codes,
    async (code) => void pairs.push(await provider.exchange(code)),
  );
  const access = pairs.map((pair) => pair['access_token'] ?? '');
  return {
    'code exchange': exchange,
    userinfo: await rowOf(provider, access, (token) => provider.get('/userinfo', token)),
    introspect: await rowOf(
      provider,
      access,
      async (token) => void (await provider.post('/introspect', { token })),
    ),
    refresh: await rowOf(provider, pairs, async (pair) => {
      await provider.post('/token', {
        grant_type: 'refresh_token',
        refresh_token: pair['refresh_token'] ?? '',
      });
    }),
  };
}

async function stores(endpoint: string, sandbox: Sandbox, env: NodeJS.ProcessEnv): Promise<Provider> {
  const results: Record<string, Record<string, Row>> = {};
  let ours: Provider | undefined;
  for (const variant of ['memory', 'naive', 'ours']) {
    const { child, hello } = await start<{ issuer: string }>('worker.ts', [variant, endpoint], env);
    const provider = new Provider(hello.issuer, child);
    await provider.signIn(sandbox);
    results[variant] = await rowsOf(provider);
    if (variant === 'ours') ours = provider;
  }
  const floor = results['memory'] ?? {};
  const rows: (string | number)[][] = [
    [
      'operation',
      'store',
      'round trips',
      'read units',
      'write units',
      'CPU ms',
      'CPU ÷ memory',
      'p50 ms (1)',
      'p99 ms (1)',
      'p50 ms (16)',
      'p99 ms (16)',
    ],
  ];
  for (const operation of Object.keys(floor)) {
    for (const [variant, table_] of Object.entries(results)) {
      const row = table_[operation];
      if (row === undefined) continue;
      const ratio = row.cpuMs / (floor[operation]?.cpuMs ?? Number.NaN);
      rows.push([
        operation,
        variant,
        String(row.trips),
        row.reads,
        row.writes,
        row.cpuMs,
        ratio,
        row.alone.p50,
        row.alone.p99,
        row.crowded.p50,
        row.crowded.p99,
      ]);
    }
  }
  console.log(`\n## Operations, ${COUNT} of each\n\n${table(rows)}`);
  if (ours === undefined) throw new Error('no provider');
  return ours;
}

const SCALES = (process.env['BENCH_SCALES'] ?? '1000,100000').split(',').map(Number);
/** US East, on demand, dollars a million units. */
const READ_DOLLARS = 0.125;
const WRITE_DOLLARS = 0.625;

/** The same calls with more and more stored: cost and time stay as they are. */
async function scale(provider: Provider, endpoint: string): Promise<void> {
  const engine = createEngine({
    tables: { state: 'ib-oauth-state-bench', tokens: 'ib-oauth-tokens-bench' },
    client: { endpoint, region: 'local', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } },
  });
  const rows: (string | number)[][] = [
    ['items stored', 'userinfo p50 ms', 'read units', 'code exchange p50 ms', 'read + write units'],
  ];
  let stored = 0;
  for (const size of SCALES) {
    const writes = Array.from({ length: size - stored }, (_, at): Write => {
      const pk = `AccessToken#filler${stored + at}`;
      return {
        op: 'put',
        key: { table: 'tokens', pk },
        item: { pk, expires: 4_000_000_000, data: randomBytes(350) },
      };
    });
    for (let at = 0; at < writes.length; at += 500) await engine.write(writes.slice(at, at + 500));
    stored = size;
    const codes: string[] = [];
    for (let turn = 0; turn < 60; turn += 1) codes.push(await provider.code());
    const tokens: string[] = [];
    await statsOf(provider.child);
    const exchanged = await measure(
      codes,
      1,
      async (code) => void tokens.push((await provider.exchange(code))['access_token'] ?? ''),
    );
    const units = (calls: WorkerStats['calls']): number =>
      calls.reduce((sum, call) => sum + call.read + call.write, 0) / codes.length;
    const exchangeUnits = units((await statsOf(provider.child)).calls);
    const seen = await measure(tokens, 1, (token) => provider.get('/userinfo', token));
    rows.push([
      String(size),
      seen.p50,
      units((await statsOf(provider.child)).calls),
      exchanged.p50,
      exchangeUnits,
    ]);
  }
  engine.close();
  console.log(`\n## With more stored\n\n${table(rows)}`);
}

/** What a whole sign-in consumes, and what a million of them cost. */
async function cost(provider: Provider, sandbox: Sandbox): Promise<void> {
  const fresh = new Provider(provider.issuer, provider.child);
  await statsOf(provider.child);
  await fresh.signIn(sandbox);
  const signIn = (await statsOf(provider.child)).calls;
  const tokens = await fresh.exchange(await fresh.code());
  const exchange = (await statsOf(provider.child)).calls;
  await fresh.post('/token', { grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] ?? '' });
  const refresh = (await statsOf(provider.child)).calls;
  await fresh.get('/userinfo', tokens['access_token'] ?? '');
  const userinfo = (await statsOf(provider.child)).calls;
  const row = (name: string, calls: WorkerStats['calls']): (string | number)[] => {
    const reads = calls.reduce((sum, call) => sum + call.read, 0);
    const writes = calls.reduce((sum, call) => sum + call.write, 0);
    return [name, reads, writes, reads * READ_DOLLARS + writes * WRITE_DOLLARS];
  };
  console.log(
    `\n## Cost\n\n${table([
      ['', 'read units', 'write units', 'dollars a million'],
      row('sign-in without consent page, to the code', signIn),
      row('single sign-on and code exchange', exchange),
      row('refresh', refresh),
      row('/userinfo', userinfo),
    ])}`,
  );
}

const TRANSFER = 100 * 1024 * 1024;

async function drain(url: string, headers: Record<string, string>): Promise<number> {
  const response = await undiciFetch(url, { headers });
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).length;
  return bytes;
}

async function proxy(provider: Provider, sandbox: Sandbox): Promise<void> {
  const { access_token: token = '' } = await provider.exchange(await provider.code());
  const direct = `${sandbox.apiOrigin}/api/3.0.0/6M0B`;
  const proxied = `${provider.issuer}/proxy/api/3.0.0/6M0B`;
  const bearer = { authorization: `Bearer ${token}` };
  await drain(`${proxied}/folder`, bearer);
  const sid = String(sandbox.calls.findLast((call) => call.headers['sid'] !== undefined)?.headers['sid']);
  const small = async (url: string, headers: Record<string, string>): Promise<number[]> => {
    const times: number[] = [];
    for (let turn = 0; turn < 600; turn += 1) {
      const begun = performance.now();
      await drain(url, headers);
      if (turn >= 200) times.push(performance.now() - begun);
    }
    return times.sort((a, b) => a - b);
  };
  const userinfo = await small(`${provider.issuer}/userinfo`, bearer);
  const a = await small(`${direct}/folder`, { sid });
  await statsOf(provider.child);
  const b = await small(`${proxied}/folder`, bearer);
  const storeMs = (await statsOf(provider.child)).calls
    .map(({ start: begun, end }) => end - begun)
    .sort((x, y) => x - y);
  const seconds = async (url: string, headers: Record<string, string>): Promise<number> => {
    const begun = performance.now();
    await drain(url, headers);
    return (performance.now() - begun) / 1000;
  };
  const pairs: [number, number][] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    pairs.push([
      await seconds(`${direct}/file?size=${TRANSFER}`, { sid }),
      await seconds(`${proxied}/file?size=${TRANSFER}`, bearer),
    ]);
  }
  const best = (at: 0 | 1): number => Math.min(...pairs.map((pair) => pair[at]));
  const idle = (await statsOf(provider.child)).rss;
  let peak = idle;
  let running = true;
  const watching = (async () => {
    while (running) peak = Math.max(peak, (await statsOf(provider.child)).rss);
  })();
  await Promise.all(Array.from({ length: 50 }, () => drain(`${proxied}/file?size=${TRANSFER / 4}`, bearer)));
  running = false;
  await watching;
  const store50 = percentile(storeMs, 0.5);
  console.log(
    `\n## The proxy\n\n${table([
      ['', 'p50 ms', 'p99 ms'],
      ['direct call', percentile(a, 0.5), percentile(a, 0.99)],
      ['through the proxy', percentile(b, 0.5), percentile(b, 0.99)],
      ["the store's one read, as the proxy saw it", store50, percentile(storeMs, 0.99)],
      [
        'added besides that read',
        percentile(b, 0.5) - percentile(a, 0.5) - store50,
        percentile(b, 0.99) - percentile(a, 0.99),
      ],
      ['/userinfo, for comparison', percentile(userinfo, 0.5), percentile(userinfo, 0.99)],
    ])}\n\n${table([
      ['100 MB', 'MB/s', 'share of direct'],
      ['direct', 100 / best(0), 1],
      ['through the proxy', 100 / best(1), best(0) / best(1)],
    ])}\n\nMemory over idle with 50 transfers at once: ${((peak - idle) / 1024 / 1024).toFixed(0)} MB`,
  );
}

const sandbox = await startSandbox();
const [first, second] = sandbox.platforms;
const env = {
  CLIENTS_FILE: clientsFile,
  BENCH_SECRET: SECRET,
  DATA_DIR: ':memory:',
  IB_HOSTS: [first.origin, second.origin, sandbox.apiOrigin].join(','),
  LOG_LEVEL: 'silent',
};
try {
  const engine = await start<{ endpoint: string }>('engine.ts', []);
  const ours = await stores(engine.hello.endpoint, sandbox, env);
  await cost(ours, sandbox);
  await proxy(ours, sandbox);
  await scale(ours, engine.hello.endpoint);
} finally {
  for (const child of children) child.kill();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
}
