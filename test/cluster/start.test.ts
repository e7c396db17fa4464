import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { writeNewSecretsFile } from '../../adapters/secrets/file.ts';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { type DynamoDbTestEngine, startEngine } from '../support/engines.ts';
import { startProcess } from '../support/processes.ts';
import { CLIENTS, WEB_SECRET } from '../support/stack.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

describe('a start on DynamoDB', function () {
  this.timeout(30_000);
  let engine: DynamoDbTestEngine;
  let folder: string;
  let env: Record<string, string>;

  before(async () => {
    engine = await startEngine();
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-start-'));
    writeFileSync(join(folder, 'clients.yaml'), CLIENTS);
    await writeNewSecretsFile(join(folder, 'secrets.json'), await createSecrets(new Date()));
    env = {
      PORT: '0',
      STORAGE: 'dynamodb',
      STAGE: 'new',
      AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: engine.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'test',
      SECRETS_FILE: join(folder, 'secrets.json'),
      CLIENTS_FILE: join(folder, 'clients.yaml'),
      WEB_SECRET,
      HOME: folder,
    };
  });
  after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function refused(own: Record<string, string | undefined>): Promise<string[]> {
    const child: ChildProcess = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env['PATH'], ...env, ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [said, printed, [code]] = await Promise.all([
      text(child.stderr as Readable),
      text(child.stdout as Readable),
      once(child, 'exit'),
    ]);
    expect(code, said + printed).to.equal(1);
    expect(printed).to.equal('');
    return said.trimEnd().split('\n');
  }

  it('says that no region is known', async () => {
    const lines = await refused({ AWS_REGION: undefined });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^AWS_REGION: is not set/);
  });

  it('says that an endpoint is no URL', async () => {
    const [line, ...others] = await refused({ AWS_ENDPOINT_URL_DYNAMODB: 'nonsense' });
    expect(line).to.match(/^AWS_ENDPOINT_URL_DYNAMODB: is no URL/);
    expect(others).to.deep.equal([]);
  });

  it('says which tables are missing, and the command that makes them', async () => {
    const command = 'make it: npm run ib-oauth -- store create';
    expect(await refused({})).to.deep.equal([
      `STATE_TABLE: there is no table ib-oauth-state-new in local; ${command}`,
      `TOKEN_TABLE: there is no table ib-oauth-tokens-new in local; ${command}`,
    ]);
  });

  it("does not start on another program's table of the same name", async () => {
    const client = new DynamoDBClient(engine.client);
    for (const TableName of ['earlier-state', 'earlier-tokens']) {
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'code', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'code', AttributeType: 'S' }],
        }),
      );
    }
    client.destroy();
    const lines = await refused({ STATE_TABLE: 'earlier-state', TOKEN_TABLE: 'earlier-tokens' });
    expect(lines).to.have.length(3);
    expect(lines[0]).to.contain('STATE_TABLE').and.contain('its key is code S HASH, expected pk S HASH');
    expect(lines[2]).to.contain('TOKEN_TABLE').and.contain('the index subject-index is missing');
    for (const line of lines) expect(line).to.contain('npm run ib-oauth -- store create');
  });

  it('is one without readiness where the tables do not answer: an outage is no crash loop', async () => {
    const { child, output } = await startProcess({ ...env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' });
    const [, origin = ''] = /listens on (\S+) /.exec(output.join('')) ?? [];
    expect((await fetch(`${origin}/healthz`)).status).to.equal(200);
    expect((await fetch(`${origin}/readyz`)).status).to.equal(503);
    expect(output.join('')).to.contain('store_not_checked');
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
  });
});
