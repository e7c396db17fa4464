import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { Browser, type Page } from '../support/browser.ts';
import { type DynamoDbTestEngine, startEngine, TABLES } from '../support/engines.ts';
import {
  authorizeUrl,
  exchange,
  type Stack,
  signInAt,
  startStack,
  token,
  WEB_SECRET,
  withBearer,
} from '../support/stack.ts';

/** A browser that keeps every cookie value and handle it ever saw. */
class WatchingBrowser extends Browser {
  readonly seen = new Set<string>();

  override async request(...args: Parameters<Browser['request']>): Promise<Page> {
    const page = await super.request(...args);
    for (const { name, value } of this.cookies) if (!name.endsWith('.sig')) this.seen.add(value);
    for (const [, handle = ''] of page.body.matchAll(/data-poll="([^"]+)"/g)) this.seen.add(handle);
    for (const [, csrf = ''] of page.body.matchAll(/name="csrf" value="([^"]+)"/g)) this.seen.add(csrf);
    return page;
  }
}

describe('secrets', () => {
  let engine: DynamoDbTestEngine;
  let stack: Stack;
  const secrets = new Set<string>();
  const dumps: string[] = [];

  async function dump(): Promise<void> {
    const client = new DynamoDBClient(engine.client);
    for (const TableName of Object.values(TABLES)) {
      const { Items = [] } = await client.send(new ScanCommand({ TableName }));
      for (const item of Items) {
        const values = Object.values(item).map((value) =>
          value.B ? Buffer.from(value.B).toString('latin1') : JSON.stringify(value),
        );
        dumps.push(
          ...values,
          ...Object.values(item).flatMap((value) =>
            value.B ? [Buffer.from(value.B).toString('base64url')] : [],
          ),
        );
      }
    }
    client.destroy();
  }

  before(async () => {
    engine = await startEngine();
    stack = await startStack({
      store: { client: engine.client },
      env: {
        LOG_LEVEL: 'trace',
        STORAGE: 'dynamodb',
        STATE_TABLE: TABLES.state,
        TOKEN_TABLE: TABLES.tokens,
        SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
      },
    });

    const browser = new WatchingBrowser();
    const [acme] = stack.sandbox.platforms;
    const scope = 'openid profile email ib:api ib:session offline_access';
    const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer, { scope, prompt: 'consent' }));
    await dump();
    const redirect = (await browser.press(consent, 'consent', { decision: 'allow' })).url;
    await dump();
    const { body } = await exchange(stack, redirect);
    const refreshed = await token(stack, {
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
    });
    const claims = (await (
      await withBearer(`${stack.issuer}/userinfo`, refreshed.body['access_token'])
    ).json()) as Record<string, unknown>;
    await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/resource`, refreshed.body['access_token']);
    await withBearer(
      `${stack.issuer}/proxy/api/3.0.0/6M0B/resource?sid=${claims['ib_session_id']}`,
      refreshed.body['access_token'],
    );
    await withBearer(`${stack.issuer}/userinfo`, 'ibat_wrong-token-wrong-token');
    await exchange(stack, redirect);
    await dump();

    const values = [
      redirect.searchParams.get('code'),
      body['access_token'],
      body['refresh_token'],
      body['id_token'],
      refreshed.body['access_token'],
      refreshed.body['refresh_token'],
      claims['ib_session_id'],
      acme.lastToken(),
      WEB_SECRET,
      'ibat_wrong-token-wrong-token',
      `apikey-${claims['ib_session_id']}`,
      'the-nonce',
    ];
    for (const value of [...values, ...browser.seen]) secrets.add(String(value));
  });
  after(async () => {
    await stack.close();
    await engine.close();
  });

  it('were really seen', () => {
    expect(secrets.size).to.be.above(14);
    for (const secret of secrets) expect(secret.length, secret).to.be.above(6);
    expect(dumps.length).to.be.above(20);
    expect(stack.logs.length).to.be.above(20);
  });

  it('stand in no table, whoever copies it', () => {
    for (const secret of secrets) {
      for (const value of dumps) expect(value.includes(secret), secret).to.equal(false);
    }
    const everything = dumps.join('\n');
    // Whole values only: three or four letters stand in random bytes by chance.
    for (const personal of [/Ada Lovelace/, /Lovelace/, /ada@acme\.example/, /"6M0B\\?"/]) {
      expect(everything).to.not.match(personal);
    }
    expect(everything).to.not.contain(stack.sandbox.apiOrigin);
  });

  it('stand in no line of the log, at any level', () => {
    const logs = stack.logs.join('');
    for (const secret of secrets) expect(logs.includes(secret), secret).to.equal(false);
    expect(logs).to.contain('sign_in_finished').and.contain('store_call');
  });
});
