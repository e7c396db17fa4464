import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AttributeValue, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import type { SecretsDocument } from '../../adapters/secrets/document.ts';
import { writeNewSecretsFile } from '../../adapters/secrets/file.ts';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { hashedKey } from '../../adapters/store/seal.ts';
import { attributeOf, Browser, type Page } from '../support/browser.ts';
import { type DynamoDbTestEngine, startEngine, TABLES } from '../support/engines.ts';
import {
  authorizeUrl,
  exchange,
  REDIRECT_URI,
  type Stack,
  signIn,
  token,
  withBearer,
} from '../support/stack.ts';
import {
  type Answer,
  answerIn,
  basic,
  errorOf,
  getJson,
  JWT_RESOURCE,
  post,
  startStandards,
  submitOnly,
} from '../support/standards.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

type Stored = Record<string, AttributeValue>;

/** Rewrites every item of both tables. */
async function rewrite(engine: DynamoDbTestEngine, change: (items: Stored[]) => Stored[]): Promise<void> {
  const client = new DynamoDBClient(engine.client);
  for (const TableName of Object.values(TABLES)) {
    const { Items = [] } = await client.send(new ScanCommand({ TableName }));
    for (const Item of change(Items)) await client.send(new PutItemCommand({ TableName, Item }));
  }
  client.destroy();
}

const modelOf = (item: Stored): string => item['pk']?.S?.split('#')[0] ?? '';
const dataOf = (item: Stored): Uint8Array | undefined => item['data']?.B;

/** Each item's payload in the place of the one before it of the same kind. */
function swapped(items: Stored[]): Stored[] {
  const sealed = items.filter((item) => dataOf(item) !== undefined);
  return [...Map.groupBy(sealed, modelOf).values()].flatMap((group) =>
    group.map((item, index) => ({ ...item, data: group.at(index - 1)?.['data'] ?? { NULL: true } })),
  );
}

function damaged(items: Stored[]): Stored[] {
  return items.flatMap((item) => {
    const data = dataOf(item);
    if (data === undefined) return [];
    const changed = Uint8Array.from(data);
    changed[changed.length - 20] = (changed[changed.length - 20] ?? 0) ^ 1;
    return [{ ...item, data: { B: changed } }];
  });
}

const prolonged = (items: Stored[]): Stored[] =>
  items.map((item) => ({ ...item, expires: { N: String(Number(item['expires']?.N) + 3600) } }));

/** All that a browser and apps have been given, before something becomes of the store. */
interface Given {
  readonly browser: Browser;
  readonly waiting: Browser;
  readonly waitingPage: Page;
  readonly consent: Browser;
  readonly consentPage: Page;
  readonly tokens: Record<string, unknown>;
  readonly jwt: unknown;
  readonly code: URL;
  readonly device: Answer;
  readonly pushed: Answer;
  readonly app: Answer;
}

describe('what does not open', function () {
  this.timeout(60_000);
  let folder: string;
  let secretsFile: string;
  let engine: DynamoDbTestEngine;
  let stack: Stack;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-unopened-'));
    secretsFile = join(folder, 'secrets.json');
    await writeNewSecretsFile(secretsFile, await createSecrets(new Date()));
    engine = await startEngine();
    ({ stack } = await startStandards({
      store: { client: engine.client },
      env: {
        LOG_LEVEL: 'info',
        STORAGE: 'dynamodb',
        STATE_TABLE: TABLES.state,
        TOKEN_TABLE: TABLES.tokens,
        SECRETS_FILE: secretsFile,
        REGISTRATION: 'open',
      },
    }));
  });
  afterEach(async () => {
    await stack.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const register = () =>
    post(stack, '/register', JSON.stringify({ redirect_uris: ['https://self.example/cb'] }), {
      'content-type': 'application/json',
    });
  const push = () =>
    post(
      stack,
      '/par',
      { ...Object.fromEntries(new URL(authorizeUrl(stack.issuer)).searchParams) },
      basic('web'),
    );

  async function toIb(browser: Browser): Promise<Page> {
    const page = await browser.open(authorizeUrl(stack.issuer));
    return browser.press(page, 'platform', { platform_url: stack.sandbox.platforms[0].origin });
  }

  async function give(): Promise<Given> {
    const browser = new Browser();
    const { body: tokens } = await exchange(stack, await signIn(stack, browser));
    const forJwt = await signIn(stack, new Browser(), { resource: JWT_RESOURCE });
    const { body: jwt } = await token(stack, {
      grant_type: 'authorization_code',
      code: forJwt.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      resource: JWT_RESOURCE,
    });
    const [waiting, consent] = [new Browser(), new Browser()];
    const waitingPage = await toIb(waiting);
    const login = await toIb(consent);
    const link = new URL(attributeOf(login, 'data-ib-login', 'href') ?? '');
    stack.sandbox.platforms[0].signIn('ada', link.searchParams.get('token') ?? '');
    return {
      browser,
      waiting,
      waitingPage,
      consent,
      consentPage: await consent.press(login, 'continue'),
      tokens,
      jwt: jwt['access_token'],
      code: await signIn(stack, new Browser()),
      device: await post(stack, '/device_authorization', { client_id: 'tv', scope: 'openid' }),
      pushed: await push(),
      app: await register(),
    };
  }

  /** Everything that was given, presented again: refused as if it had never been, and no browser is locked out. */
  async function expectAbsent(given: Given): Promise<void> {
    const { browser, tokens } = given;
    const value = String(tokens['access_token']);
    expect((await withBearer(`${stack.issuer}/userinfo`, value)).status, 'userinfo').to.equal(401);
    expect((await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, value)).status).to.equal(401);
    const asked = await post(stack, '/introspect', { token: value }, basic('web'));
    expect(asked.body, 'introspection').to.deep.equal({ active: false });
    expect((await post(stack, '/revoke', { token: value }, basic('web'))).status).to.equal(200);
    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens['refresh_token']) };
    expect(errorOf(await token(stack, refresh)), 'refresh').to.deep.equal([400, 'invalid_grant']);
    expect(errorOf(await exchange(stack, given.code)), 'code').to.deep.equal([400, 'invalid_grant']);
    const exchanged = await post(
      stack,
      '/token',
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: String(given.jwt),
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      },
      basic('mcp-server'),
    );
    expect(errorOf(exchanged), 'token exchange').to.deep.equal([400, 'invalid_grant']);
    const { device_code: deviceCode, user_code: userCode } = given.device.body;
    const polled = { grant_type: DEVICE_GRANT, client_id: 'tv', device_code: String(deviceCode) };
    expect(errorOf(await post(stack, '/token', polled)), 'device code').to.deep.equal([400, 'invalid_grant']);
    const entered = await submitOnly(new Browser(), await new Browser().open(`${stack.issuer}/device`), {
      user_code: String(userCode),
    });
    expect(entered.status, 'user code').to.be.below(500);
    const pushed = new URL('/authorize', stack.issuer);
    pushed.search = new URLSearchParams({
      client_id: 'web',
      request_uri: String(given.pushed.body['request_uri']),
    }).toString();
    expect(answerIn(await new Browser().request(pushed)).get('error'), 'pushed request').to.equal(
      'invalid_request_uri',
    );
    const { registration_client_uri: uri, registration_access_token: management } = given.app.body;
    expect((await withBearer(String(uri), management)).status, 'registration').to.equal(401);
    const byApp = authorizeUrl(stack.issuer, {
      client_id: String(given.app.body['client_id']),
      redirect_uri: 'https://self.example/cb',
    });
    expect((await new Browser().request(byApp)).status, 'self-registered app').to.equal(400);

    const handle = attributeOf(given.waitingPage, 'data-poll', 'data-poll') ?? 'x';
    const poll = new URL('/authorize/poll', stack.issuer);
    poll.search = new URLSearchParams({ token: handle }).toString();
    expect((await given.waiting.request(poll)).status, 'poll').to.equal(400);
    const lost = await given.consent.press(given.consentPage, 'consent', { decision: 'allow' });
    expect(lost.status, 'a form of before').to.be.within(400, 499);
    for (const path of ['/account', '/logout']) {
      expect((await browser.open(stack.issuer + path)).status, path).to.equal(200);
    }
    const silent = await browser.request(authorizeUrl(stack.issuer, { prompt: 'none' }));
    expect(answerIn(silent).get('error')).to.equal('login_required');
    for (const locked of [browser, given.waiting, given.consent]) {
      const { status, body } = await exchange(stack, await signIn(stack, locked));
      expect(status, 'a fresh sign-in').to.equal(200);
      expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(200);
    }
    expect(stack.logs.filter((line) => line.includes('"event":"unopened"'))).to.have.length(1);
    expect(stack.logs.filter((line) => /"event":"(failed|server_error)"/.test(line))).to.deep.equal([]);
  }

  for (const [name, wreck] of [
    ['damaged', damaged],
    ['swapped with another of its kind', swapped],
    ['given a later end', prolonged],
  ] as const) {
    it(`is absent where it was ${name}: 401, invalid_grant, a fresh sign-in, told once a minute`, async () => {
      const given = await give();
      // Of each kind two at least, to swap.
      for (const again of [push, register, toIb.bind(undefined, new Browser())]) await again();
      await post(stack, '/device_authorization', { client_id: 'tv', scope: 'openid' });
      await signIn(stack);
      await rewrite(engine, wreck);
      await expectAbsent(given);
    });
  }

  it('is absent where its pepper is gone, taken out of the file of a running server', async () => {
    const given = await give();
    const document = JSON.parse(readFileSync(secretsFile, 'utf8')) as SecretsDocument;
    const { peppers } = await createSecrets(new Date());
    writeFileSync(`${secretsFile}.new`, JSON.stringify({ ...document, peppers }), { mode: 0o600 });
    renameSync(`${secretsFile}.new`, secretsFile);
    await stack.logged('secrets_reloaded');
    await expectAbsent(given);
  });

  it('is a login that somebody who can write to the table marks as signed in', async () => {
    const browser = new Browser();
    const page = await toIb(browser);
    await rewrite(engine, (items) =>
      items.map((item) =>
        modelOf(item) === 'LoginAttempt' ? { ...item, status: { S: 'signed_in' } } : item,
      ),
    );
    expect((await browser.press(page, 'continue')).body).to.contain('platform_url');
  });

  it('is not what a resource server finds in a JWT: nothing in it names anything stored', async () => {
    const { jwt } = await give();
    const claims = JSON.parse(
      Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString('utf8'),
    ) as Record<string, unknown>;
    expect(claims).to.include.keys('jti', 'ib_grant');
    const stored: string[] = [];
    await rewrite(engine, (items) => {
      stored.push(...items.map((item) => item['pk']?.S ?? ''));
      return [];
    });
    const models = new Set(stored.map((pk) => pk.split('#')[0] ?? ''));
    const texts = Object.values(claims).map(String);
    const pieces = texts.flatMap((text) => [
      text,
      ...Array.from(text, (_, at) => text.slice(at, at + 22)),
      ...Array.from(text, (_, at) => text.slice(at, at + 44)),
    ]);
    for (const model of models) {
      // Accounts and clients are known by name to whoever serves them.
      if (model === 'Client') continue;
      for (const piece of pieces) expect(stored).to.not.include(hashedKey(model, piece));
    }
    const userinfo = await getJson(`${stack.issuer}/userinfo`, {
      authorization: `Bearer ${String(claims['ib_grant'])}`,
    });
    expect(userinfo['error']).to.equal('invalid_token');
  });
});
