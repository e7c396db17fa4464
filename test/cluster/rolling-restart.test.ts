import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { type Cluster, freePort, startCluster, type Worker } from '../support/processes.ts';
import { REDIRECT_URI, signIn, VERIFIER, WEB_SECRET } from '../support/stack.ts';

const BASIC = `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}`;
const OPERATIONS = join(import.meta.dirname, '../../docs/operations.md');
const USERS = 300;
const AT_ONCE = 4;
const PROCESSES = 3;

/** The block of the operators' notes, as it is printed there, but for the addresses of this machine. */
function printedBlock(port: number, upstream: readonly number[]): string {
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(readFileSync(OPERATIONS, 'utf8')) ?? [];
  let next = 0;
  return block
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replaceAll(/server 10\.0\.0\.\d:3000/g, () => `server 127.0.0.1:${upstream[next++]}`);
}

/**
 * Opt-in: `npm run test:nginx` with nginx (1.22 or newer) on the path. Three processes behind nginx are ended and started
 * again, one after the other and over and over, while users sign in and apps refresh.
 */
describe('a rolling restart behind nginx', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let nginx: ChildProcess;
  let folder: string;
  let issuer: string;
  const ports: number[] = [];

  before(async function () {
    if (process.env['NGINX_PATH'] === undefined) return this.skip();
    const port = await freePort();
    issuer = `http://localhost:${port}`;
    while (ports.length < PROCESSES) ports.push(await freePort());
    cluster = await startCluster(0);
    for (const own of ports) await start(own);
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-nginx-'));
    const file = join(folder, 'nginx.conf');
    writeFileSync(
      file,
      `daemon off; pid ${folder}/pid; error_log stderr warn; events {}\nhttp { access_log off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
      uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;\n${printedBlock(port, ports)}}`,
    );
    nginx = spawn(process.env['NGINX_PATH'], ['-c', file, '-p', folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    while (!(await isUp())) await setTimeout(50);
  });
  after(async () => {
    if (cluster === undefined) return;
    const ended = once(nginx, 'exit');
    nginx.kill();
    await ended;
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (port: number): Promise<Worker> =>
    cluster.start({ ISSUER: issuer, PORT: String(port), TRUSTED_PROXIES: '1' });
  const isUp = (): Promise<boolean> =>
    fetch(`${issuer}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );

  async function token(params: Record<string, string>): Promise<Record<string, string>> {
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: BASIC },
      body: new URLSearchParams(params),
    });
    const body = await answer.text();
    expect(answer.status, body).to.equal(200);
    return JSON.parse(body) as Record<string, string>;
  }

  /** One user, from the app to tokens that have been refreshed. Nothing is tried twice. */
  async function oneUser(): Promise<void> {
    const back = await signIn({ issuer, sandbox: cluster.sandbox });
    const code = back.searchParams.get('code') ?? '';
    const first = await token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    });
    await token({ grant_type: 'refresh_token', refresh_token: first['refresh_token'] ?? '' });
  }

  it(`fails none of ${USERS} sign-ins, exchanges and refreshes`, async () => {
    let begun = 0;
    let finished = 0;
    let restarts = 0;
    async function users(): Promise<void> {
      while (begun < USERS) {
        begun += 1;
        await oneUser();
        finished += 1;
      }
    }
    let going = true;
    const all = Promise.all(Array.from({ length: AT_ONCE }, users)).finally(() => {
      going = false;
    });
    all.catch(() => undefined);
    for (let turn = 0; going; turn += 1) {
      const [oldest] = cluster.workers;
      if (oldest === undefined) throw new Error('no process');
      const ended = once(oldest.child, 'exit');
      oldest.child.kill('SIGTERM');
      expect(await ended, oldest.output.join('')).to.deep.equal([0, null]);
      await cluster.kill(oldest);
      await start(ports[turn % PROCESSES] ?? 0);
      restarts += 1;
    }
    await all;
    expect(finished).to.equal(USERS);
    expect(restarts).to.be.at.least(PROCESSES);
    console.log(`      ${restarts} restarts`);
  });
});
