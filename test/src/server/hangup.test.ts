import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeNewSecretsFile } from '../../../adapters/secrets/file.ts';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { logged, startProcess } from '../../support/processes.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

describe('SIGHUP, which asks for files to be read again', function () {
  this.timeout(60_000);
  let folder: string;
  let env: Record<string, string>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-hangup-'));
    const clients = join(folder, 'clients.yaml');
    writeFileSync(clients, 'clients: []\n');
    env = { PORT: '0', CLIENTS_FILE: clients, DATA_DIR: join(folder, 'data') };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('does not end a server that is starting', async () => {
    const secretsFile = join(folder, 'secrets.json');
    await writeNewSecretsFile(secretsFile, await createSecrets(new Date()));
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env['PATH'],
        ...env,
        STORAGE: 'dynamodb',
        SECRETS_FILE: secretsFile,
        AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`,
        AWS_REGION: 'local',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await once(silent, 'connection');
    // It waits for its tables now, and has not begun to read anything again.
    child.kill('SIGHUP');
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
    silent.close();
  });

  it('does not cut what a server finishes before it ends', async () => {
    const { child, output } = await startProcess(env);
    const [, port = ''] = /\(127\.0\.0\.1:(\d+)\)/.exec(output.join('')) ?? [];
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    const body = 'token=x&client_id=y';
    const head = `POST /revoke HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(head + body.slice(0, 3));
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await logged({ origin: '', child, output }, 'draining', 0);
    child.kill('SIGHUP');
    socket.write(body.slice(3));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).to.match(/^HTTP\/1\.1 4/);
    expect(await ended).to.deep.equal([0, null]);
  });
});
