import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { type Cluster, freePort, startCluster, startProcess } from '../support/processes.ts';
import { exchange, signIn } from '../support/stack.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

type Line = Readonly<Record<string, unknown>>;

describe('several workers of one server', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let env: Record<string, string>;
  let child: ChildProcess;
  let output: string[];
  let issuer: string;
  let metricsPort: number;

  before(async () => {
    cluster = await startCluster(0);
    metricsPort = await freePort();
    // An empty variable is one that is not set.
    const own = { ISSUER: '', PORT: '0', WORKERS: '3', METRICS_PORT: String(metricsPort) };
    env = { ...cluster.environment, ...own };
    ({ child, output } = await startProcess(env));
    issuer = /listens on (\S+) /.exec(output.join(''))?.[1] ?? '';
  });
  after(() => cluster.close());

  const linesOf = (event: string): Line[] =>
    output
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => line['event'] === event);
  /** The log is written a moment after what it tells. */
  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await setTimeout(20);
  }
  async function ask(path: string): Promise<number> {
    const response = await fetch(issuer + path, { headers: { connection: 'close' } });
    await response.arrayBuffer();
    return response.status;
  }

  it('start with one line of the log each, and say once where they listen', async () => {
    await until(() => linesOf('worker_started').length === 3);
    expect(linesOf('worker_started').map(({ worker }) => worker)).to.have.members([1, 2, 3]);
    expect(new Set(linesOf('worker_started').map(({ pid }) => pid)).size).to.equal(3);
    expect(output.join('').match(/listens on/g)).to.have.length(1);
  });

  it('answer one sign-in in turns, each request whoever is next', async () => {
    const { status } = await exchange({ issuer }, await signIn({ issuer, sandbox: cluster.sandbox }));
    expect(status).to.equal(200);
    for (let turn = 0; turn < 6; turn += 1) await ask('/healthz');
    await until(() => new Set(linesOf('request').map(({ worker }) => worker)).size === 3);
  });

  it('have the numbers of all at one address', async () => {
    const before = linesOf('request').length;
    for (let turn = 0; turn < 9; turn += 1) await ask('/.well-known/openid-configuration');
    await until(() => linesOf('request').length >= before + 9);
    const numbers = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const counts = [
      ...numbers.matchAll(/^ib_oauth_requests_total\{[^}]*openid-configuration[^}]*\} (\d+)$/gm),
    ];
    expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).to.equal(9);
  });

  it('are started again when they die, later each time, while the others serve', async () => {
    for (const pauseMs of [200, 400]) {
      const started = linesOf('worker_started').filter(({ worker }) => worker === 2);
      process.kill(Number(started.at(-1)?.['pid']), 'SIGKILL');
      await until(() => linesOf('worker_died').at(-1)?.['startsAgainInMs'] === pauseMs);
      expect(linesOf('worker_died').at(-1)).to.include({ worker: 2, signal: 'SIGKILL' });
      expect(await ask('/readyz')).to.equal(200);
      await until(
        () => linesOf('worker_started').filter(({ worker }) => worker === 2).length > started.length,
      );
      expect(await ask('/readyz')).to.equal(200);
    }
  });

  it('end together on SIGTERM, with code 0', async () => {
    const pids = linesOf('worker_started').map(({ pid }) => Number(pid));
    const deaths = linesOf('worker_died').length;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
    for (const pid of pids) expect(() => process.kill(pid, 0)).to.throw('ESRCH');
    expect(linesOf('worker_died'), 'an end is no death').to.have.length(deaths);
  });

  for (const [what, own, line] of [
    ['the first serves and others start', { WORKERS: '9' }, 'worker_started'],
    ['a single process starts', { WORKERS: '1', HOST: '0.0.0.0' }, 'config_warning'],
  ] as const) {
    it(`end with code 0 on a SIGTERM that comes while ${what}`, async () => {
      const { METRICS_PORT: _port, ...others } = env;
      const starting = spawn(process.execPath, [MAIN], {
        env: { PATH: process.env['PATH'], ...others, ...own },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(starting, 'exit');
      let said = '';
      for await (const chunk of starting.stdout as Readable) {
        said += String(chunk);
        if (said.includes(`"event":"${line}"`)) starting.kill('SIGTERM');
      }
      expect(await ended).to.deep.equal([0, null]);
      expect(said).to.not.contain('listens on');
    });
  }

  async function refused(own: Record<string, string>): Promise<string[]> {
    const process_ = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env['PATH'], ...env, ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [said, , [code]] = await Promise.all([
      text(process_.stderr as Readable),
      text(process_.stdout as Readable),
      once(process_, 'exit'),
    ]);
    expect(code).to.equal(1);
    return said.trimEnd().split('\n');
  }

  it('say a fault of the configuration once, of the secrets once, and of the port once', async () => {
    expect(await refused({ LOG_LEVEL: 'loud', WORKERS: '0' })).to.have.length(2);
    expect(await refused({ SECRETS_FILE: '/nowhere/secrets.json' })).to.have.length(1);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const lines = await refused({ PORT: String(port), METRICS_PORT: String(await freePort()) });
    const numbers = await refused({ METRICS_PORT: String(port) });
    taken.close();
    expect(lines).to.deep.equal(['PORT: cannot listen there (EADDRINUSE)']);
    expect(numbers).to.deep.equal(['METRICS_PORT: cannot listen there (EADDRINUSE)']);
  });

  it('say once that an address is none of this machine’s, by the variable that names it', async () => {
    // RFC 5737: nobody's.
    for (const name of ['HOST', 'METRICS_HOST']) {
      const lines = await refused({ [name]: '192.0.2.9', METRICS_PORT: '0' });
      expect(lines).to.deep.equal([`${name}: cannot listen there (EADDRNOTAVAIL)`]);
    }
  });

  it('do not share a store in memory', async () => {
    const [line, ...others] = await refused({ STORAGE: 'embedded', DATA_DIR: ':memory:' });
    expect(others).to.deep.equal([]);
    expect(line).to.match(/^WORKERS: .*:memory:/);
  });
});
