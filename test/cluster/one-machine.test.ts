import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Cluster, startCluster, startProcess } from '../support/processes.ts';
import { exchange, signIn, WEB_SECRET } from '../support/stack.ts';

const BASIC = `Basic ${btoa(`web:${WEB_SECRET}`)}`;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** A process and all that it has started. */
function treeOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => treeOf(Number(child))))];
}

/** The TCP ports on which processes listen, as Linux tells `ss`. */
function portsOf(pids: readonly number[]): number[] {
  const inodes = new Map<string, number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state === '0A') inodes.set(`socket:[${inode}]`, Number.parseInt(local.split(':')[1] ?? '', 16));
    }
  }
  const found = pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return inodes.get(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        // Closed meanwhile.
        return undefined;
      }
    }),
  );
  return [...new Set(found.filter((port) => port !== undefined))];
}

describe('a server of several workers on SQLite', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let issuer: string;
  let pid: number;
  let running: ChildProcess | undefined;

  before(async () => {
    cluster = await startCluster(0, {}, 'embedded');
  });
  after(() => cluster.close());
  // Where a test has failed before its end.
  afterEach(() => running?.kill());

  async function serve(own: Record<string, string> = {}): Promise<() => Promise<unknown>> {
    const env = { ...cluster.environment, ISSUER: '', PORT: '0', WORKERS: '2', ...own };
    const { child, output } = await startProcess(env);
    issuer = /listens on (\S+) /.exec(output.join(''))?.[1] ?? '';
    pid = child.pid ?? 0;
    running = child;
    return async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect((await ended)[0]).to.equal(0);
      expect(output.join('')).not.to.match(/Warning|^\s+at /m);
    };
  }

  const post = (params: Record<string, string>): Promise<Response> =>
    fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: BASIC },
      body: new URLSearchParams(params),
    });
  const refresh = ({ refresh_token }: Tokens): Promise<Response> =>
    post({ grant_type: 'refresh_token', refresh_token });
  const userinfo = async ({ access_token: token }: Tokens): Promise<number> =>
    (await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status;

  async function newTokens(): Promise<Tokens> {
    const answer = await exchange({ issuer }, await signIn({ issuer, sandbox: cluster.sandbox }));
    expect(answer.status).to.equal(200);
    return answer.body as unknown as Tokens;
  }

  it('listens on one port, whatever the number of its processes', async function () {
    if (process.platform !== 'linux') return this.skip();
    const end = await serve();
    expect(treeOf(pid).length).to.be.at.least(3);
    expect(portsOf(treeOf(pid))).to.deep.equal([Number(new URL(issuer).port)]);
    await end();
  });

  it('obeys commands that take access back, copy its store and look through it, while it serves', async () => {
    const end = await serve();
    const [taken, kept] = [await newTokens(), await newTokens()];
    const copy = join(cluster.dataDir, '..', 'copy');
    mkdirSync(copy, { mode: 0o700 });
    await cluster.admin(['store', 'backup', join(copy, 'ib-oauth.db')]);
    expect(await cluster.admin(['store', 'check'])).to.contain('no damage found');
    const { sub } = (await (
      await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${taken.access_token}` } })
    ).json()) as { sub: string };
    await cluster.admin(['session', 'revoke', '--user', sub]);
    for (const tokens of [taken, kept]) {
      // Each of the workers, whoever is asked.
      for (let turn = 0; turn < 4; turn += 1) expect(await userinfo(tokens)).to.equal(401);
      expect((await refresh(tokens)).status).to.equal(400);
    }
    await end();
    // The copy is of before.
    const endCopy = await serve({ DATA_DIR: copy });
    expect(await userinfo(kept)).to.equal(200);
    expect((await refresh(kept)).status).to.equal(200);
    await endCopy();
  });

  it('says 503 to what it cannot write on a full disk, goes on reading, and recovers by itself', async function () {
    const disk = mkdtempSync(join(tmpdir(), 'ib-oauth-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      rmSync(disk, { recursive: true });
      // Needs a disk of its own, which not every user may mount.
      return this.skip();
    }
    try {
      const end = await serve({ DATA_DIR: join(disk, 'data') });
      const tokens = await newTokens();
      const filler = join(disk, 'filler');
      fill(filler);
      // What still fits into pages that are there already is written; the rest is not.
      let last = tokens;
      let answer = await refresh(last);
      for (let turn = 0; turn < 50 && answer.status === 200; turn += 1) {
        last = (await answer.json()) as Tokens;
        fill(filler);
        answer = await refresh(last);
      }
      expect(answer.status).to.equal(503);
      expect(answer.headers.get('retry-after')).to.match(/^\d+$/);
      expect(await answer.json()).to.have.property('error', 'temporarily_unavailable');
      for (let turn = 0; turn < 4; turn += 1) expect(await userinfo(last)).to.equal(200);
      rmSync(filler);
      const again = await refresh(last);
      expect(again.status, 'the token was not used up by the attempt').to.equal(200);
      expect(await userinfo((await again.json()) as Tokens)).to.equal(200);
      await end();
    } finally {
      execFileSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  });
});

/** Takes what space is left on a disk. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}
