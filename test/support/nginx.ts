/** nginx, where it is installed, in front of a server of the test's own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Nginx {
  readonly origin: string;
  close(): Promise<void>;
}

/** Whether tests can run it; says what is missing where they cannot, and throws where nginx was asked for. */
export function hasNginx(): boolean {
  if (spawnSync('nginx', ['-v']).error === undefined) return true;
  const missing = 'nginx (1.22 or newer) is not on the path: apt-get install nginx';
  if (process.env['NGINX_PATH'] !== undefined) throw new Error(missing);
  process.stdout.write(`      ${missing}\n`);
  return false;
}

/** Starts it with a configuration for a folder of its own and a port, and waits until the server behind it answers. */
export async function startNginx(configure: (folder: string, port: number) => string): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-nginx-'));
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, `daemon off;\nmaster_process off;\n${configure(folder, port)}`);
  const child = spawn('nginx', ['-p', folder, '-c', file], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  const isUp = (): Promise<boolean> =>
    fetch(`${origin}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (child.exitCode === null && !(await isUp()));
  if (child.exitCode !== null) throw new Error('nginx does not take its configuration');
  return {
    origin,
    async close() {
      child.kill('SIGQUIT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
