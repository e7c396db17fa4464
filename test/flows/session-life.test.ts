import { mock } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import { Browser, formsOf } from '../support/browser.ts';
import {
  authorizeUrl,
  exchange,
  REDIRECT_URI,
  type Stack,
  signIn,
  signInAt,
  startStack,
  token,
  VERIFIER,
  WEB_SECRET,
  withBearer,
} from '../support/stack.ts';
import { basic, post, RESOURCE, startStandards } from '../support/standards.ts';

const HOUR = 3600;
const START = Math.floor(Date.now() / 1000) * 1000;

describe('the life of an IB session', () => {
  let stack: Stack;
  const at = (seconds: number): void => mock.timers.setTime(START + seconds * 1000);

  beforeEach(async () => {
    mock.timers.enable({ apis: ['Date'], now: START });
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
  });
  afterEach(async () => {
    await stack.close();
    mock.timers.reset();
  });

  const refresh = (value: unknown) =>
    token(stack, { grant_type: 'refresh_token', refresh_token: String(value) });
  const userinfo = (value: unknown) => withBearer(`${stack.issuer}/userinfo`, value);
  const proxy = (value: unknown) => withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, value);
  const stored = async (model: string): Promise<number> =>
    (await stack.server.store.stats())[model]?.live ?? 0;

  async function expectOver(tokens: Record<string, unknown>): Promise<void> {
    const over = { error: 'invalid_token', error_description: 'Session has expired' };
    const inForm = fetch(`${stack.issuer}/userinfo`, {
      method: 'POST',
      body: new URLSearchParams({ access_token: String(tokens['access_token']) }),
    });
    for (const answer of [
      await userinfo(tokens['access_token']),
      await inForm,
      await proxy(tokens['access_token']),
    ]) {
      expect(answer.status).to.equal(401);
      expect(answer.headers.get('www-authenticate')).to.contain('error="invalid_token"');
      expect(await answer.json()).to.deep.equal(over);
    }
    const refused = await refresh(tokens['refresh_token']);
    expect([refused.status, refused.body['error'], refused.body['error_description']]).to.deep.equal([
      400,
      'invalid_grant',
      'Session has expired',
    ]);
  }

  for (const hours of [1, 2, 24, 120]) {
    it(`of ${hours} h bounds every token, whatever is refreshed`, async () => {
      stack.sandbox.platforms[0].switches.periodHours = hours;
      let { body } = await exchange(stack, await signIn(stack));
      expect(body['expires_in']).to.be.at.most(HOUR);
      const end = hours * HOUR;
      const step = Math.max(1800, Math.floor(end / 6));
      for (let now = step; now < end; now += step) {
        at(now);
        const refreshed = await refresh(body['refresh_token']);
        expect(refreshed.status, `at ${now} s`).to.equal(200);
        ({ body } = refreshed);
        expect(body['expires_in']).to.equal(Math.min(HOUR, end - now));
        expect((await userinfo(body['access_token'])).status).to.equal(200);
        expect((await proxy(body['access_token'])).status).to.equal(200);
      }
      at(end - 1);
      expect((await userinfo((await refresh(body['refresh_token'])).body['access_token'])).status).to.equal(
        200,
      );
      at(end + 1);
      await expectOver(body);
    });
  }

  it('outlives no token by a second, whatever its period and whenever they were issued', async () => {
    const [acme] = stack.sandbox.platforms;
    const cases = fc.record({
      hours: fc.integer({ min: 1, max: 120 }),
      share: fc.double({ min: 0, max: 0.99, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ hours, share }) => {
        at(0);
        acme.switches.periodHours = hours;
        const end = hours * HOUR;
        let { body } = await exchange(stack, await signIn(stack));
        // Kept alive by refreshing, and once more at some moment before the end.
        at(Math.floor(end * share));
        ({ body } = await refresh(body['refresh_token']));
        const lasts = Number(body['expires_in']);
        expect(Math.floor(end * share) + lasts).to.be.at.most(end);
        at(end);
        await expectOver(body);
      }),
      { numRuns: 12 },
    );
  });

  it('ends an access token after its hour, without saying that the session is over', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    at(HOUR + 1);
    const answer = await userinfo(body['access_token']);
    expect(answer.status).to.equal(401);
    expect(await answer.json()).to.deep.equal({
      error: 'invalid_token',
      error_description: 'invalid token provided',
    });
    expect((await refresh(body['refresh_token'])).status).to.equal(200);
  });

  it('is told to who exchanges the token of another resource that stands on it', async () => {
    const own = await startStandards({ sandbox: stack.sandbox });
    stack.sandbox.platforms[0].switches.periodHours = 1;
    const redeem = (back: URL) =>
      post(
        own.stack,
        '/token',
        {
          grant_type: 'authorization_code',
          code: back.searchParams.get('code') ?? '',
          redirect_uri: REDIRECT_URI,
          code_verifier: VERIFIER,
        },
        basic('web'),
      );
    const { body } = await redeem(
      await signIn(own.stack, new Browser(), { resource: RESOURCE, scope: 'profile ib:api' }),
    );
    at(HOUR + 1);
    const exchanged = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: String(body['access_token']),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    };
    const answer = await post(own.stack, '/token', exchanged, basic('mcp-server'));
    const over = { error: 'invalid_grant', error_description: 'Session has expired' };
    expect([answer.status, answer.body]).to.deep.equal([400, over]);
    await own.stack.close();
  });

  it('asks for a new login in the browser once it is over', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    at(24 * HOUR + 1);
    const page = await browser.open(authorizeUrl(stack.issuer));
    expect(page.body).to.contain('name="platform_url"');
  });

  it('is replaced by prompt=login, and older tokens of the sign-in go on with the new one', async () => {
    const browser = new Browser();
    const before = await exchange(stack, await signIn(stack, browser));
    at(60);
    const [acme] = stack.sandbox.platforms;
    acme.killSessions();
    const page = await signInAt(stack, browser, authorizeUrl(stack.issuer, { prompt: 'login' }));
    expect(page.url.origin + page.url.pathname, 'the app is allowed already').to.equal(REDIRECT_URI);
    const after = await exchange(stack, page.url);
    expect((await proxy(after.body['access_token'])).status).to.equal(200);
    expect((await proxy(before.body['access_token'])).status).to.equal(200);
    expect(await stored('IbSession')).to.equal(1);
  });

  it('is not used for max_age once the login is older', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    at(100);
    expect((await browser.open(authorizeUrl(stack.issuer, { max_age: '200' }))).url.origin).to.equal(
      'https://app.example',
    );
    expect((await browser.open(authorizeUrl(stack.issuer, { max_age: '50' }))).body).to.contain(
      'name="platform_url"',
    );
  });

  it("serves another platform's request only with that platform's own sign-in", async () => {
    const browser = new Browser();
    const [acme, globex] = stack.sandbox.platforms;
    const first = await exchange(stack, await signIn(stack, browser));
    const wants = (origin: string) => authorizeUrl(stack.issuer, { platform_url: origin });
    const consent = await signInAt(stack, browser, wants(globex.origin), 'alan', 1);
    expect(consent.body).to.contain('Alan Turing');
    const second = await exchange(
      stack,
      (await browser.press(consent, 'consent', { decision: 'allow' })).url,
    );
    const sub = async (answer: typeof first) =>
      ((await (await userinfo(answer.body['access_token'])).json()) as { sub: string }).sub;
    expect(await sub(first)).to.match(/^6M0B\./);
    expect(await sub(second)).to.match(/^7q2C\./);
    for (const [origin, prefix] of [
      [acme.origin, '6M0B.'],
      [globex.origin, '7q2C.'],
    ] as const) {
      const again = await browser.open(wants(origin));
      expect(again.url.origin, 'no login, no question').to.equal('https://app.example');
      expect(await sub(await exchange(stack, again.url))).to.contain(prefix);
    }
  });

  it('goes with its last grant when a token is revoked', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    expect(await stored('IbSession')).to.equal(1);
    const revoked = await fetch(`${stack.issuer}/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}` },
      body: new URLSearchParams({ token: String(body['refresh_token']) }),
    });
    expect(revoked.status).to.equal(200);
    expect(await stored('IbSession')).to.equal(0);
    expect(await stored('Grant')).to.equal(0);
    await expectOver(body);
  });

  it('goes with a sign-out in the browser, but for apps that were given offline_access', async () => {
    const online = new Browser();
    const { body } = await exchange(stack, await signIn(stack, online));
    await signOut(online, String(body['id_token']));
    await expectOver(body);
    const offline = new Browser();
    const kept = await exchange(
      stack,
      await signIn(stack, offline, { scope: 'openid profile ib:api offline_access', prompt: 'consent' }),
    );
    await signOut(offline, String(kept.body['id_token']));
    expect((await refresh(kept.body['refresh_token'])).status).to.equal(200);
    expect((await offline.open(authorizeUrl(stack.issuer))).body, 'the browser is signed out').to.contain(
      'platform_url',
    );
  });

  it("is told to IB when it ends by revocation, at the operator's URL and with its sid", async () => {
    const [acme] = stack.sandbox.platforms;
    const told = await startStack({
      sandbox: stack.sandbox,
      env: { LOG_LEVEL: 'silent', IB_LOGOUT_URL: 'http://{platform}/v1/auth/app/logout' },
    });
    const { body } = await exchange(told, await signIn(told));
    stack.sandbox.calls.length = 0;
    await fetch(`${told.issuer}/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`web:${WEB_SECRET}`)}` },
      body: new URLSearchParams({ token: String(body['access_token']) }),
    });
    const call = stack.sandbox.calls.find(({ target }) => target === '/v1/auth/app/logout');
    expect(call?.host).to.equal(new URL(acme.origin).host);
    expect(String(call?.headers['sid'])).to.match(/^sid-/);
    await told.close();
  });

  async function signOut(browser: Browser, idToken: string): Promise<void> {
    const url = new URL('/logout', stack.issuer);
    url.search = new URLSearchParams({
      id_token_hint: idToken,
      post_logout_redirect_uri: 'https://app.example/bye',
      state: 'x',
    }).toString();
    const page = await browser.open(url);
    const [form] = formsOf(page);
    if (form === undefined) throw new Error(page.body);
    const done = await browser.submit(page, form, { logout: 'yes' });
    expect(done.url.href).to.equal('https://app.example/bye?state=x');
  }

  it('leaves nothing of a flow behind but what is signed in', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    // A lost answer may be asked for once more, for a minute.
    expect([await stored('Interaction'), await stored('LoginAttempt')]).to.deep.equal([1, 0]);
    mock.timers.tick(61_000);
    expect(await stored('Interaction')).to.equal(0);
    const cancelled = new Browser();
    const page = await cancelled.open(authorizeUrl(stack.issuer));
    const answer = await cancelled.press(page, 'cancel');
    expect(answer.url.searchParams.get('error')).to.equal('access_denied');
    expect(answer.url.searchParams.get('iss')).to.equal(stack.issuer);
    mock.timers.tick(61_000);
    expect([await stored('Interaction'), await stored('LoginAttempt')]).to.deep.equal([0, 0]);
  });
});
