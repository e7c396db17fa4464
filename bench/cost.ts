/** What calls cost, and that they cost the same with more stored. */
import { randomBytes } from 'node:crypto';
import type { Write } from '../adapters/store/engine.ts';
import { createDynamoDbEngine } from '../adapters/store/engines/dynamodb.ts';
import type { Sandbox } from '../sandbox/server.ts';
import { measure, table } from './load.ts';
import { Provider, statsOf } from './provider.ts';
import type { WorkerStats } from './worker.ts';

const SCALES = (process.env['BENCH_SCALES'] ?? '1000,100000').split(',').map(Number);
/** US East, on demand, dollars a million units. */
const READ_DOLLARS = 0.125;
const WRITE_DOLLARS = 0.625;

/** The same calls with more and more stored: cost and time stay as they are. */
export async function scale(provider: Provider, endpoint: string): Promise<void> {
  const engine = createDynamoDbEngine({
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
  await engine.close();
  console.log(`\n## With more stored\n\n${table(rows)}`);
}

/** What a whole sign-in consumes, and what a million of them cost. */
export async function cost(provider: Provider, sandbox: Sandbox): Promise<void> {
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
