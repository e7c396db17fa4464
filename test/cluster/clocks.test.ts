import { join } from 'node:path';
import { expect } from 'chai';
import { attributeOf, Browser, formsOf, type Page } from '../support/browser.ts';
import { type Cluster, logged, startCluster } from '../support/processes.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER, WEB_SECRET } from '../support/stack.ts';

const BASIC = `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}`;
/** What is held, with as much time left for the user's browser as a code lives beyond it. */
const HELD_SECONDS = 30;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

describe('two processes whose clocks differ by 30 s', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let turn: number;
  /** Each request goes to the other process than the one before. */
  const next = (): string => {
    turn += 1;
    return cluster.workers[turn % 2]?.origin ?? '';
  };
  const post = async (path: string, params: Record<string, string>): Promise<Answer> => {
    const response = await fetch(next() + path, {
      method: 'POST',
      headers: { authorization: BASIC },
      body: new URLSearchParams(params),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
  };
  const redeem = (code: string): Promise<Answer> =>
    post('/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    });
  const userinfo = async (token: unknown): Promise<number> =>
    (await fetch(`${next()}/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status;

  before(async () => {
    cluster = await startCluster(1);
    await cluster.start({
      NODE_OPTIONS: `--import ${join(import.meta.dirname, '../support/skewed-clock.ts')}`,
      CLOCK_SKEW_MS: String(HELD_SECONDS * 1000),
    });
  });
  after(() => cluster.close());

  it('really differ', async () => {
    const [right = 0, ahead = 0] = await Promise.all(
      cluster.workers.map(async (worker) => {
        await fetch(`${worker.origin}/jwks`);
        await logged(worker, 'request', 0);
        const [line = ''] = /^.*"event":"request".*$/m.exec(worker.output.join('')) ?? [];
        return Date.parse(String((JSON.parse(line) as Answer['body'])['time']));
      }),
    );
    expect(ahead - right).to.be.within(28_000, 32_000);
  });

  for (const [name, first] of [
    ['the one that is right', 1],
    ['the one that is ahead', 0],
  ] as const) {
    describe(`from ${name} on`, () => {
      beforeEach(() => {
        turn = first;
      });

      async function login(browser: Browser, url = authorizeUrl(cluster.issuer)): Promise<Page> {
        const page = await browser.press(await browser.open(url), 'platform', {
          platform_url: cluster.sandbox.platforms[0].origin,
        });
        const link = new URL(attributeOf(page, 'data-ib-login', 'href') ?? '');
        cluster.sandbox.platforms[0].signIn('ada', link.searchParams.get('token') ?? '');
        return browser.press(page, 'continue');
      }
      async function codeOf(browser: Browser, url?: string): Promise<string> {
        const done = await browser.press(await login(browser, url), 'consent', { decision: 'allow' });
        return done.url.searchParams.get('code') ?? '';
      }

      it('sign in, redeem, refresh, introspect and revoke', async () => {
        const browser = new Browser(next);
        const { status, body } = await redeem(await codeOf(browser));
        expect(status, String(body['error'])).to.equal(200);
        expect(await userinfo(body['access_token'])).to.equal(200);
        const refresh = (value: unknown) =>
          post('/token', { grant_type: 'refresh_token', refresh_token: String(value) });
        const refreshed = await refresh(body['refresh_token']);
        expect(refreshed.status).to.equal(200);
        expect((await refresh(refreshed.body['refresh_token'])).status).to.equal(200);
        const token = String(refreshed.body['access_token']);
        expect((await post('/introspect', { token })).body['active']).to.equal(true);
        expect((await post('/revoke', { token })).status).to.equal(200);
        expect(await userinfo(token)).to.equal(401);
      });

      it('know a signed-in browser, and sign it out', async () => {
        const browser = new Browser(next);
        await codeOf(browser);
        const silent = await browser.request(
          authorizeUrl(cluster.issuer, { prompt: 'none', max_age: '600' }),
        );
        const code = new URL(silent.headers.get('location') ?? '').searchParams.get('code') ?? '';
        expect((await redeem(code)).status).to.equal(200);
        expect((await browser.open(`${cluster.issuer}/account`)).body).to.contain('Web App');
        const confirm = await browser.open(`${cluster.issuer}/logout`);
        const [form] = formsOf(confirm);
        if (form !== undefined) await browser.submit(confirm, form, { logout: 'yes' });
        const after = await browser.request(authorizeUrl(cluster.issuer, { prompt: 'none' }));
        expect(after.headers.get('location')).to.contain('login_required');
      });

      it('take a pushed request', async () => {
        const pushed = await post(
          '/par',
          Object.fromEntries(new URL(authorizeUrl(cluster.issuer)).searchParams),
        );
        const url = new URL('/authorize', cluster.issuer);
        url.search = new URLSearchParams({
          client_id: 'web',
          request_uri: String(pushed.body['request_uri']),
        }).toString();
        expect((await redeem(await codeOf(new Browser(next), url.href))).status).to.equal(200);
      });

      it('poll in turns while the user signs in', async () => {
        const browser = new Browser(next);
        const page = await browser.press(await browser.open(authorizeUrl(cluster.issuer)), 'platform', {
          platform_url: cluster.sandbox.platforms[0].origin,
        });
        const url = new URL('/authorize/poll', cluster.issuer);
        url.search = new URLSearchParams({
          token: attributeOf(page, 'data-poll', 'data-poll') ?? '',
        }).toString();
        const poll = async () => JSON.parse((await browser.request(url)).body) as Record<string, unknown>;
        expect(await poll()).to.include.keys('error', 'interval');
        const link = new URL(attributeOf(page, 'data-ib-login', 'href') ?? '');
        cluster.sandbox.platforms[0].signIn('ada', link.searchParams.get('token') ?? '');
        const answers: unknown[] = [];
        for (let answer = await poll(); answer['redirect_url'] === undefined; answer = await poll()) {
          answers.push(answer['error']);
          expect(answer['interval'], 'nobody waits for longer than an interval').to.be.within(1, 2);
        }
        for (const error of answers) expect(error).to.be.oneOf(['authorization_pending', 'slow_down']);
      });
    });
  }
});
