/**
 * `npm run bench:load`: rising rates until latency breaks, for one process and for three, then a soak. Requests come at
 * their rate whether or not the ones before have been answered, as users do. `SOAK_MINUTES` is 10 unless set.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Agent, setGlobalDispatcher } from 'undici';
import { startSandbox } from '../sandbox/server.ts';
import { type Cluster, startCluster, type Tokens } from './cluster.ts';
import { percentile, table } from './load.ts';
import { children, start } from './provider.ts';

const SOAK_MINUTES = Number(process.env['SOAK_MINUTES'] ?? '10');
const STEP_SECONDS = 5;
/** Latency is broken above this p99, or when a twentieth of the requests fail. */
const BROKEN_MS = 1000;

interface Step {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

/** Calls at a rate for some seconds. */
async function atRate(rate: number, seconds: number, call: () => Promise<unknown>): Promise<Step> {
  const times: number[] = [];
  let failed = 0;
  const pending: Promise<void>[] = [];
  const started = performance.now();
  for (let index = 0; index < rate * seconds; index += 1) {
    const due = started + (index * 1000) / rate;
    await setTimeout(Math.max(0, due - performance.now()));
    // From when it was due: a generator that is late does not hide what its users wait for.
    pending.push(
      call().then(
        () => void times.push(performance.now() - due),
        () => {
          failed += 1;
        },
      ),
    );
  }
  await Promise.all(pending);
  times.sort((a, b) => a - b);
  return { rate, p50: percentile(times, 0.5), p99: percentile(times, 0.99), failed };
}

type Operation = (cluster: Cluster, tokens: Tokens[]) => Promise<unknown>;

const anyOf = (tokens: Tokens[]): Tokens => {
  const found = tokens[Math.floor(Math.random() * tokens.length)];
  if (found === undefined) throw new Error('no tokens');
  return found;
};

/** Each family is refreshed by one caller at a time, as an app does. */
async function refreshNext(cluster: Cluster, tokens: Tokens[]): Promise<void> {
  const mine = tokens.shift();
  if (mine === undefined) throw new Error('all families are being refreshed');
  tokens.push(await cluster.refresh(mine));
}

const OPERATIONS: Readonly<Record<string, { readonly call: Operation; readonly first: number }>> = {
  'whole sign-in and code exchange': { call: (cluster) => cluster.signIn(), first: 2 },
  refresh: { call: refreshNext, first: 10 },
  '/userinfo': { call: (cluster, tokens) => cluster.userinfo(anyOf(tokens)), first: 25 },
  '/introspect': { call: (cluster, tokens) => cluster.introspect(anyOf(tokens)), first: 25 },
};

async function untilBroken(cluster: Cluster, name: string, tokens: Tokens[]): Promise<(string | number)[]> {
  const { call, first = 1 } = OPERATIONS[name] ?? {};
  let held: Step | undefined;
  for (let rate = first; ; rate = Math.ceil(rate * 1.5)) {
    const step = await atRate(rate, STEP_SECONDS, async () => call?.(cluster, tokens));
    if (step.p99 > BROKEN_MS || step.failed > (rate * STEP_SECONDS) / 20) {
      return [name, `${held?.rate ?? 0}`, held?.p50 ?? 0, held?.p99 ?? 0, `${rate}`];
    }
    held = step;
  }
}

async function soak(cluster: Cluster, tokens: Tokens[]): Promise<void> {
  const rows: (string | number)[][] = [['minute', 'memory of each process, MB', 'failed', 'p99 ms']];
  for (let minute = 1; minute <= SOAK_MINUTES; minute += 1) {
    const [signIns, refreshes, reads] = await Promise.all([
      atRate(1, 60, () => cluster.signIn()),
      atRate(5, 60, () => refreshNext(cluster, tokens)),
      atRate(20, 60, () => cluster.userinfo(anyOf(tokens))),
    ]);
    const failed = signIns.failed + refreshes.failed + reads.failed;
    rows.push([`${minute}`, cluster.memory().map(Math.round).join(', '), `${failed}`, reads.p99]);
  }
  console.log(
    `\n## Soak, ${SOAK_MINUTES} minutes of 1 sign-in, 5 refreshes and 20 /userinfo a second, three processes\n\n${table(rows)}`,
  );
}

setGlobalDispatcher(new Agent({ connections: 256, pipelining: 1 }));
const sandbox = await startSandbox();
try {
  for (const size of [1, 3]) {
    const engine = await start<{ endpoint: string }>('engine.ts', []);
    const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-load-'));
    const cluster = await startCluster({ size, endpoint: engine.hello.endpoint, sandbox, folder });
    const tokens: Tokens[] = [];
    for (let index = 0; index < 100; index += 1) tokens.push(await cluster.signIn());
    const rows: (string | number)[][] = [['operation', 'held, a second', 'p50 ms', 'p99 ms', 'broke at']];
    for (const name of Object.keys(OPERATIONS)) rows.push(await untilBroken(cluster, name, tokens));
    console.log(`\n## Capacity, ${size} ${size === 1 ? 'process' : 'processes'}\n\n${table(rows)}`);
    if (size === 3 && SOAK_MINUTES > 0) await soak(cluster, tokens);
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
} finally {
  for (const child of children) child.kill();
  await sandbox.close();
}
