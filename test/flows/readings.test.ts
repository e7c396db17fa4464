import { expect } from 'chai';
import { decodeJwt } from 'jose';
import type { SandboxPlatform } from '../../sandbox/server.ts';
import type { Switches } from '../../sandbox/switches.ts';
import { Browser, type Page } from '../support/browser.ts';
import {
  handleOn,
  openWaiting,
  type Poll,
  pollOnce,
  stateOf,
  tokenIn,
  tokenOn,
  tokensAfter,
} from '../support/login.ts';
import { REDIRECT_URI, type Stack, signInAt, startStack, withBearer } from '../support/stack.ts';

const HOUR = 3600;

/** `docs/ib-readings.md`: what nobody outside IntelligenceBank knows, and what comes of it either way. */
describe('the login, under each reading of IntelligenceBank,', () => {
  let nowMs = 0;
  let stack: Stack;
  let acme: SandboxPlatform;

  before(async () => {
    stack = await startStack({ now: () => nowMs, env: { LOG_LEVEL: 'info' } });
    [acme] = stack.sandbox.platforms;
  });
  after(() => stack.close());
  // The library keeps the real time: an hour on, it and we would not agree on what has expired.
  beforeEach(() => {
    nowMs = Math.floor(Date.now() / 1000) * 1000;
  });
  afterEach(() => stack.sandbox.reset());

  const later = (seconds: number): void => {
    nowMs += seconds * 1000;
  };
  const set = (switches: Partial<Switches>): void => void Object.assign(acme.switches, switches);
  const poll = (browser: Browser, handle: unknown, more = ''): Promise<Poll> =>
    pollOnce(stack, browser, handle, more);
  const asked = (path: string): number =>
    stack.sandbox.calls.filter(({ target }) => target.startsWith(path)).length;
  const newTokens = (): number => asked('/v1/auth/app/token');

  /** A page in the background, which polls every ten seconds at most, with whatever handle it is given, until it may go on. */
  async function wait(browser: Browser, page: Page, seconds: number): Promise<{ last: Poll; polls: Poll[] }> {
    const until = nowMs + seconds * 1000;
    let handle: unknown = handleOn(page);
    const polls: Poll[] = [];
    for (;;) {
      const last = await poll(browser, handle);
      polls.push(last);
      if ('redirect_url' in last.body || last.body['error'] === 'expired_token' || nowMs >= until)
        return { last, polls };
      handle = last.body['token'] ?? handle;
      later(Math.max(10, Number(last.body['interval'] ?? 2)));
    }
  }

  describe('where "resource has expired" is said of a token that nobody has used yet,', () => {
    it('waits through the first minute, then takes one new token a minute and no more', async () => {
      const browser = new Browser();
      set({ unusedAs: 'expired' });
      const page = await openWaiting(stack, browser);
      later(2);
      for (let turn = 0; turn < 28; turn += 1) {
        expect((await poll(browser, handleOn(page))).body).to.include({ error: 'authorization_pending' });
        later(2);
      }
      expect(newTokens()).to.equal(1);
      const { polls } = await wait(browser, page, 600);
      expect(newTokens()).to.be.within(9, 12);
      const renewed = polls.filter(({ body }) => 'login_url' in body);
      expect(renewed).to.have.length(newTokens() - 1);
      for (const { status, body } of renewed) {
        expect(status).to.equal(200);
        expect(body).to.have.all.keys('login_url', 'token');
      }
    });

    for (const minutes of [0.5, 3, 9, 14]) {
      it(`notices a user who signs in at the first link after ${minutes} minutes`, async () => {
        const browser = new Browser();
        set({ unusedAs: 'expired' });
        const page = await openWaiting(stack, browser);
        const first = tokenOn(page);
        later(2);
        await wait(browser, page, minutes * 60);
        acme.signIn('ada', first);
        later(2);
        await tokensAfter(
          stack,
          browser,
          await poll(browser, handleOn(page)).then((told) => again(browser, told)),
        );
      });
    }

    it('notices a user at a link in the middle, too, if not at once', async () => {
      const browser = new Browser();
      set({ unusedAs: 'expired' });
      const page = await openWaiting(stack, browser);
      later(2);
      const { polls } = await wait(browser, page, 600);
      const links = polls.flatMap(({ body }) => body['login_url'] ?? []);
      acme.signIn('ada', tokenIn(links[4]));
      const { last } = await wait(browser, page, 120);
      await tokensAfter(stack, browser, last);
    });

    it('asks about a few tokens at a time, however many there are', async () => {
      const browser = new Browser();
      set({ unusedAs: 'expired' });
      const page = await openWaiting(stack, browser);
      later(2);
      const { last } = await wait(browser, page, 720);
      later(2);
      stack.sandbox.calls.length = 0;
      await poll(browser, last.body['token'] ?? handleOn(page)).then((told) => again(browser, told));
      expect(asked('/v1/auth/app/info')).to.be.within(1, 10);
    });

    /** Goes on with the new handle where the old one is answered with it. */
    async function again(browser: Browser, told: Poll): Promise<Poll> {
      return 'token' in told.body ? poll(browser, told.body['token']) : told;
    }
  });

  for (const [name, switches] of [
    ['5 seconds', { tokenSeconds: 5 }],
    ['5 seconds, told at once', { tokenSeconds: 5, unusedAs: 'expired' }],
    ['one minute', { tokenSeconds: 60 }],
    ['5 minutes', { tokenSeconds: 300 }],
    ['for ever', {}],
  ] as const) {
    it(`passes where login tokens live ${name}`, async () => {
      const browser = new Browser();
      set(switches);
      const page = await openWaiting(stack, browser);
      acme.signIn('ada', tokenOn(page));
      later(2);
      await tokensAfter(stack, browser, await poll(browser, handleOn(page)));
    });

    it(`gives who has waited four minutes a link that works, where tokens live ${name}`, async () => {
      const browser = new Browser();
      set(switches);
      const page = await openWaiting(stack, browser);
      later(2);
      await wait(browser, page, 230);
      const renewed = await untilRenewed(browser, await browser.open(page.url));
      acme.signIn('ada', tokenIn(renewed.body['login_url']));
      later(2);
      await tokensAfter(stack, browser, await poll(browser, renewed.body['token']));
      expect(newTokens()).to.be.at.most(6);
    });
  }

  async function untilRenewed(browser: Browser, page: Page): Promise<Poll> {
    for (;;) {
      later(2);
      const told = await poll(browser, handleOn(page));
      if ('login_url' in told.body) return told;
      expect(told.body).to.include({ error: 'authorization_pending' });
    }
  }

  it('renews a token by its age where IB never says that one has expired', async () => {
    const browser = new Browser();
    const page = await openWaiting(stack, browser);
    later(2);
    const { polls } = await wait(browser, page, 840);
    expect(polls.filter(({ body }) => 'login_url' in body)).to.have.length(3);
    expect(newTokens()).to.equal(4);
  });

  for (const minutes of [2, 4, 8, 13]) {
    it(`passes after a single sign-on of ${minutes} minutes whose token expired meanwhile`, async () => {
      const browser = new Browser();
      set({ tokenSeconds: 60, openedGoesOn: true });
      const page = await openWaiting(stack, browser);
      const link = `${acme.origin}/auth/?login=0&token=${tokenOn(page)}`;
      await fetch(link);
      later(2);
      await wait(browser, page, minutes * 60);
      await fetch(link, { method: 'POST', body: new URLSearchParams({ user: 'ada' }) });
      const { last } = await wait(browser, page, 4);
      await tokensAfter(stack, browser, last);
    });
  }

  it('passes where a token tells of the session once', async () => {
    const browser = new Browser();
    set({ tellOnce: true });
    const page = await openWaiting(stack, browser);
    acme.signIn('ada');
    later(2);
    const told = await poll(browser, handleOn(page));
    expect((await poll(browser, handleOn(page))).body).to.deep.equal(told.body);
    await tokensAfter(stack, browser, told);
  });

  for (const apiUrlAs of ['origin', 'slash', 'path', 'no_scheme', 'no_scheme_path', 'capitals'] as const) {
    it(`passes where "apiV3url" comes as ${apiUrlAs}, and calls go to its origin`, async () => {
      const browser = new Browser();
      set({ apiUrlAs });
      const page = await openWaiting(stack, browser, { scope: 'openid ib:api ib:session' });
      acme.signIn('ada');
      later(2);
      const tokens = await tokensAfter(stack, browser, await poll(browser, handleOn(page)));
      const claims = await withBearer(`${stack.issuer}/userinfo`, tokens['access_token']);
      expect(await claims.json()).to.include({ ib_api_url: stack.sandbox.apiOrigin });
      const call = await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, tokens['access_token']);
      expect(call.status).to.equal(200);
    });
  }

  describe('where a session is handed out that its numbers call over,', () => {
    const overdue: Partial<Switches> = { periodHours: 2, loginAgeSeconds: 5 * HOUR };

    it('asks IB once, and where it lives lets it end one period from now; its login stays when it was', async () => {
      const browser = new Browser();
      set({ ...overdue, slides: true });
      const page = await openWaiting(stack, browser, {
        scope: 'openid ib:session ib:api',
        max_age: String(9 * HOUR),
      });
      acme.signIn('ada');
      later(2);
      stack.sandbox.calls.length = 0;
      const tokens = await tokensAfter(stack, browser, await poll(browser, handleOn(page)));
      expect(asked('/api/3.0.0/6M0B/folder.limit(1)')).to.equal(1);
      const claims = (await (
        await withBearer(`${stack.issuer}/userinfo`, tokens['access_token'])
      ).json()) as {
        ib_session_expires_at: number;
      };
      expect(claims.ib_session_expires_at).to.equal(nowMs / 1000 + 2 * HOUR);
      const { auth_time: authTime } = decodeJwt(String(tokens['id_token']));
      expect(authTime).to.equal(nowMs / 1000 - 2 - 5 * HOUR);
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
        const page = await openWaiting(stack, browser);
        acme.signIn('ada');
        later(2);
        const told = await poll(browser, handleOn(page));
        expect(told.status).to.equal(200);
        expect(told.body).to.include({ reason: 'session_over' });
        const shown = await browser.open(page.url);
        expect(stateOf(shown)).to.contain('session had ended');
        expect(tokenOn(shown)).to.equal(tokenIn(told.body['login_url'])).and.not.equal(tokenOn(page));
        set({ loginAgeSeconds: 0 });
        acme.signIn('ada');
        later(2);
        await tokensAfter(stack, browser, await poll(browser, told.body['token']));
      });
    }

    it('ends the attempt with a sentence where IB hands out a dead session again', async () => {
      const browser = new Browser();
      set(overdue);
      const page = await openWaiting(stack, browser);
      acme.signIn('ada');
      later(2);
      const told = await poll(browser, handleOn(page));
      acme.signIn('ada');
      later(2);
      expect((await poll(browser, told.body['token'])).body).to.include({ error: 'expired_token' });
      const shown = await browser.open(page.url);
      expect(stateOf(shown)).to.contain('handed out a session that has ended');
      expect(newTokens()).to.equal(2);
      set({ loginAgeSeconds: 0 });
      const restarted = await browser.press(shown, 'restart');
      acme.signIn('ada');
      later(2);
      await tokensAfter(stack, browser, await poll(browser, handleOn(restarted)));
    });

    it('loses nothing while IB cannot be asked, though its token tells of the session once', async () => {
      const browser = new Browser();
      set({ ...overdue, slides: true, tellOnce: true, apiStatus: 503 });
      const page = await openWaiting(stack, browser);
      acme.signIn('ada');
      later(2);
      const trouble = await poll(browser, handleOn(page));
      expect(trouble.status).to.equal(503);
      expect(trouble.body).to.include({ error: 'temporarily_unavailable' });
      later(Number(trouble.retryAfter));
      expect((await poll(browser, handleOn(page))).status).to.equal(503);
      set({ apiStatus: 0 });
      later(30);
      await tokensAfter(stack, browser, await poll(browser, handleOn(page)));
    });
  });

  it('keeps a session that its numbers call over, too, where the API is not even asked any more', async () => {
    const waiting = async (): Promise<readonly [Browser, Page]> => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser);
      acme.signIn('ada');
      return [browser, page];
    };
    set({ periodHours: 2, loginAgeSeconds: 5 * HOUR, slides: true, tellOnce: true, apiStatus: 503 });
    const others = [];
    for (let at = 0; at < 8; at += 1) others.push(await waiting());
    const [browser, page] = await waiting();
    later(2);
    for (const [other, its] of others) expect((await poll(other, handleOn(its))).status).to.equal(503);
    stack.sandbox.calls.length = 0;
    expect((await poll(browser, handleOn(page))).status).to.equal(503);
    expect(asked('/api/'), 'the host has failed eight times').to.equal(0);
    set({ apiStatus: 0 });
    later(30);
    await tokensAfter(stack, browser, await poll(browser, handleOn(page)));
  });

  it('takes a new login while it cannot ask about one that its numbers call over', async () => {
    const browser = new Browser();
    set({ periodHours: 2, loginAgeSeconds: 5 * HOUR, apiStatus: 503 });
    const page = await openWaiting(stack, browser);
    set({ slides: true });
    acme.signIn('ada');
    later(2);
    expect((await poll(browser, handleOn(page))).status).to.equal(503);
    set({ loginAgeSeconds: 0 });
    acme.signIn('ada');
    later(30);
    await tokensAfter(stack, browser, await poll(browser, handleOn(page)));
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
        const page = await openWaiting(stack, browser, params);
        acme.signIn('ada');
        later(2);
        const tokens = await tokensAfter(stack, browser, await poll(browser, handleOn(page)));
        expect(decodeJwt(String(tokens['id_token']))['auth_time']).to.equal(nowMs / 1000 - 2 - 2 * HOUR);
      });
    }

    for (const params of wishes as Record<string, string>[]) {
      it(`asks once more for ${JSON.stringify(params)}, and takes the new login`, async () => {
        const browser = new Browser();
        set(twoHours);
        const page = await openWaiting(stack, browser, params);
        acme.signIn('ada');
        later(2);
        const told = await poll(browser, handleOn(page));
        expect(told.body).to.include({ reason: 'older_login' });
        expect(stateOf(await browser.open(page.url))).to.contain('sign in anew');
        set({ loginAgeSeconds: 0 });
        acme.signIn('ada');
        later(2);
        const tokens = await tokensAfter(stack, browser, await poll(browser, told.body['token']));
        expect(decodeJwt(String(tokens['id_token']))['auth_time']).to.equal(nowMs / 1000 - 2);
      });

      it(`tells the app login_required where that is older too, for ${JSON.stringify(params)}`, async () => {
        const browser = new Browser();
        set(twoHours);
        const page = await openWaiting(stack, browser, params);
        acme.signIn('ada');
        later(2);
        const told = await poll(browser, handleOn(page));
        acme.signIn('ada', tokenIn(told.body['login_url']));
        later(2);
        const last = await poll(browser, told.body['token']);
        expect(last.status).to.equal(200);
        const { url } = await browser.open(String(last.body['redirect_url']));
        expect(url.origin + url.pathname).to.equal(REDIRECT_URI);
        expect(Object.fromEntries(url.searchParams)).to.include({
          error: 'login_required',
          state: 'the-state',
          iss: stack.issuer,
        });
        expect(url.searchParams.get('error_description')).to.match(/older than this request allows/);
      });
    }

    it('does the same without scripts', async () => {
      const browser = new Browser();
      set(twoHours);
      const page = await openWaiting(stack, browser, { prompt: 'login' });
      acme.signIn('ada');
      const told = await browser.press(page, 'continue');
      expect(stateOf(told)).to.contain('sign in anew');
      expect(tokenOn(told)).to.not.equal(tokenOn(page));
      acme.signIn('ada', tokenOn(told));
      later(2);
      const { url } = await browser.press(told, 'continue');
      expect(url.searchParams.get('error')).to.equal('login_required');
    });

    it('takes a login made since the request for a new one, though IB is a minute behind', async () => {
      const browser = new Browser();
      set({ loginAgeSeconds: 55 });
      const page = await openWaiting(stack, browser, { prompt: 'login' });
      acme.signIn('ada');
      later(2);
      await tokensAfter(stack, browser, await poll(browser, handleOn(page)));
    });
  });

  describe('and an attempt', () => {
    it('ends five minutes after its page was last seen, and not before', async () => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser);
      let handle: unknown = handleOn(page);
      for (const seconds of [290, 290]) {
        later(seconds);
        const { body } = await poll(browser, handle);
        expect(body).to.not.include({ error: 'expired_token' });
        handle = body['token'] ?? handle;
      }
      later(300);
      expect((await poll(browser, handle)).body).to.include({ error: 'expired_token' });
      expect(stateOf(await browser.open(page.url))).to.contain('took too long');
    });

    it('counts a page that is shown without scripts as seen', async () => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser);
      for (let turn = 0; turn < 3; turn += 1) {
        later(250);
        expect(stateOf(await browser.open(page.url))).to.not.contain('took too long');
      }
      acme.signIn('ada');
      const consent = await browser.press(page, 'continue');
      expect(consent.body).to.contain('Ada Lovelace');
    });

    it('ends after fifteen minutes, however often its page was seen', async () => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser);
      later(2);
      const { last } = await wait(browser, page, 1000);
      expect(last.body).to.include({ error: 'expired_token' });
      acme.signIn('ada', tokenOn(page));
      later(2);
      expect((await poll(browser, handleOn(page))).body).to.include({ error: 'expired_token' });
    });

    it('that was cancelled is over for every page that polls, and keeps nothing', async () => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser);
      acme.signIn('ada');
      const { url } = await browser.press(page, 'cancel');
      expect(url.searchParams.get('error')).to.equal('access_denied');
      later(2);
      stack.sandbox.calls.length = 0;
      const told = await poll(browser, handleOn(page));
      expect([told.status, told.body['error']]).to.deep.equal([400, 'expired_token']);
      expect(asked('/v1/auth/app/info')).to.equal(0);
    });

    it('leads from any earlier handle to the newest, and to the end', async () => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser);
      set({ expired: true });
      later(60);
      const second = await poll(browser, handleOn(page));
      set({ expired: true });
      later(60);
      const third = await poll(browser, second.body['token']);
      expect(third.body).to.have.all.keys('login_url', 'token');
      for (const older of [handleOn(page), second.body['token']])
        expect((await poll(browser, older)).body).to.deep.equal(third.body);
      acme.signIn('ada');
      later(2);
      const done = await poll(browser, third.body['token']);
      for (const older of [handleOn(page), second.body['token']])
        expect((await poll(browser, older)).body).to.deep.equal(done.body);
      await tokensAfter(stack, browser, done);
    });
  });

  describe('and where IB is away for minutes,', () => {
    it('asks it as soon as the user looks at the page, not when the interval has grown by', async () => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser);
      set({ status: 503 });
      later(2);
      const { last } = await wait(browser, page, 120);
      expect(last.body).to.include({ interval: 30 });
      set({ status: 0 });
      acme.signIn('ada');
      later(1);
      expect((await poll(browser, handleOn(page))).body).to.include({ error: 'slow_down', interval: 29 });
      await tokensAfter(stack, browser, await poll(browser, handleOn(page), '&looking=1'));
    });

    it('leaves it alone for as long as it asks for, whoever looks', async () => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser);
      set({ status: 429, retryAfterSeconds: 20 });
      later(2);
      expect((await poll(browser, handleOn(page))).retryAfter).to.equal('20');
      set({ status: 0 });
      acme.signIn('ada');
      later(5);
      stack.sandbox.calls.length = 0;
      const looked = await poll(browser, handleOn(page), '&looking=1');
      expect(looked.body).to.include({ error: 'slow_down', interval: 15 });
      expect(asked('/v1/auth/app/info')).to.equal(0);
      later(15);
      await tokensAfter(stack, browser, await poll(browser, handleOn(page), '&looking=1'));
    });
  });

  it('refuses a platform that answers for another customer than it is tied to, and tells user and operator', async () => {
    const tied = await startStack({
      sandbox: stack.sandbox,
      now: () => nowMs,
      env: {
        LOG_LEVEL: 'info',
        IB_HOSTS: `${acme.origin}=6M0B,${stack.sandbox.platforms[1].origin},${stack.sandbox.apiOrigin}`,
      },
    });
    const browser = new Browser();
    const consent = await signInAt(tied, browser, `${tied.issuer}/authorize?${QUERY}`);
    expect(consent.body).to.contain('Ada Lovelace');
    set({ otherClient: true });
    const other = new Browser();
    const refused = await signInAt(tied, other, `${tied.issuer}/authorize?${QUERY}`);
    expect(stateOf(refused)).to.contain('another IntelligenceBank customer');
    const line = await tied.logged('sign_in_refused');
    expect(line).to.include({ reason: 'other_client', platformHost: new URL(acme.origin).host });
    await tied.close();
  });

  it("remembers whose a customer's own domain is, and refuses it when it answers for another", async () => {
    const own = acme.origin.replace('127.0.0.1', 'localhost');
    const options = { sandbox: stack.sandbox, now: () => nowMs };
    const remembering = await startStack({ ...options, env: { LOG_LEVEL: 'info' }, extraHosts: [own] });
    const at = async (server: Stack, origin: string): Promise<Page> => {
      const browser = new Browser();
      const page = await openWaiting(server, browser, {}, origin);
      acme.signIn('ada');
      return browser.press(page, 'continue');
    };
    expect((await at(remembering, own)).body).to.contain('Ada Lovelace');
    expect((await at(remembering, own)).body).to.contain('Ada Lovelace');
    set({ otherClient: true });
    expect(stateOf(await at(remembering, own))).to.contain('another IntelligenceBank customer');
    expect(await remembering.logged('sign_in_refused')).to.include({
      level: 40,
      reason: 'other_client',
      platformHost: new URL(own).host,
    });
    expect((await at(remembering, acme.origin)).body, 'an address has no DNS').to.contain('Ada Lovelace');
    await remembering.close();
    const hosts = [`${own}=7q2C`, acme.origin, stack.sandbox.apiOrigin].join(',');
    const told = await startStack({ ...options, env: { LOG_LEVEL: 'silent', IB_HOSTS: hosts } });
    expect((await at(told, own)).body, 'the operator has the last word').to.contain('Ada Lovelace');
    await told.close();
  });
});

const QUERY = new URLSearchParams({
  client_id: 'web',
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  scope: 'openid profile',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}).toString();
