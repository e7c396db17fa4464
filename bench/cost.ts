/** What calls consume of DynamoDB, as the product's own log tells it, and that they cost the same with more stored. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Write } from '../adapters/store/engine.ts';
import { createDynamoDbEngine } from '../adapters/store/engines/dynamodb.ts';
import type { Contender } from './contenders.ts';
import { measure, table } from './load.ts';

const SCALES = (process.env['BENCH_SCALES'] ?? '1000,100000').split(',').map(Number);
/** US East, on demand, dollars a million units. */
const READ_DOLLARS = 0.125;
const WRITE_DOLLARS = 0.625;
/** The log is written at the latest so long after what it tells. */
const LOG_MS = 200;

interface Units {
  readonly read: number;
  readonly written: number;
}

/** What work consumed. */
async function unitsOf(contender: Contender, work: () => Promise<unknown>): Promise<Units> {
  await setTimeout(LOG_MS);
  contender.log.splice(0);
  await work();
  await setTimeout(LOG_MS);
  const calls = contender.log
    .join('')
    .split('\n')
    .filter((line) => line.includes('"event":"store_call"'))
    .map((line) => JSON.parse(line) as { readUnits: number; writeUnits: number });
  return {
    read: calls.reduce((sum, { readUnits }) => sum + readUnits, 0),
    written: calls.reduce((sum, { writeUnits }) => sum + writeUnits, 0),
  };
}

/** Prints what a million of each operation cost. */
export async function cost(contender: Contender): Promise<void> {
  const { app } = contender;
  const { code, browser } = await app.signIn();
  let tokens = await app.exchange(code);
  const units: Record<string, Units> = {
    'sign-in with consent, to the code': await unitsOf(contender, () => app.signIn()),
    'single sign-on and code exchange': await unitsOf(contender, async () => {
      tokens = await app.exchange(await app.singleSignOn(browser));
    }),
    refresh: await unitsOf(contender, async () => {
      tokens = await app.refresh(tokens);
    }),
    '/userinfo': await unitsOf(contender, () => app.userinfo(tokens)),
  };
  const rows = Object.entries(units).map(([name, { read, written }]) => [
    name,
    read,
    written,
    read * READ_DOLLARS + written * WRITE_DOLLARS,
  ]);
  console.log(
    `\n## Cost on DynamoDB\n\n${table([['', 'read units', 'write units', 'dollars a million'], ...rows])}`,
  );
}

/** The same calls with more and more stored: units and time stay as they are. */
export async function scale(contender: Contender & { readonly endpoint: string }): Promise<void> {
  const { app, endpoint } = contender;
  const engine = createDynamoDbEngine({
    tables: { state: 'ib-oauth-state-bench', tokens: 'ib-oauth-tokens-bench' },
    client: {
      endpoint,
      region: 'local',
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
      limits: { attemptMs: 60_000, callMs: 60_000 },
    },
  });
  const rows: (string | number)[][] = [
    ['items stored', 'userinfo p50 ms', 'read units', 'refresh p50 ms', 'read + write units'],
  ];
  const { code } = await app.signIn();
  let tokens = await app.exchange(code);
  const refresh = async (): Promise<void> => {
    tokens = await app.refresh(tokens);
  };
  let stored = 0;
  for (const size of SCALES) {
    const writes = Array.from({ length: size - stored }, (_, at): Write => {
      const pk = `AccessToken#filler${stored + at}`;
      const item = { pk, expires: 4_000_000_000, data: randomBytes(350) };
      return { op: 'put', key: { table: 'tokens', pk }, item };
    });
    for (let at = 0; at < writes.length; at += 500) await engine.write(writes.slice(at, at + 500));
    stored = size;
    const seen = await unitsOf(contender, () => app.userinfo(tokens));
    const changed = await unitsOf(contender, refresh);
    const turns = Array.from({ length: 60 });
    const userinfo = await measure(turns, 1, () => app.userinfo(tokens));
    const refreshes = await measure(turns, 1, refresh);
    rows.push([
      String(size),
      userinfo.p50,
      seen.read + seen.written,
      refreshes.p50,
      changed.read + changed.written,
    ]);
  }
  await engine.close();
  console.log(`\n## With more stored\n\n${table(rows)}`);
}
