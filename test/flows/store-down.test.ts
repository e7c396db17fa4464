import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { attributeOf, Browser } from '../support/browser.ts';
import { startEngine, TABLES } from '../support/engines.ts';
import { authorizeUrl, exchange, signIn, startStack, WEB_SECRET } from '../support/stack.ts';

describe('a store that is away', function () {
  this.timeout(60_000);

  it('gets every caller 503 with Retry-After, a page or JSON, and /readyz says so', async () => {
    const engine = await startEngine();
    const stack = await startStack({
      store: { client: { ...engine.client, maxAttempts: 1 } },
      env: {
        LOG_LEVEL: 'silent',
        METRICS_PORT: '13095',
        STORAGE: 'dynamodb',
        STATE_TABLE: TABLES.state,
        TOKEN_TABLE: TABLES.tokens,
        SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
      },
    });
    const { body } = await exchange(stack, await signIn(stack));
    const browser = new Browser();
    const [acme] = stack.sandbox.platforms;
    const waiting = await browser.press(await browser.open(authorizeUrl(stack.issuer)), 'platform', {
      platform_url: acme.origin,
    });
    const ready = async (): Promise<string | undefined> =>
      /^ib_oauth_ready (\d)$/m.exec(await (await fetch('http://127.0.0.1:13095/metrics')).text())?.[1];
    expect((await fetch(`${stack.issuer}/readyz`)).status).to.equal(200);
    expect(await ready()).to.equal('1');
    await engine.close();
    expect(await ready()).to.equal('0');

    const bearer = { authorization: `Bearer ${body['access_token']}` };
    const basic = { authorization: `Basic ${btoa(`web:${WEB_SECRET}`)}` };
    const post = (path: string, params: Record<string, string>) =>
      fetch(stack.issuer + path, { method: 'POST', headers: basic, body: new URLSearchParams(params) });
    const answers = [
      await fetch(`${stack.issuer}/userinfo`, { headers: bearer }),
      await fetch(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, { headers: bearer }),
      await post('/token', { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }),
      await post('/introspect', { token: String(body['access_token']) }),
      await post('/revoke', { token: String(body['access_token']) }),
      await fetch(authorizeUrl(stack.issuer), { redirect: 'manual' }),
    ];
    for (const answer of answers) {
      expect(answer.status, answer.url).to.equal(503);
      expect(Number(answer.headers.get('retry-after'))).to.be.above(0);
      expect(answer.headers.getSetCookie()).to.deep.equal([]);
      expect(await answer.json()).to.include({ error: 'temporarily_unavailable' });
    }
    const handle = attributeOf(waiting, 'data-poll', 'data-poll');
    const poll = await browser.request(`${stack.issuer}/authorize/poll?token=${handle}`, {
      headers: { accept: 'application/json' },
    });
    expect(poll.status).to.equal(503);
    const page = await browser.request(waiting.url);
    expect(page.status).to.equal(503);
    expect(page.headers.get('content-type')).to.contain('text/html');
    expect(page.body).to.contain('busy');
    expect((await fetch(`${stack.issuer}/readyz`)).status).to.equal(503);
    expect((await fetch(`${stack.issuer}/healthz`)).status).to.equal(200);
    await stack.close();
  });
});

describe('a store that does not serve', function () {
  this.timeout(30_000);

  const faults: Record<string, (response: ServerResponse) => void> = {
    'never answers': () => undefined,
    'throttles all calls': refusing('ThrottlingException'),
    'takes the credentials for expired': refusing('ExpiredTokenException'),
    'does not allow the call': refusing('AccessDeniedException'),
  };
  function refusing(name: string) {
    return (response: ServerResponse): void => {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}` }));
    };
  }
  for (const [what, answer] of Object.entries(faults)) {
    it(`and ${what} is 503 with Retry-After, also at /readyz, and the log names its error`, async () => {
      const dynamodb = createServer((request, response) => {
        request.resume();
        answer(response);
      }).listen(0, '127.0.0.1');
      await once(dynamodb, 'listening');
      const stack = await startStack({
        store: {
          client: {
            endpoint: `http://127.0.0.1:${(dynamodb.address() as AddressInfo).port}`,
            region: 'local',
            credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
          },
        },
        env: {
          STORAGE: 'dynamodb',
          SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
        },
      });
      for (const path of ['/readyz', '/authorize?client_id=web&response_type=code&scope=openid']) {
        const response = await fetch(stack.issuer + path);
        expect(response.status, path).to.equal(503);
        expect(Number(response.headers.get('retry-after'))).to.be.above(0);
        await response.arrayBuffer();
      }
      const { error, attempts } = await stack.logged('store_call', (line) => line['error'] !== undefined);
      expect(error).to.match(
        /^(NoAnswerError|ThrottlingException|ExpiredTokenException|AccessDeniedException)$/,
      );
      expect(attempts).to.be.above(0);
      dynamodb.closeAllConnections();
      dynamodb.close();
      await stack.close();
    });
  }
});

describe('the procedures of the operator’s notes', () => {
  it('go as they do in a provider of today: authorize, poll, token', async () => {
    let nowMs = Date.now();
    const stack = await startStack({ now: () => nowMs, env: { LOG_LEVEL: 'silent' } });
    const [acme] = stack.sandbox.platforms;
    const browser = new Browser();
    const started = await browser.request(
      `${stack.issuer}/authorize?response_type=code&client_id=web&redirect_uri=https://app.example/callback&scope=profile`,
    );
    expect(started.status).to.equal(303);
    const form = await browser.open(new URL(started.headers.get('location') ?? '', stack.issuer));
    const page = await browser.press(form, 'platform', { platform_url: acme.origin });
    const poll = async () => {
      const handle = attributeOf(page, 'data-poll', 'data-poll');
      const headers = { accept: 'application/json' };
      const answer = await browser.request(`${stack.issuer}/authorize/poll?token=${handle}`, { headers });
      return JSON.parse(answer.body) as Record<string, string>;
    };
    expect(await poll()).to.include({ error: 'authorization_pending' });
    acme.signIn('ada');
    nowMs += 2000;
    const consent = await browser.open((await poll())['redirect_url'] ?? '');
    const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
    const answer = await fetch(`${stack.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`web:${WEB_SECRET}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: url.searchParams.get('code') ?? '',
        redirect_uri: 'https://app.example/callback',
      }),
    });
    expect(answer.status).to.equal(200);
    await stack.close();
  });
});
