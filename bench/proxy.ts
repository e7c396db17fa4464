/** Calls through the proxy against direct ones: time, throughput, memory. */
import { fetch as undiciFetch } from 'undici';
import type { Sandbox } from '../sandbox/server.ts';
import type { Contender } from './contenders.ts';
import { memoryMb } from './cpu.ts';
import { percentile, table } from './load.ts';

const TRANSFER = 100 * 1024 * 1024;
/** With the transfers fewer than the calls that a user may make in a minute. */
const WARM_UP = 100;
const MEASURED = 400;

async function drain(url: string, headers: Record<string, string>): Promise<number> {
  const response = await undiciFetch(url, { headers });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).length;
  return bytes;
}

/** Prints the tables of the proxy. */
export async function proxy({ app, pids }: Contender, sandbox: Sandbox): Promise<void> {
  const { access_token: token } = await app.exchange((await app.signIn()).code);
  const direct = `${sandbox.apiOrigin}/api/3.0.0/6M0B`;
  const proxied = `${app.issuer}/proxy/api/3.0.0/6M0B`;
  const bearer = { authorization: `Bearer ${token}` };
  await drain(`${proxied}/folder`, bearer);
  const sid = String(sandbox.calls.findLast((call) => call.headers['sid'] !== undefined)?.headers['sid']);
  const small = async (url: string, headers: Record<string, string>): Promise<number[]> => {
    const times: number[] = [];
    for (let turn = 0; turn < WARM_UP + MEASURED; turn += 1) {
      const begun = performance.now();
      await drain(url, headers);
      if (turn >= WARM_UP) times.push(performance.now() - begun);
    }
    return times.sort((a, b) => a - b);
  };
  const userinfo = await small(`${app.issuer}/userinfo`, bearer);
  const a = await small(`${direct}/folder`, { sid });
  const b = await small(`${proxied}/folder`, bearer);
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
  const idle = memoryMb(pids);
  let peak = idle;
  const watching = setInterval(() => {
    peak = Math.max(peak, memoryMb(pids));
  }, 20);
  await Promise.all(Array.from({ length: 50 }, () => drain(`${proxied}/file?size=${TRANSFER / 4}`, bearer)));
  clearInterval(watching);
  console.log(
    `\n## The proxy\n\n${table([
      ['', 'p50 ms', 'p99 ms'],
      ['direct call', percentile(a, 0.5), percentile(a, 0.99)],
      ['through the proxy', percentile(b, 0.5), percentile(b, 0.99)],
      ['added', percentile(b, 0.5) - percentile(a, 0.5), percentile(b, 0.99) - percentile(a, 0.99)],
      ['/userinfo, for comparison', percentile(userinfo, 0.5), percentile(userinfo, 0.99)],
    ])}\n\n${table([
      ['100 MB', 'MB/s', 'share of direct'],
      ['direct', 100 / best(0), 1],
      ['through the proxy', 100 / best(1), best(0) / best(1)],
    ])}\n\nMemory over idle with 50 transfers at once: ${(peak - idle).toFixed(0)} MB`,
  );
}
