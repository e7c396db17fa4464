import { expect } from 'chai';
import { decodeJwt } from 'jose';
import type { Switches } from '../../sandbox/switches.ts';
import { Browser, type Page } from '../support/browser.ts';
import { handleOn, stateOf, tokenIn, tokenOn } from '../support/login.ts';
import { REDIRECT_URI, withBearer } from '../support/stack.ts';
import { useWaitingLogin } from './waiting-login.ts';

const HOUR = 3600;

/** `docs/ib-readings.md`: what nobody outside IntelligenceBank knows, and what comes of it either way. */
describe('the login, under each reading of IntelligenceBank’s sessions,', () => {
  const login = useWaitingLogin();
  const { later, set, openWaiting, poll, tokensAfter, asked, newTokens } = login;

  for (const apiUrlAs of ['origin', 'slash', 'path', 'no_scheme', 'no_scheme_path', 'capitals'] as const) {
    it(`passes where "apiV3url" comes as ${apiUrlAs}, and calls go to its origin`, async () => {
      const browser = new Browser();
      set({ apiUrlAs });
      const page = await openWaiting(browser, { scope: 'openid ib:api ib:session' });
      login.acme.signIn('ada');
      later(2);
      const tokens = await tokensAfter(browser, await poll(browser, handleOn(page)));
      const claims = await withBearer(`${login.stack.issuer}/userinfo`, tokens['access_token']);
      expect(await claims.json()).to.include({ ib_api_url: login.stack.sandbox.apiOrigin });
      const call = await withBearer(
        `${login.stack.issuer}/proxy/api/3.0.0/6M0B/folder`,
        tokens['access_token'],
      );
      expect(call.status).to.equal(200);
    });
  }

  describe('where a session is handed out that its numbers call over,', () => {
    const overdue: Partial<Switches> = { periodHours: 2, loginAgeSeconds: 5 * HOUR };

    it('asks IB once, and where it lives lets it end one period from now; its login stays when it was', async () => {
      const browser = new Browser();
      set({ ...overdue, slides: true });
      const page = await openWaiting(browser, {
        scope: 'openid ib:session ib:api',
        max_age: String(9 * HOUR),
      });
      login.acme.signIn('ada');
      later(2);
      login.stack.sandbox.calls.length = 0;
      const tokens = await tokensAfter(browser, await poll(browser, handleOn(page)));
      expect(asked('/api/3.0.0/6M0B/folder.limit(1)')).to.equal(1);
      const claims = (await (
        await withBearer(`${login.stack.issuer}/userinfo`, tokens['access_token'])
      ).json()) as {
        ib_session_expires_at: number;
      };
      expect(claims.ib_session_expires_at).to.equal(login.now() / 1000 + 2 * HOUR);
      const { auth_time: authTime } = decodeJwt(String(tokens['id_token']));
      expect(authTime).to.equal(login.now() / 1000 - 2 - 5 * HOUR);
    });

    for (const deadAs of [
      'key',
      'text',
      'verbose',
      'invalid_request',
      'invalid_response',
      'unknown',
    ] as const) {
      it(`starts the login again with a sentence where it is dead, told as ${deadAs}`, async () => {
        const browser = new Browser();
        set({ ...overdue, deadAs });
        const page = await openWaiting(browser);
        login.acme.signIn('ada');
        later(2);
        const told = await poll(browser, handleOn(page));
        expect(told.status).to.equal(200);
        expect(told.body).to.include({ reason: 'session_over' });
        const shown = await browser.open(page.url);
        expect(stateOf(shown)).to.contain('session had ended');
        expect(tokenOn(shown)).to.equal(tokenIn(told.body['login_url'])).and.not.equal(tokenOn(page));
        set({ loginAgeSeconds: 0 });
        login.acme.signIn('ada');
        later(2);
        await tokensAfter(browser, await poll(browser, told.body['token']));
      });
    }

    it('ends the attempt with a sentence where IB hands out a dead session again', async () => {
      const browser = new Browser();
      set(overdue);
      const page = await openWaiting(browser);
      login.acme.signIn('ada');
      later(2);
      const told = await poll(browser, handleOn(page));
      login.acme.signIn('ada');
      later(2);
      expect((await poll(browser, told.body['token'])).body).to.include({ error: 'expired_token' });
      const shown = await browser.open(page.url);
      expect(stateOf(shown)).to.contain('handed out a session that has ended');
      expect(newTokens()).to.equal(2);
      set({ loginAgeSeconds: 0 });
      const restarted = await browser.press(shown, 'restart');
      login.acme.signIn('ada');
      later(2);
      await tokensAfter(browser, await poll(browser, handleOn(restarted)));
    });

    it('loses nothing while IB cannot be asked, though its token tells of the session once', async () => {
      const browser = new Browser();
      set({ ...overdue, slides: true, tellOnce: true, apiStatus: 503 });
      const page = await openWaiting(browser);
      login.acme.signIn('ada');
      later(2);
      const trouble = await poll(browser, handleOn(page));
      expect(trouble.status).to.equal(503);
      expect(trouble.body).to.include({ error: 'temporarily_unavailable' });
      later(Number(trouble.retryAfter));
      expect((await poll(browser, handleOn(page))).status).to.equal(503);
      set({ apiStatus: 0 });
      later(30);
      await tokensAfter(browser, await poll(browser, handleOn(page)));
    });
  });

  it('keeps a session that its numbers call over, too, where the API is not even asked any more', async () => {
    const waiting = async (): Promise<readonly [Browser, Page]> => {
      const browser = new Browser();
      const page = await openWaiting(browser);
      login.acme.signIn('ada');
      return [browser, page];
    };
    set({ periodHours: 2, loginAgeSeconds: 5 * HOUR, slides: true, tellOnce: true, apiStatus: 503 });
    const others = [];
    for (let at = 0; at < 8; at += 1) others.push(await waiting());
    const [browser, page] = await waiting();
    later(2);
    for (const [other, its] of others) expect((await poll(other, handleOn(its))).status).to.equal(503);
    login.stack.sandbox.calls.length = 0;
    expect((await poll(browser, handleOn(page))).status).to.equal(503);
    expect(asked('/api/'), 'the host has failed eight times').to.equal(0);
    set({ apiStatus: 0 });
    later(30);
    await tokensAfter(browser, await poll(browser, handleOn(page)));
  });

  it('takes a new login while it cannot ask about one that its numbers call over', async () => {
    const browser = new Browser();
    set({ periodHours: 2, loginAgeSeconds: 5 * HOUR, apiStatus: 503 });
    const page = await openWaiting(browser);
    set({ slides: true });
    login.acme.signIn('ada');
    later(2);
    expect((await poll(browser, handleOn(page))).status).to.equal(503);
    set({ loginAgeSeconds: 0 });
    login.acme.signIn('ada');
    later(30);
    await tokensAfter(browser, await poll(browser, handleOn(page)));
  });

  describe('where IB hands out an older session,', () => {
    const twoHours: Partial<Switches> = { loginAgeSeconds: 2 * HOUR };
    const wishes = [
      { prompt: 'login' },
      { max_age: '3600' },
      { max_age: '0' },
      { prompt: 'login', max_age: '90000' },
      { prompt: 'login consent' },
    ];

    const anyAge = { claims: '{"id_token":{"auth_time":null}}' };
    for (const params of [anyAge, { max_age: '7300' }] as Record<string, string>[]) {
      it(`takes it, and says when the login was, for ${JSON.stringify(params)}`, async () => {
        const browser = new Browser();
        set(twoHours);
        const page = await openWaiting(browser, params);
        login.acme.signIn('ada');
        later(2);
        const tokens = await tokensAfter(browser, await poll(browser, handleOn(page)));
        expect(decodeJwt(String(tokens['id_token']))['auth_time']).to.equal(
          login.now() / 1000 - 2 - 2 * HOUR,
        );
      });
    }

    for (const params of wishes as Record<string, string>[]) {
      it(`asks once more for ${JSON.stringify(params)}, and takes the new login`, async () => {
        const browser = new Browser();
        set(twoHours);
        const page = await openWaiting(browser, params);
        login.acme.signIn('ada');
        later(2);
        const told = await poll(browser, handleOn(page));
        expect(told.body).to.include({ reason: 'older_login' });
        expect(stateOf(await browser.open(page.url))).to.contain('sign in anew');
        set({ loginAgeSeconds: 0 });
        login.acme.signIn('ada');
        later(2);
        const tokens = await tokensAfter(browser, await poll(browser, told.body['token']));
        expect(decodeJwt(String(tokens['id_token']))['auth_time']).to.equal(login.now() / 1000 - 2);
      });

      it(`tells the app login_required where that is older too, for ${JSON.stringify(params)}`, async () => {
        const browser = new Browser();
        set(twoHours);
        const page = await openWaiting(browser, params);
        login.acme.signIn('ada');
        later(2);
        const told = await poll(browser, handleOn(page));
        login.acme.signIn('ada', tokenIn(told.body['login_url']));
        later(2);
        const last = await poll(browser, told.body['token']);
        expect(last.status).to.equal(200);
        const { url } = await browser.open(String(last.body['redirect_url']));
        expect(url.origin + url.pathname).to.equal(REDIRECT_URI);
        expect(Object.fromEntries(url.searchParams)).to.include({
          error: 'login_required',
          state: 'the-state',
          iss: login.stack.issuer,
        });
        expect(url.searchParams.get('error_description')).to.match(/older than this request allows/);
      });
    }

    it('does the same without scripts', async () => {
      const browser = new Browser();
      set(twoHours);
      const page = await openWaiting(browser, { prompt: 'login' });
      login.acme.signIn('ada');
      const told = await browser.press(page, 'continue');
      expect(stateOf(told)).to.contain('sign in anew');
      expect(tokenOn(told)).to.not.equal(tokenOn(page));
      login.acme.signIn('ada', tokenOn(told));
      later(2);
      const { url } = await browser.press(told, 'continue');
      expect(url.searchParams.get('error')).to.equal('login_required');
    });

    it('takes a login made since the request for a new one, though IB is a minute behind', async () => {
      const browser = new Browser();
      set({ loginAgeSeconds: 55 });
      const page = await openWaiting(browser, { prompt: 'login' });
      login.acme.signIn('ada');
      later(2);
      await tokensAfter(browser, await poll(browser, handleOn(page)));
    });
  });
});
