import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { clientSchema } from '../../../config/clients/schema.ts';
import { startEngine } from '../../support/engines.ts';

const CLI = join(import.meta.dirname, '../../../src/cli/main.ts');

describe('the admin’s commands', function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;
  const variables: Record<string, string> = {};

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-cli-'));
    file = join(folder, 'clients.yaml');
    writeFileSync(
      file,
      '# Ours\nclients: # the apps\n  - client_id: first # stays\n    token_endpoint_auth_method: none\n    redirect_uris: [https://first.example/cb]\n',
    );
    for (const name of Object.keys(variables)) delete variables[name];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function run(args: readonly string[], input = '') {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], CLIENTS_FILE: file, DATA_DIR: join(folder, 'data'), ...variables },
    });
    return { status, stdout, stderr };
  }

  /** The same without blocking this process, which may hold the engine. */
  async function runAsync(args: readonly string[]) {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { PATH: process.env['PATH'], CLIENTS_FILE: file, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    return { status: status as number | null, stdout, stderr };
  }

  it('register an app with any field of the file', () => {
    const words = (text: string) => text.split(' ');
    const added = run([
      ...words('--json client add full --redirect-uri https://full.example/cb'),
      ...words('--post-logout-redirect-uri https://full.example/bye https://full.example/gone'),
      ...words('--backchannel-logout-uri https://full.example/out --backchannel-logout-session-required'),
      ...words('--default-max-age 3600 --require-auth-time false --contact ops@full.example'),
      ...words('--token-endpoint-auth-method private_key_jwt --jwks-uri https://full.example/jwks'),
      ...words('--ib-profile fapi2 --ib-id-token-ib-claims false --ib-color #123456'),
    ]);
    expect(added.stderr).to.equal('');
    expect(JSON.parse(added.stdout)).to.deep.equal({ client_id: 'full' });
    const shown = JSON.parse(run(['--json', 'client', 'show', 'full']).stdout) as Record<string, object>;
    expect(shown['metadata']).to.deep.include({
      post_logout_redirect_uris: ['https://full.example/bye', 'https://full.example/gone'],
      backchannel_logout_uri: 'https://full.example/out',
      backchannel_logout_session_required: true,
      default_max_age: 3600,
      require_auth_time: false,
      contacts: ['ops@full.example'],
      token_endpoint_auth_method: 'private_key_jwt',
    });
    expect(shown['ib']).to.deep.include({
      profile: 'fapi2',
      idTokenIbClaims: false,
      brand: { color: '#123456' },
    });
    const refused = run(
      words('client add bad --redirect-uri https://bad.example/cb --logo-uri http://bad.example'),
    );
    expect([refused.status, refused.stderr.trim()]).to.deep.equal([
      1,
      `${file}: clients[2].logo_uri: must be https`,
    ]);
    const help = run(['client', 'add', '--help']).stdout;
    for (const field of Object.keys(clientSchema().shape)) {
      const flag = { client_id: 'id', client_name: '--name', ib: '--ib-profile', client_id_issued_at: '' }[
        field
      ];
      expect(help).to.contain(
        flag ?? `--${field.replaceAll('_', '-').replace(/(uri|type|mode|contact)s$/, '$1')}`,
      );
    }
    run(['client', 'remove', 'full']);
  });

  it('register an app, keep the comments of the file, and show the secret once', () => {
    const added = run(['--json', 'client', 'add', 'portal', '--redirect-uri', 'https://portal.example/cb']);
    expect(added.stderr).to.equal('');
    const { client_secret: secret, client_secret_env: name } = JSON.parse(added.stdout) as Record<
      string,
      string
    >;
    const text = readFileSync(file, 'utf8');
    expect(text)
      .to.contain('# Ours')
      .and.contain('# the apps')
      .and.contain('# stays')
      .and.contain('portal')
      .and.not.contain(secret);
    variables[name ?? ''] = secret ?? '';
    expect(run(['client', 'list']).stdout)
      .to.contain('first')
      .and.contain('portal');
    expect(run(['client', 'show', 'portal']).stdout)
      .to.contain('https://portal.example/cb')
      .and.not.contain(secret);
    const rotated = JSON.parse(run(['--json', 'client', 'rotate-secret', 'portal']).stdout) as Record<
      string,
      string
    >;
    variables[rotated['client_secret_env'] ?? ''] = rotated['client_secret'] ?? '';
    expect(readFileSync(file, 'utf8')).to.contain('[ PORTAL_SECRET_2, PORTAL_SECRET ]');
    expect(run(['check']).status).to.equal(0);
    expect(run(['client', 'remove', 'portal']).status).to.equal(0);
    expect(readFileSync(file, 'utf8')).to.contain('# stays').and.not.contain('portal');
  });

  it('say what a running server makes of a secret that it does not have yet, and what comes next', () => {
    const added = run(['client', 'add', 'later', '--redirect-uri', 'https://later.example/cb']).stdout;
    const refuses = (name: string) =>
      new RegExp(`^Servers refuse the file, and a start fails, until ${name} is set: .* restart them`, 'm');
    expect(added).to.match(refuses('LATER_SECRET'));
    variables['LATER_SECRET'] = 'x'.repeat(64);
    const rotated = run(['client', 'rotate-secret', 'later']).stdout;
    expect(rotated)
      .to.match(refuses('LATER_SECRET_2'))
      .and.match(/^When the app uses it, take LATER_SECRET out of the file\.$/m);
    variables['LATER_SECRET_2'] = 'y'.repeat(64);
    run(['client', 'remove', 'later']);
    writeFileSync(join(folder, 'kept'), 'z'.repeat(64), { mode: 0o600 });
    const kept = ['--redirect-uri', 'https://kept.example/cb', '--client-secret-file', join(folder, 'kept')];
    expect(run(['client', 'add', 'kept', ...kept]).stderr).to.equal('');
    const refused = run(['client', 'rotate-secret', 'kept']);
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.match(/^kept: its secret lies in a file: .*; no restart is needed$/m);
    run(['client', 'remove', 'kept']);
  });

  it('are noted in the audit stream, where it has a file, with who ran them and without a secret', () => {
    const audit = join(folder, 'audit', 'audit.log');
    variables['AUDIT_FILE'] = audit;
    const added = run(['--json', 'client', 'add', 'noted', '--redirect-uri', 'https://noted.example/cb']);
    const { client_secret: secret, client_secret_env: name } = JSON.parse(added.stdout) as Record<
      string,
      string
    >;
    variables[name ?? ''] = secret ?? '';
    run(['client', 'list']);
    run(['client', 'remove', 'noted']);
    run(['client', 'remove', 'noted']);
    const lines = readFileSync(audit, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).to.containSubset([
      { audit: 'admin_command', admin: userInfo().username, command: 'client add', arguments: ['noted'] },
      { audit: 'admin_command', command: 'client remove', arguments: ['noted'] },
    ]);
    expect(lines, 'what failed or changed nothing is not there').to.have.length(2);
    expect(lines.join()).to.not.contain(secret);
  });

  it('never write a file that the server would refuse', () => {
    const before = readFileSync(file, 'utf8');
    for (const args of [
      ['add', 'x', '--redirect-uri', 'http://evil.example'],
      ['add', 'first', '--redirect-uri', 'https://x.example'],
      ['remove', 'nobody'],
      ['add', 'x', '--redirect-uri', 'https://x.example', '--platform', 'evil.example'],
    ]) {
      const refused = run(['client', ...args]);
      expect(refused.status, args.join(' ')).to.equal(1);
      expect(refused.stderr).to.not.equal('').and.not.contain('    at ');
      expect(readFileSync(file, 'utf8')).to.equal(before);
    }
  });

  it('name every fault in one run of check', () => {
    writeFileSync(
      file,
      'clients:\n  - client_id: a\n    redirect_uri: [https://x.example]\n  - client_id: b\n    client_secret: x\n    redirect_uris: [http://x.example]\n',
    );
    const { status, stderr } = run(['check']);
    expect(status).to.equal(1);
    expect(stderr)
      .to.contain('did you mean redirect_uris')
      .and.contain('clients[1].redirect_uris[0]')
      .and.contain('clients[1].client_secret');
  });

  it('make, list and rotate keys with overlap', () => {
    const secrets = join(folder, 'secrets.json');
    expect(run(['secrets', 'create', secrets]).status).to.equal(0);
    expect(run(['secrets', 'create', secrets]).status).to.equal(1);
    variables['SECRETS_FILE'] = secrets;
    const listed = (command: string) =>
      JSON.parse(run(['--json', command, 'list']).stdout) as Record<string, string>[];
    const [first] = listed('keys').filter(({ alg }) => alg === 'RS256');

    const rotated = run(['secrets', 'rotate']);
    expect(rotated.status, rotated.stderr).to.equal(0);
    expect(rotated.stdout).to.match(/^pepper [0-9a-f]{8}: new; known to all/m);
    expect(rotated.stdout).to.match(
      /The next step may be taken from \d{4}-\d\d-\d\dT[\d:]{8}Z on, with --only cookie_key pepper from/,
    );

    const text = readFileSync(secrets, 'utf8');
    const refused = run(['secrets', 'rotate']);
    expect(refused.status).to.equal(1);
    expect(refused.stderr)
      .to.match(/^too early: not before \d{4}/)
      .and.contain('cookie key');
    expect(readFileSync(secrets, 'utf8')).to.equal(text);

    expect(run(['secrets', 'rotate', '--now']).status).to.equal(0);
    const keys = listed('secrets');
    for (const [kind, alg] of [
      ['signing_key', 'RS256'],
      ['signing_key', 'ES256'],
      ['cookie_key', undefined],
      ['pepper', undefined],
    ]) {
      const statuses = keys.filter((key) => key['kind'] === kind && key['alg'] === alg);
      expect(statuses.map(({ status }) => status).sort()).to.deep.equal(['active', 'next', 'retired']);
    }
    const retired = keys.filter(({ status }) => status === 'retired');
    expect(retired.map(({ kid }) => kid)).to.include(first?.['kid']);
    for (const { value } of (JSON.parse(text) as { cookieKeys: { value: string }[] }).cookieKeys) {
      expect(rotated.stdout + refused.stderr + JSON.stringify(keys)).to.not.contain(value);
    }
  });

  it('rotate some kinds of keys alone, and keep the file its owner’s', () => {
    const secrets = join(folder, 'secrets.json');
    expect(run(['secrets', 'create', secrets]).status).to.equal(0);
    variables['SECRETS_FILE'] = secrets;
    expect(run(['secrets', 'rotate', '--only', 'pepper']).status).to.equal(0);
    expect(run(['secrets', 'rotate', '--only', 'pepper']).status).to.equal(1);
    expect(run(['secrets', 'rotate', '--only', 'signing_key', 'cookie_key']).status).to.equal(0);
    expect(run(['secrets', 'rotate', '--only', 'salt']).status).to.equal(1);
    expect(statSync(secrets).mode & 0o777).to.equal(0o600);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
  });

  it('look into the store, and say what a token is without repeating it', () => {
    expect(run(['store', 'stats']).status).to.equal(0);
    expect(run(['store', 'sweep']).stdout).to.contain('0 expired');
    expect(run(['session', 'list', '--user', '6M0B.x']).status).to.equal(0);
    expect(run(['session', 'list']).status).to.equal(1);
    const token = `ibat_${'a'.repeat(87)}`;
    const inspected = run(['token', 'inspect'], token);
    expect(JSON.parse(inspected.stdout)).to.include({ kind: 'AccessToken', live: false });
    expect(inspected.stdout).to.not.contain(token);
    expect(run(['token', 'inspect'], 'nonsense').status).to.equal(1);
  });

  it('make the tables, and say what differs in others', async () => {
    const engine = await startEngine();
    const client = new DynamoDBClient(engine.client);
    Object.assign(variables, {
      STORAGE: 'dynamodb',
      STAGE: 'cli',
      SECRETS_FILE: join(folder, 'secrets.json'),
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: engine.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    expect((await runAsync(['secrets', 'create', join(folder, 'secrets.json')])).status).to.equal(0);
    const made = await runAsync(['store', 'create']);
    expect(made.stderr).to.equal('');
    expect(made.stdout).to.contain('created: ib-oauth-state-cli, ib-oauth-tokens-cli');
    expect((await runAsync(['store', 'create'])).stdout).to.contain('both tables are there');
    expect((await runAsync(['check'])).stdout).to.contain('store: dynamodb, answers');
    await client.send(
      new CreateTableCommand({
        TableName: 'ib-oauth-tokens-wrong',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    );
    variables['STAGE'] = 'wrong';
    const wrong = await runAsync(['store', 'create']);
    expect(wrong.status).to.equal(1);
    expect(wrong.stderr).to.contain('its key is id S HASH').and.contain('subject-index is missing');
    client.destroy();
    await engine.close();
  });

  it('explain themselves', () => {
    expect(run(['--help']).stdout)
      .to.contain('client')
      .and.contain('keys');
    expect(run(['nonsense']).status).to.equal(1);
  });
});
