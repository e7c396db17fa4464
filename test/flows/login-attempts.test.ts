import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { handleOn, stateOf, tokenOn } from '../support/login.ts';
import { useWaitingLogin } from './waiting-login.ts';

describe('a login attempt', () => {
  const login = useWaitingLogin();
  const { later, set, openWaiting, poll, wait, tokensAfter, asked } = login;

  it('ends five minutes after its page was last seen, and not before', async () => {
    const browser = new Browser();
    const page = await openWaiting(browser);
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
    const page = await openWaiting(browser);
    for (let turn = 0; turn < 3; turn += 1) {
      later(250);
      expect(stateOf(await browser.open(page.url))).to.not.contain('took too long');
    }
    login.acme.signIn('ada');
    const consent = await browser.press(page, 'continue');
    expect(consent.body).to.contain('Ada Lovelace');
  });

  it('ends after fifteen minutes, however often its page was seen', async () => {
    const browser = new Browser();
    const page = await openWaiting(browser);
    later(2);
    const { last } = await wait(browser, page, 1000);
    expect(last.body).to.include({ error: 'expired_token' });
    login.acme.signIn('ada', tokenOn(page));
    later(2);
    expect((await poll(browser, handleOn(page))).body).to.include({ error: 'expired_token' });
  });

  it('that was cancelled is over for every page that polls, and keeps nothing', async () => {
    const browser = new Browser();
    const page = await openWaiting(browser);
    login.acme.signIn('ada');
    const { url } = await browser.press(page, 'cancel');
    expect(url.searchParams.get('error')).to.equal('access_denied');
    later(2);
    login.stack.sandbox.calls.length = 0;
    const told = await poll(browser, handleOn(page));
    expect([told.status, told.body['error']]).to.deep.equal([400, 'expired_token']);
    expect(asked('/v1/auth/app/info')).to.equal(0);
  });

  it('leads from any earlier handle to the newest, and to the end', async () => {
    const browser = new Browser();
    const page = await openWaiting(browser);
    set({ expired: true });
    later(60);
    const second = await poll(browser, handleOn(page));
    set({ expired: true });
    later(60);
    const third = await poll(browser, second.body['token']);
    expect(third.body).to.have.all.keys('login_url', 'token');
    for (const older of [handleOn(page), second.body['token']])
      expect((await poll(browser, older)).body).to.deep.equal(third.body);
    login.acme.signIn('ada');
    later(2);
    const done = await poll(browser, third.body['token']);
    for (const older of [handleOn(page), second.body['token']])
      expect((await poll(browser, older)).body).to.deep.equal(done.body);
    await tokensAfter(browser, done);
  });

  describe('where IB is away for minutes', () => {
    it('asks it as soon as the user looks at the page, not when the interval has grown by', async () => {
      const browser = new Browser();
      const page = await openWaiting(browser);
      set({ status: 503 });
      later(2);
      const { last } = await wait(browser, page, 120);
      expect(last.body).to.include({ interval: 30 });
      set({ status: 0 });
      login.acme.signIn('ada');
      later(1);
      expect((await poll(browser, handleOn(page))).body).to.include({ error: 'slow_down', interval: 29 });
      await tokensAfter(browser, await poll(browser, handleOn(page), '&looking=1'));
    });

    it('leaves it alone for as long as it asks for, whoever looks', async () => {
      const browser = new Browser();
      const page = await openWaiting(browser);
      set({ status: 429, retryAfterSeconds: 20 });
      later(2);
      expect((await poll(browser, handleOn(page))).retryAfter).to.equal('20');
      set({ status: 0 });
      login.acme.signIn('ada');
      later(5);
      login.stack.sandbox.calls.length = 0;
      const looked = await poll(browser, handleOn(page), '&looking=1');
      expect(looked.body).to.include({ error: 'slow_down', interval: 15 });
      expect(asked('/v1/auth/app/info')).to.equal(0);
      later(15);
      await tokensAfter(browser, await poll(browser, handleOn(page), '&looking=1'));
    });
  });
});
