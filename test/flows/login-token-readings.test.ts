import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import { handleOn, type Poll, tokenIn, tokenOn } from '../support/login.ts';
import { useWaitingLogin } from './waiting-login.ts';

/** `docs/ib-readings.md`: what nobody outside IntelligenceBank knows, and what comes of it either way. */
describe('the login, under each reading of IntelligenceBank’s login tokens,', () => {
  const login = useWaitingLogin();
  const { later, set, openWaiting, poll, wait, tokensAfter, asked, newTokens } = login;

  describe('where "resource has expired" is said of a token that nobody has used yet,', () => {
    it('waits through the first minute, then takes one new token a minute and no more', async () => {
      const browser = new Browser();
      set({ unusedAs: 'expired' });
      const page = await openWaiting(browser);
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
        const page = await openWaiting(browser);
        const first = tokenOn(page);
        later(2);
        await wait(browser, page, minutes * 60);
        login.acme.signIn('ada', first);
        later(2);
        await tokensAfter(browser, await poll(browser, handleOn(page)).then((told) => again(browser, told)));
      });
    }

    it('notices a user at a link in the middle, too, if not at once', async () => {
      const browser = new Browser();
      set({ unusedAs: 'expired' });
      const page = await openWaiting(browser);
      later(2);
      const { polls } = await wait(browser, page, 600);
      const links = polls.flatMap(({ body }) => body['login_url'] ?? []);
      login.acme.signIn('ada', tokenIn(links[4]));
      const { last } = await wait(browser, page, 120);
      await tokensAfter(browser, last);
    });

    it('asks about a few tokens at a time, however many there are', async () => {
      const browser = new Browser();
      set({ unusedAs: 'expired' });
      const page = await openWaiting(browser);
      later(2);
      const { last } = await wait(browser, page, 720);
      later(2);
      login.stack.sandbox.calls.length = 0;
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
      const page = await openWaiting(browser);
      login.acme.signIn('ada', tokenOn(page));
      later(2);
      await tokensAfter(browser, await poll(browser, handleOn(page)));
    });

    it(`gives who has waited four minutes a link that works, where tokens live ${name}`, async () => {
      const browser = new Browser();
      set(switches);
      const page = await openWaiting(browser);
      later(2);
      await wait(browser, page, 230);
      const renewed = await untilRenewed(browser, await browser.open(page.url));
      login.acme.signIn('ada', tokenIn(renewed.body['login_url']));
      later(2);
      await tokensAfter(browser, await poll(browser, renewed.body['token']));
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
    const page = await openWaiting(browser);
    later(2);
    const { polls } = await wait(browser, page, 840);
    expect(polls.filter(({ body }) => 'login_url' in body)).to.have.length(3);
    expect(newTokens()).to.equal(4);
  });

  for (const minutes of [2, 4, 8, 13]) {
    it(`passes after a single sign-on of ${minutes} minutes whose token expired meanwhile`, async () => {
      const browser = new Browser();
      set({ tokenSeconds: 60, openedGoesOn: true });
      const page = await openWaiting(browser);
      const link = `${login.acme.origin}/auth/?login=0&token=${tokenOn(page)}`;
      await fetch(link);
      later(2);
      await wait(browser, page, minutes * 60);
      await fetch(link, { method: 'POST', body: new URLSearchParams({ user: 'ada' }) });
      const { last } = await wait(browser, page, 4);
      await tokensAfter(browser, last);
    });
  }

  it('passes where a token tells of the session once', async () => {
    const browser = new Browser();
    set({ tellOnce: true });
    const page = await openWaiting(browser);
    login.acme.signIn('ada');
    later(2);
    const told = await poll(browser, handleOn(page));
    expect((await poll(browser, handleOn(page))).body).to.deep.equal(told.body);
    await tokensAfter(browser, told);
  });
});
