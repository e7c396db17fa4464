/**
 * Each operation on each contender, in turns of a few, so that all see the same machine: CPU time of all their processes
 * one request at a time, and throughput with 16 in flight.
 */
import type { Browser } from '../test/support/browser.ts';
import type { App, Tokens } from './app.ts';
import type { Contender } from './contenders.ts';
import { cpuMs, memoryMb } from './cpu.ts';
import { measure, type Timings, table } from './load.ts';

const COUNT = Number(process.env['BENCH_COUNT'] ?? 300);
const ROUNDS = 6;
const IN_FLIGHT = 16;

/** Browsers that are signed in, and tokens: each was made by the sign-ins that were measured first. */
interface Stock {
  readonly browsers: Browser[];
  readonly tokens: Tokens[];
}

/** A run of an operation, readied outside of what is measured. */
type Ready = (app: App, stock: Stock) => Promise<() => Promise<unknown>> | (() => Promise<unknown>);

let turn = 0;
function one<T>(list: readonly T[]): T {
  turn += 1;
  const found = list[turn % list.length];
  if (found === undefined) throw new Error('nothing in stock');
  return found;
}
function take<T>(list: T[]): T {
  const found = list.shift();
  if (found === undefined) throw new Error('nothing in stock');
  return found;
}

const OPERATIONS: Readonly<Record<string, Ready>> = {
  'sign-in':
    (app, { browsers }) =>
    async () =>
      browsers.push((await app.signIn()).browser),
  'single sign-on': (app, { browsers }) => {
    const browser = one(browsers);
    return () => app.singleSignOn(browser);
  },
  'code exchange': async (app, { browsers, tokens }) => {
    const code = await app.singleSignOn(one(browsers));
    return async () => tokens.push(await app.exchange(code));
  },
  userinfo: (app, { tokens }) => {
    const mine = one(tokens);
    return () => app.userinfo(mine);
  },
  introspection: (app, { tokens }) => {
    const mine = one(tokens);
    return () => app.introspect(mine);
  },
  refresh: (app, { tokens }) => {
    const mine = take(tokens);
    return async () => tokens.push(await app.refresh(mine));
  },
  client_credentials: (app) => () => app.clientCredentials(),
};

interface Row {
  cpu: number;
  store: number;
  alone: Timings[];
  crowded: Timings[];
}

async function measureOperation(
  contenders: readonly Contender[],
  stocks: ReadonlyMap<Contender, Stock>,
  ready: Ready,
): Promise<Map<Contender, Row>> {
  const rows = new Map<Contender, Row>(
    contenders.map((contender) => [contender, { cpu: 0, store: 0, alone: [], crowded: [] }]),
  );
  const each = Math.ceil(COUNT / ROUNDS);
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [contender, row] of rows) {
      const stock = stocks.get(contender);
      if (stock === undefined) continue;
      const runs = async (count: number) => {
        const list: (() => Promise<unknown>)[] = [];
        while (list.length < count) list.push(await ready(contender.app, stock));
        return list;
      };
      const run = (call: () => Promise<unknown>) => call().then(() => undefined);
      const [first, second] = [await runs(each), await runs(each)];
      const [cpu, store] = [cpuMs(contender.pids), cpuMs(contender.storePids)];
      const alone = await measure(first, 1, run);
      const [cpuAfter, storeAfter] = [cpuMs(contender.pids), cpuMs(contender.storePids)];
      const crowded = await measure(second, IN_FLIGHT, run);
      // The first round warms up.
      if (round < 0) continue;
      row.cpu += (cpuAfter - cpu) / each / ROUNDS;
      row.store += (storeAfter - store) / each / ROUNDS;
      row.alone.push(alone);
      row.crowded.push(crowded);
    }
  }
  return rows;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Prints the table of operations. The first contender is the floor. */
export async function operations(contenders: readonly Contender[]): Promise<void> {
  const stocks = new Map(
    contenders.map((contender): [Contender, Stock] => [contender, { browsers: [], tokens: [] }]),
  );
  const head = ['operation', 'provider', 'CPU ms', 'CPU ÷ floor', "store's CPU ms", 'p50 ms', 'p99 ms'];
  const lines: (string | number)[][] = [[...head, `a second, ${IN_FLIGHT} in flight`, '÷ floor']];
  const [floor] = contenders;
  for (const [name, ready] of Object.entries(OPERATIONS)) {
    const rows = await measureOperation(contenders, stocks, ready);
    const least = floor && rows.get(floor);
    const rate = (row?: Row): number => median(row?.crowded.map(({ perSecond }) => perSecond) ?? []);
    for (const [{ name: provider, storePids }, row] of rows) {
      lines.push([
        name,
        provider,
        row.cpu,
        row.cpu / (least?.cpu ?? Number.NaN),
        storePids.length === 0 ? '' : row.store,
        median(row.alone.map(({ p50 }) => p50)),
        Math.max(...row.alone.map(({ p99 }) => p99)),
        rate(row).toFixed(0),
        rate(row) / rate(least),
      ]);
    }
  }
  console.log(`\n## Operations, ${COUNT} of each and one at a time\n\n${table(lines)}`);
  const memory = contenders.map(({ name, pids }) => [name, memoryMb(pids).toFixed(0)]);
  console.log(`\nMemory afterwards, MB, all processes:\n\n${table([['provider', 'MB'], ...memory])}`);
}
