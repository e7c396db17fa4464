/** Each operation on three stores: the floor in memory, a naive adapter, and this product's. */
import type { Sandbox } from '../sandbox/server.ts';
import { measure, type Timings, table } from './load.ts';
import { Provider, start, statsOf, waves } from './provider.ts';

/** node-oidc-provider's memory adapter keeps a thousand entries: more of each would be evicted. */
const COUNT = Number(process.env['BENCH_COUNT'] ?? 200);

interface Row {
  readonly trips: number;
  readonly reads: number;
  readonly writes: number;
  readonly bytes: number;
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
    bytes: (after.bytes - before.bytes) / Math.max(1, rest.length),
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

/** Prints the table of operations; resolves with this product's provider. */
export async function stores(endpoint: string, sandbox: Sandbox, env: NodeJS.ProcessEnv): Promise<Provider> {
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
      'bytes',
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
        row.bytes.toFixed(0),
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
