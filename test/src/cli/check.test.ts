import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { type Sandbox, startSandbox } from '../../../sandbox/server.ts';
import { startEngine, TABLES } from '../../support/engines.ts';
import { freePort } from '../../support/processes.ts';
import { runProgram } from '../../support/programs.ts';

const SKEWED = pathToFileURL(join(import.meta.dirname, '../../support/skewed-clock.ts')).href;

/** The headers of a signed call that its answer depends on. */
function forwarded(headers: IncomingHttpHeaders): Record<string, string> {
  const names = ['content-type', 'x-amz-target', 'x-amz-date', 'authorization'];
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]));
}

describe('check', function () {
  this.timeout(120_000);
  let folder: string;
  let clientsFile: string;
  let sandbox: Sandbox;
  let apps: Server;
  let origin: string;
  let nobody: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-check-'));
    clientsFile = join(folder, 'clients.yaml');
    sandbox = await startSandbox();
    apps = createServer((request, response) => {
      if (request.url === '/keys') response.end('{"keys":[{"kty":"EC"}]}');
      else if (request.url === '/empty') response.end('{"keys":[]}');
      else if (request.url === '/broken') response.writeHead(500).end();
      else response.writeHead(405).end();
    }).listen(0, '127.0.0.1');
    await once(apps, 'listening');
    origin = `http://127.0.0.1:${(apps.address() as AddressInfo).port}`;
    nobody = `http://127.0.0.1:${await freePort()}`;
  });
  after(async () => {
    apps.close();
    apps.closeAllConnections();
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (entries: readonly { id: string; jwks: string; logout?: string }[]): void =>
    writeFileSync(
      clientsFile,
      `clients:\n${entries
        .map(
          ({ id, jwks, logout }) => `  - client_id: ${id}
    token_endpoint_auth_method: private_key_jwt
    jwks_uri: ${jwks}
    redirect_uris: [https://${id}.example/cb]
${logout === undefined ? '' : `    backchannel_logout_uri: ${logout}\n`}`,
        )
        .join('')}`,
    );
  const check = (more: Record<string, string> = {}, args: readonly string[] = []) =>
    runProgram(
      'cli/main.ts',
      {
        CLIENTS_FILE: clientsFile,
        DATA_DIR: join(folder, 'data'),
        APP_HOSTS: `${origin},${nobody}`,
        IB_HOSTS: [sandbox.platforms[0].origin, sandbox.apiOrigin].join(','),
        METRICS_PORT: '9464',
        ...more,
      },
      { args: ['check', ...args] },
    );

  it('says that all is well of what it has reached: store, disk, platform, every address of an app', async () => {
    write([{ id: 'good', jwks: `${origin}/keys`, logout: `${origin}/out` }]);
    const { code, stdout, stderr } = await check({ AUDIT_FILE: join(folder, 'audit.log') }, [
      '--platform',
      sandbox.platforms[0].origin,
    ]);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout)
      .to.match(/^configuration: 1 clients, 0 resources$/m)
      .and.match(/^secrets: readable, signing keys of 0 days$/m)
      .and.match(/^store: embedded, answers$/m)
      .and.match(/^platform: http.* answers$/m)
      .and.match(/^audit: the file can be written$/m)
      .and.match(/^apps: 2 of 2 addresses answer$/m)
      .and.not.contain('warning: AUDIT');
  });

  it('names each address that is not reached, and what to do; what is told again is a warning', async () => {
    write([
      { id: 'empty', jwks: `${origin}/empty` },
      { id: 'dead', jwks: `${nobody}/keys`, logout: `${nobody}/out` },
      { id: 'broken', jwks: `${origin}/keys`, logout: `${origin}/broken` },
      { id: 'inside', jwks: 'https://127.0.0.1/keys' },
      { id: 'gone', jwks: 'https://no-such-host.invalid/keys' },
    ]);
    const { code, stderr } = await check();
    expect(code).to.equal(1);
    const lines = stderr.trim().split('\n');
    expect(lines.filter((line) => !line.startsWith('warning: '))).to.deep.equal([
      `dead: jwks_uri ${nobody}/keys: nothing listens there`,
      `empty: jwks_uri ${origin}/empty: holds no keys`,
      lines.find((line) => line.startsWith('gone: ')),
      'inside: jwks_uri https://127.0.0.1/keys: its address is not public: name the host in APP_HOSTS if it is your own',
    ]);
    expect(stderr)
      .to.contain(`warning: broken: backchannel_logout_uri ${origin}/broken: answers 500 (backchannel_logout`)
      .and.contain(`warning: dead: backchannel_logout_uri ${nobody}/out: nothing listens there`);
  });

  it('says what would be alarmed about, and that nobody would be told', async () => {
    write([]);
    writeFileSync(clientsFile, 'clients: []\n');
    writeFileSync(join(folder, 'a-file'), '');
    const { METRICS_PORT: _unset, ...rest } = { METRICS_PORT: '' };
    const quiet = await check({ ...rest, METRICS_PORT: '' });
    expect(quiet.stdout)
      .to.contain('warning: METRICS_PORT: is not set')
      .and.contain('warning: platform: none is named');
    const refused = await check({ AUDIT_FILE: join(folder, 'a-file', 'audit.log') });
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/^AUDIT_FILE: cannot be written \(\w+\)$/m);
  });

  it('reaches DynamoDB, and tells a clock that is wrong by the store’s', async () => {
    writeFileSync(clientsFile, 'clients: []\n');
    const engine = await startEngine();
    const env = {
      STORAGE: 'dynamodb',
      STATE_TABLE: TABLES.state,
      TOKEN_TABLE: TABLES.tokens,
      SECRETS_FILE: join(folder, 'secrets.json'),
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: engine.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    try {
      await runProgram('cli/main.ts', {}, { args: ['secrets', 'create', env.SECRETS_FILE] });
      const right = await check(env);
      expect(right.stderr).to.equal('');
      expect(right.stdout).to.contain('clock: within 5 s of the store’s'.replace('’', "'"));
      const skewed = (ms: number) =>
        check({ ...env, NODE_OPTIONS: `--import ${SKEWED}`, CLOCK_SKEW_MS: String(ms) });
      const ahead = await skewed(60_000);
      expect(ahead.code).to.equal(1);
      expect(ahead.stderr).to.match(/^clock: (59|6[01]) s ahead of the store's: codes will be refused/m);
      const behind = await skewed(-12_000);
      expect(behind.stdout).to.match(/^warning: clock: 1[1-3] s behind the store's; keep time/m);
    } finally {
      await engine.close();
    }
    const away = await check(env);
    expect(away.code).to.equal(1);
    expect(away.stderr).to.match(/^store: unavailable/m);
  });

  it('says where the clock could not be compared: the store does not tell the time, or may not be asked', async () => {
    writeFileSync(clientsFile, 'clients: []\n');
    const engine = await startEngine();
    let describe: 'as it is' | 'without Date' | 'refused' = 'as it is';
    const between = createServer(async (request, response) => {
      const isDescribe = String(request.headers['x-amz-target']).endsWith('.DescribeTable');
      if (isDescribe && describe === 'refused') {
        const refusal = { __type: 'com.amazon.coral.service#AccessDeniedException' };
        return void response
          .writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
          .end(JSON.stringify(refusal));
      }
      const answer = await fetch(engine.endpoint, {
        method: 'POST',
        headers: forwarded(request.headers),
        body: await buffer(request),
      });
      response.sendDate = describe !== 'without Date';
      const type = answer.headers.get('content-type') ?? '';
      response
        .writeHead(answer.status, { 'content-type': type })
        .end(Buffer.from(await answer.arrayBuffer()));
    }).listen(0, '127.0.0.1');
    await once(between, 'listening');
    const env = {
      STORAGE: 'dynamodb',
      STATE_TABLE: TABLES.state,
      TOKEN_TABLE: TABLES.tokens,
      SECRETS_FILE: join(folder, 'secrets-of-clocks.json'),
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${(between.address() as AddressInfo).port}`,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: engine.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    try {
      await runProgram('cli/main.ts', {}, { args: ['secrets', 'create', env.SECRETS_FILE] });
      expect((await check(env)).stdout).to.contain("clock: within 5 s of the store's");
      describe = 'without Date';
      const untold = await check(env);
      expect(untold.code, untold.stderr).to.equal(0);
      expect(untold.stdout).to.match(/^warning: clock: not compared with the store's \(it tells no time\)$/m);
      describe = 'refused';
      const refused = await check(env);
      expect(refused.code, refused.stderr).to.equal(0);
      for (const what of ["clock: not compared with the store's", 'store: TTL and backups of the tables'])
        expect(refused.stdout).to.match(new RegExp(`^warning: ${what}.* \\(AccessDeniedException\\)$`, 'm'));
    } finally {
      between.close();
      between.closeAllConnections();
      await engine.close();
    }
  });
});
