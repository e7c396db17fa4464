import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { startEngine } from '../../support/engines.ts';
import { useAdmin } from './admin.ts';

describe('the admin’s commands', function () {
  this.timeout(60_000);
  const admin = useAdmin();
  const { run, runAsync, variables } = admin;

  it('make, list and rotate keys with overlap', () => {
    const secrets = join(admin.folder, 'secrets.json');
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
    const secrets = join(admin.folder, 'secrets.json');
    expect(run(['secrets', 'create', secrets]).status).to.equal(0);
    variables['SECRETS_FILE'] = secrets;
    expect(run(['secrets', 'rotate', '--only', 'pepper']).status).to.equal(0);
    expect(run(['secrets', 'rotate', '--only', 'pepper']).status).to.equal(1);
    expect(run(['secrets', 'rotate', '--only', 'signing_key', 'cookie_key']).status).to.equal(0);
    expect(run(['secrets', 'rotate', '--only', 'salt']).status).to.equal(1);
    expect(statSync(secrets).mode & 0o777).to.equal(0o600);
    expect(readdirSync(admin.folder).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
  });

  it('look into the store, and say what a token is without repeating it', () => {
    expect(run(['store', 'stats']).status).to.equal(0);
    expect(run(['store', 'sweep']).stdout).to.contain('0 expired');
    expect(run(['session', 'list', '--user', '6M0B.x']).status).to.equal(0);
    expect(run(['session', 'list']).status).to.equal(1);
    expect(run(['session', 'revoke', '--user', '']).stderr).to.equal('name either --user or --client\n');
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
      SECRETS_FILE: join(admin.folder, 'secrets.json'),
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: engine.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    expect((await runAsync(['secrets', 'create', join(admin.folder, 'secrets.json')])).status).to.equal(0);
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
