import { expect } from 'chai';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import type { StoreCall } from '../../adapters/store/contract.ts';
import { attributeOf, Browser } from '../support/browser.ts';
import { type DynamoDbTestEngine, startEngine, TABLES } from '../support/engines.ts';
import {
  authorizeUrl,
  exchange,
  type Stack,
  signIn,
  startStack,
  token,
  WEB_SECRET,
  withBearer,
} from '../support/stack.ts';

/** Calls to the store that had to wait for one another; those under way together count once. */
class Counter {
  readonly spans: { start: number; end: number }[] = [];

  add(call: StoreCall): void {
    if (call.operation === 'Scan') return;
    const end = performance.now();
    this.spans.push({ start: end - call.ms, end });
  }

  take(): number {
    let waves = 0;
    let until = -1;
    for (const { start, end } of this.spans.splice(0).sort((a, b) => a.start - b.start)) {
      if (start >= until) waves += 1;
      until = Math.max(until, end);
    }
    return waves;
  }
}

/** What waits for the store, one after another: SQLite takes what is used up and what it gives in one write, DynamoDB in two. */
const PROMISED = {
  embedded: {
    'sign-in': 10,
    'code exchange': 2,
    userinfo: 1,
    proxy: 1,
    introspect: 1,
    refresh: 2,
    'single sign-on': 2,
    revoke: 2,
  },
  dynamodb: {
    'sign-in': 11,
    'code exchange': 3,
    userinfo: 1,
    proxy: 1,
    introspect: 1,
    refresh: 3,
    'single sign-on': 2,
    revoke: 3,
  },
} as const;

for (const storage of ['embedded', 'dynamodb'] as const) {
  describe(`round trips to the store, one after another (${storage})`, () => suite(storage));
}

function suite(storage: keyof typeof PROMISED): void {
  const counter = new Counter();
  let engine: DynamoDbTestEngine | undefined;
  let stack: Stack;
  before(async () => {
    const onCall = (call: StoreCall): void => counter.add(call);
    engine = storage === 'dynamodb' ? await startEngine() : undefined;
    stack = await startStack({
      env: {
        LOG_LEVEL: 'silent',
        ...(engine === undefined ? {} : await onDynamoDb()),
      },
      store: { onCall, ...(engine === undefined ? {} : { client: engine.client }) },
    });
    // What a start asks is not what a user waits for; and an address takes from its limit once for several sign-ins.
    await signIn(stack);
    counter.take();
  });
  after(async () => {
    await stack.close();
    await engine?.close();
  });

  const basic = { authorization: `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}` };
  const post = (path: string, value: unknown) =>
    fetch(`${stack.issuer}${path}`, {
      method: 'POST',
      headers: basic,
      body: new URLSearchParams({ token: String(value) }),
    });

  it('are as few as promised', async () => {
    const trips: Record<string, number> = {};
    const browser = new Browser();
    const [acme] = stack.sandbox.platforms;
    let page = await browser.open(authorizeUrl(stack.issuer));
    page = await browser.press(page, 'platform', { platform_url: acme.origin });
    acme.signIn('ada');
    const poll = await browser.request(
      `${stack.issuer}/authorize/poll?token=${attributeOf(page, 'data-poll', 'data-poll')}`,
      {
        headers: { accept: 'application/json' },
      },
    );
    page = await browser.open(JSON.parse(poll.body)['redirect_url']);
    const { url } = await browser.press(page, 'consent', { decision: 'allow' });
    trips['sign-in'] = counter.take();
    const { body } = await exchange(stack, url);
    trips['code exchange'] = counter.take();
    await (await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).arrayBuffer();
    trips['userinfo'] = counter.take();
    await (
      await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, body['access_token'])
    ).arrayBuffer();
    counter.take();
    await (
      await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, body['access_token'])
    ).arrayBuffer();
    trips['proxy'] = counter.take();
    expect(await (await post('/introspect', body['access_token'])).json()).to.include({ active: true });
    trips['introspect'] = counter.take();
    const refreshed = await token(stack, {
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
    });
    trips['refresh'] = counter.take();
    const again = await browser.open(authorizeUrl(stack.issuer));
    expect(again.url.searchParams.get('code')).to.be.a('string');
    trips['single sign-on'] = counter.take();
    expect((await post('/revoke', refreshed.body['refresh_token'])).status).to.equal(200);
    trips['revoke'] = counter.take();
    console.log(`      ${JSON.stringify(trips)}`);
    expect(trips).to.deep.equal(PROMISED[storage]);
  });
}

async function onDynamoDb(): Promise<Record<string, string>> {
  return {
    STORAGE: 'dynamodb',
    STATE_TABLE: TABLES.state,
    TOKEN_TABLE: TABLES.tokens,
    SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
  };
}
