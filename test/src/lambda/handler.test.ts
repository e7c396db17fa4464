import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeNewSecretsFile } from '../../../adapters/secrets/file.ts';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { createHandler } from '../../../src/lambda/handler.ts';
import { setAwsVariables } from '../../support/aws.ts';
import { type DynamoDbTestEngine, startEngine, TABLES } from '../../support/engines.ts';
import { CLIENTS, WEB_SECRET } from '../../support/stack.ts';

interface Answer {
  readonly statusCode: number;
  readonly body: string;
  readonly headers: Record<string, string>;
  readonly cookies?: string[];
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly isBase64Encoded: boolean;
}

const ISSUER = 'https://id.acme.example';

describe('the function on Lambda', () => {
  let engine: DynamoDbTestEngine;
  let folder: string;
  let functionWith: (secretsFile: string) => (event: unknown) => Promise<Answer>;
  let handle: (event: unknown) => Promise<Answer>;
  let restore: () => void;

  before(async () => {
    engine = await startEngine();
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-lambda-'));
    writeFileSync(join(folder, 'clients.yaml'), CLIENTS);
    await writeNewSecretsFile(join(folder, 'secrets.json'), await createSecrets(new Date()));
    restore = setAwsVariables(engine);
    const write = process.stdout.write;
    functionWith = (secretsFile) => {
      const handler = createHandler({
        ISSUER,
        STATE_TABLE: TABLES.state,
        TOKEN_TABLE: TABLES.tokens,
        SECRETS_FILE: join(folder, secretsFile),
        CLIENTS_FILE: join(folder, 'clients.yaml'),
        WEB_SECRET,
        LOG_LEVEL: 'silent',
      });
      return async (event) => {
        // Metrics go to the log as lines; here they are left out of the test's output.
        process.stdout.write = (chunk: unknown) =>
          String(chunk).startsWith('{"_aws"') ? true : write.call(process.stdout, String(chunk));
        try {
          return (await handler(event, {})) as Answer;
        } finally {
          process.stdout.write = write;
        }
      };
    };
    handle = functionWith('secrets.json');
  });
  after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
    restore();
  });

  const v2 = (path: string, more: Record<string, unknown> = {}, stage = '$default') => ({
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'abc.execute-api.amazonaws.com', accept: 'application/json' },
    requestContext: { http: { method: 'GET', path, sourceIp: '1.2.3.4' }, stage },
    isBase64Encoded: false,
    ...more,
  });
  const v1 = (path: string, stage: string) => ({
    resource: '/{proxy+}',
    path,
    httpMethod: 'GET',
    headers: { Host: 'abc.execute-api.amazonaws.com' },
    multiValueHeaders: { Host: ['abc.execute-api.amazonaws.com'] },
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    requestContext: { stage, path, httpMethod: 'GET', identity: { sourceIp: '1.2.3.4' } },
    body: null,
    isBase64Encoded: false,
  });

  it('answers events of HTTP and REST APIs, with and without a stage in the path', async () => {
    const path = '/.well-known/openid-configuration';
    for (const event of [
      v2(path),
      v2(`/dev${path}`, {}, 'dev'),
      v1(path, 'prod'),
      v1(`/prod${path}`, 'prod'),
    ]) {
      const answer = await handle(event);
      expect(answer.statusCode, answer.body).to.equal(200);
      expect(JSON.parse(answer.body)).to.include({ issuer: ISSUER, token_endpoint: `${ISSUER}/token` });
    }
  });

  it('sets several cookies, for https, and redirects', async () => {
    const rawQueryString = new URLSearchParams({
      client_id: 'web',
      response_type: 'code',
      redirect_uri: 'https://app.example/callback',
      scope: 'openid',
    }).toString();
    const answer = await handle(v2('/authorize', { rawQueryString }));
    expect(answer.statusCode).to.equal(303);
    expect(answer.headers['location']).to.match(/^\/interaction\//);
    expect(answer.cookies?.length).to.be.above(1);
    for (const cookie of answer.cookies ?? [])
      expect(cookie)
        .to.match(/secure/i)
        .and.match(/httponly/i);
    const page = await handle(
      v2(answer.headers['location'] ?? '', {
        cookies: answer.cookies?.map((cookie) => cookie.split(';', 1)[0]),
        headers: { accept: 'text/html' },
      }),
    );
    expect(page.statusCode).to.equal(200);
    expect(page.body).to.contain('name="platform_url"');
    expect(page.isBase64Encoded).to.equal(false);
  });

  it('reads bodies that come as base64', async () => {
    const answer = await handle(
      v2('/token', {
        requestContext: { http: { method: 'POST', path: '/token', sourceIp: '1.2.3.4' }, stage: '$default' },
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${btoa(`web:${WEB_SECRET}`)}`,
        },
        body: Buffer.from(
          'grant_type=authorization_code&code=x&redirect_uri=https://app.example/callback',
        ).toString('base64'),
        isBase64Encoded: true,
      }),
    );
    expect([answer.statusCode, JSON.parse(answer.body)['error']]).to.deep.equal([400, 'invalid_grant']);
  });

  it('opens its store where that is needed: under other keys it answers what stands on nothing stored, and refuses the rest', async () => {
    expect((await handle(v2('/readyz'))).statusCode).to.equal(200);
    await writeNewSecretsFile(join(folder, 'others.json'), await createSecrets(new Date()));
    const stranger = functionWith('others.json');
    const items = await engine.open();
    const count = async () => (await items.count('state', '', 0)) + (await items.count('tokens', '', 0));
    const before = await count();
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await stranger(v2('/.well-known/openid-configuration'))).statusCode).to.equal(200);
      expect((await stranger(v2('/readyz'))).statusCode).to.equal(503);
      const rawQueryString = 'client_id=web&response_type=code&scope=openid';
      expect((await stranger(v2('/authorize', { rawQueryString }))).statusCode).to.equal(500);
    }
    expect(await count()).to.equal(before);
    await items.close();
  });

  it('fails loudly, and again, on a faulty configuration', async () => {
    const faulty = createHandler({ PORT: 'x' });
    for (let turn = 0; turn < 2; turn += 1) {
      const error = await faulty(v2('/'), {}).catch((caught: unknown) => caught);
      expect(String(error)).to.contain('PORT');
    }
  });
});
