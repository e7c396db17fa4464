import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePort } from '../../support/processes.ts';
import { runProgram } from '../../support/programs.ts';

describe('the admin’s commands under stress', function () {
  this.timeout(120_000);
  let folder: string;
  let clientsFile: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-stress-'));
    clientsFile = join(folder, 'clients.yaml');
    writeFileSync(clientsFile, 'clients: []\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (args: string, more: Record<string, string> = {}) =>
    runProgram(
      'cli/main.ts',
      { CLIENTS_FILE: clientsFile, DATA_DIR: join(folder, 'data'), ...more },
      { args: args.split(' ') },
    );

  it('about store, sessions and keys need no app’s secret, no good clients’ file and no good brand', async () => {
    writeFileSync(
      clientsFile,
      'clients:\n  - client_id: a\n    client_secret_env: NOT_SET\n    redirect_uris: [https://a.example/cb]\n  - [',
    );
    const faulty = { BRAND_COLOR: 'nonsense', IB_HOSTS: '???', METRICS_PORT: 'x' };
    for (const args of [
      'session list --user 6M0B.x',
      'session revoke --user 6M0B.x',
      'keys list',
      'store stats',
    ]) {
      const { code, stderr } = await run(args, faulty);
      expect([code, stderr], args).to.deep.equal([0, '']);
    }
    const { code, stderr } = await run('store stats', { ...faulty, STORAGE: 'paper', STAGE: '?' });
    expect(code).to.equal(1);
    expect(stderr).to.match(/^STORAGE: [^\n]+\nSTAGE: [^\n]+\n$/);
  });

  it('say in one line what is wrong with a place, a word or a number', async () => {
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'file'), '');
    for (const [args, wanted] of [
      [`secrets create ${folder}/file/secrets.json`, /secrets.json: cannot be written/],
      [`secrets create ${folder}/taken`, /taken: /],
      ['secrets create /proc/secrets.json', /^\/proc\/secrets.json: /],
      ['secrets create', /missing required argument 'file'/],
      ['store backup', /missing required argument 'file'/],
      ['session list', /name either --user or --client/],
      ['session list --usr x', /unknown option '--usr' \(Did you mean --user\?\)/],
      ['session lits', /unknown command 'lits' \(Did you mean list\?\)/],
      ['client show nobody', /nobody: is not registered/],
      ['client registration-token --hours many', /--hours: must be a whole number/],
      ['keys rotate --add RS9', /is invalid\. Allowed choices are EdDSA/],
      ['store stats now', /too many arguments/],
    ] as const) {
      const { code, stderr } = await run(args);
      expect(code, args).to.equal(1);
      expect(stderr, args)
        .to.match(wanted)
        .and.match(/^[^\n]+\n$/);
    }
  });

  it('say in one line that DynamoDB does not answer', async () => {
    const away = {
      STORAGE: 'dynamodb',
      SECRETS_FILE: join(folder, 'secrets.json'),
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${await freePort()}`,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    await run(`secrets create ${away.SECRETS_FILE}`);
    for (const args of ['store create', 'store check', 'store stats', 'session list --user 6M0B.x']) {
      const { code, stderr } = await run(args, away);
      expect(code, args).to.equal(1);
      expect(stderr, args).to.match(/^[^\n]*(ECONNREFUSED|unavailable)[^\n]*\n$/);
    }
  });

  it('say that a list is empty', async () => {
    expect((await run('client list')).stdout).to.match(/^no app is registered in .*clients.yaml; [^\n]+\n$/);
    expect((await run('session list --user 6M0B.x')).stdout).to.equal('6M0B.x: no app has access\n');
    expect((await run('session list --client nobody')).stdout).to.match(/^nobody: 0 users/);
    expect(JSON.parse((await run('--json client list')).stdout)).to.deep.equal([]);
  });

  it('leave nothing half done behind where they fail', async () => {
    const before = readFileSync(clientsFile, 'utf8');
    await run('client add x --redirect-uri http://x.example');
    expect(readFileSync(clientsFile, 'utf8')).to.equal(before);
  });
});
