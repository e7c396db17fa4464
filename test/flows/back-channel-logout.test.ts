import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { Browser } from '../support/browser.ts';
import {
  authorizeUrl,
  CLIENTS,
  exchange,
  type Stack,
  type StackOptions,
  signIn,
  signInAt,
  startStack,
} from '../support/stack.ts';
import { submitOnly } from '../support/standards.ts';

describe('telling apps of a sign-out', () => {
  const received: { token: string; answered: number }[] = [];
  let answers: number[] = [];
  const app = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const answered = answers.shift() ?? 200;
    received.push({ token: new URLSearchParams(body).get('logout_token') ?? '', answered });
    response.writeHead(answered).end('what the app says');
  });
  let origin = '';
  before(async () => {
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    received.length = 0;
    answers = [];
  });
  after(() => {
    app.close();
    app.closeAllConnections();
  });

  const start = (options: StackOptions = {}): Promise<Stack> =>
    startStack({
      clients: CLIENTS.replace(
        'client_name: Web App',
        `client_name: Web App\n    backchannel_logout_uri: ${origin}/logout\n    backchannel_logout_session_required: true`,
      ),
      lifetimes: { backchannelRetryMs: 1, backchannelAttempts: 3 },
      ...options,
    });
  const signOut = async (stack: Stack) => {
    const browser = new Browser();
    const { body } = await exchange(stack, await signIn(stack, browser));
    const page = await browser.open(`${stack.issuer}/logout?id_token_hint=${String(body['id_token'])}`);
    const done = await submitOnly(browser, page, { logout: 'yes' });
    return { done, sid: decodeJwt(String(body['id_token']))['sid'] };
  };
  const calls = (stack: Stack, key: 'event' | 'audit') =>
    stack.logs
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line[key] === 'backchannel_logout')
      .map(({ attempt, outcome, reason }) => [attempt, outcome, reason]);

  it('is repeated until the app has heard it, each time with a token of its own, in log and audit', async () => {
    const stack = await start({ env: { APP_HOSTS: origin } });
    try {
      answers = [500, 503];
      const { done, sid } = await signOut(stack);
      expect(done.status, 'the user waits for none of it').to.equal(200);
      await stack.logged('backchannel_logout', ({ outcome }) => outcome === 'delivered');
      const expected = [
        [1, 'failed', 'status 500'],
        [2, 'failed', 'status 503'],
        [3, 'delivered', undefined],
      ];
      expect(calls(stack, 'event')).to.deep.equal(expected);
      expect(calls(stack, 'audit')).to.deep.equal(expected);
      const tokens = received.map(({ token }) => decodeJwt(token));
      expect(new Set(tokens.map(({ jti }) => jti)).size).to.equal(3);
      for (const token of tokens) expect(token['sid']).to.equal(sid);
      expect(stack.logs.join('\n')).to.not.contain('what the app says').and.not.contain(received[0]?.token);
    } finally {
      await stack.close();
    }
  });

  it('is given up after a few attempts', async () => {
    const stack = await start({ env: { APP_HOSTS: origin } });
    try {
      answers = [500, 500, 500, 500, 500];
      await signOut(stack);
      const last = await stack.logged('backchannel_logout', ({ outcome }) => outcome === 'given_up');
      expect(last).to.include({ attempt: 3, clientId: 'web', host: new URL(origin).host });
      expect(received.length).to.equal(3);
    } finally {
      await stack.close();
    }
  });

  for (const [hosts, reached] of [
    ['', false],
    ['other.example', false],
    ['http://127.0.0.1:1', false],
    ['127.0.0.1', true],
    ['HOST', true],
    ['ORIGIN', true],
  ] as const) {
    it(`${reached ? 'goes' : 'does not go'} to the operator’s own network with APP_HOSTS=${hosts}, and says so`, async () => {
      const named = hosts.replace('ORIGIN', origin).replace('HOST', new URL(origin).host);
      const stack = await start({ env: { APP_HOSTS: named }, lifetimes: { backchannelAttempts: 1 } });
      try {
        await signOut(stack);
        const line = await stack.logged('backchannel_logout');
        expect(line['outcome']).to.equal(reached ? 'delivered' : 'given_up');
        expect(line['reason']).to.equal(reached ? undefined : 'address not public (APP_HOSTS)');
        expect(received.length).to.equal(reached ? 1 : 0);
      } finally {
        await stack.close();
      }
    });
  }

  it('by plain http beyond this machine needs the origin in APP_HOSTS, from the start', async () => {
    const clients = CLIENTS.replace(
      'client_name: Web App',
      'client_name: Web App\n    backchannel_logout_uri: http://10.1.2.3:8080/logout',
    );
    for (const APP_HOSTS of ['', '10.1.2.3', '10.1.2.3:8080', 'http://10.1.2.3']) {
      const refused = await startStack({ clients, env: { APP_HOSTS } }).catch(
        (error: Error) => error.message,
      );
      expect(refused).to.contain('clients[0].backchannel_logout_uri: must be https or loopback');
    }
    await (await startStack({ clients, env: { APP_HOSTS: 'http://10.1.2.3:8080' } })).close();
  });

  it('is for the apps of every account of the browser', async () => {
    const stack = await start({ env: { APP_HOSTS: origin } });
    try {
      const browser = new Browser();
      await signIn(stack, browser);
      const second = stack.sandbox.platforms[1].origin;
      const url = authorizeUrl(stack.issuer, { prompt: 'login', platform_url: second });
      const consent = await signInAt(stack, browser, url, 'alan', 1);
      await browser.press(consent, 'consent', { decision: 'allow' });
      const page = await browser.open(`${stack.issuer}/logout`);
      await submitOnly(browser, page, { logout: 'yes' });
      const subjects = received.map(({ token }) => decodeJwt(token).sub);
      expect(new Set(subjects).size).to.equal(2);
    } finally {
      await stack.close();
    }
  });
});
