import { expect } from 'chai';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import { handleOn, openWaiting, pollOnce, stateOf, tokenIn, tokenOn, tokensAfter } from '../support/login.ts';
import { authorizeUrl, type LogLine, type Stack, signIn, signInAt, startStack } from '../support/stack.ts';

const SPA = { client_id: 'spa', redirect_uri: 'https://spa.example/callback' };
const RAW = { scope: 'openid profile ib:session' };
const TWO_HOURS = 7200;

/** Anybody can send IB's login link to somebody else; what makes that visible, and what it cannot get. */
describe('a login link in the wrong hands', () => {
  let stack: Stack;
  afterEach(() => stack.close());

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    stack = await startStack({ env: { LOG_LEVEL: 'info', TRUSTED_PROXIES: '1', ...env } });
  };
  function from(address: string, name: string): Browser {
    const browser = new Browser();
    Object.assign(browser.headers, { 'x-forwarded-for': address, 'user-agent': name });
    return browser;
  }
  const audited = (event: string): LogLine[] =>
    stack.logs.map((line) => JSON.parse(line) as LogLine).filter(({ audit }) => audit === event);

  it('leaves the address and the browser of every step in the audit stream, of the start at the end too', async () => {
    await start();
    const browser = from('192.0.2.7', 'Phisher/1.0');
    const waiting = await openWaiting(stack, browser);
    browser.headers['x-forwarded-for'] = '192.0.2.8';
    browser.headers['user-agent'] = `Other/2.0 \u009b31m${'x'.repeat(500)}`;
    stack.sandbox.platforms[0].signIn('ada', tokenOn(waiting));
    const consent = await browser.press(waiting, 'continue');
    await browser.press(consent, 'consent', { decision: 'allow' });
    const [started] = audited('sign_in_started');
    expect(started).to.include({ address: '192.0.2.7', browser: 'Phisher/1.0', clientId: 'web' });
    for (const event of ['consent_decided', 'signed_in'])
      expect(audited(event)[0], event).to.include({ address: '192.0.2.8', clientId: 'web' });
    const [finished] = audited('signed_in');
    expect(finished?.['startedFrom']).to.deep.equal({ address: '192.0.2.7', browser: 'Phisher/1.0' });
    expect(String(finished?.['browser']))
      .to.match(/^Other\/2\.0 \?31mx+$/)
      .and.have.length(200);
    expect(finished).to.include({ newLogin: true, signIn: started?.['signIn'] });
    expect(stack.logs.filter((line) => line.includes('192.0.2.') && !line.includes('"audit"'))).to.deep.equal(
      [],
    );
  });

  it('says in the audit stream whether IB handed out a session it had before', async () => {
    await start();
    stack.sandbox.platforms[0].switches.loginAgeSeconds = TWO_HOURS;
    await signIn(stack);
    const [finished] = audited('signed_in');
    expect(finished).to.include({ newLogin: false });
    expect(Number(finished?.['loginTime'])).to.be.closeTo(Date.now() / 1000 - TWO_HOURS, 60);
  });

  it('is told and counted where one address finishes the sign-ins of many accounts', async () => {
    await start({ ACCOUNTS_PER_ADDRESS: '2' });
    const users = [
      ['ada', 0],
      ['ada', 0],
      ['grace', 0],
      ['alan', 1],
      ['mary', 1],
    ] as const;
    const told = () => audited('many_accounts').map(({ address, accounts }) => [address, accounts]);
    for (const [user, at] of users) {
      const browser = from('192.0.2.7', 'B');
      await allow(browser, await signInAt(stack, browser, authorizeUrl(stack.issuer), user, at));
      if (user === 'grace') expect(told(), 'the same account again is not another').to.deep.equal([]);
    }
    expect(told()).to.deep.equal([
      ['192.0.2.7', 3],
      ['192.0.2.7', 4],
    ]);
    const another = from('192.0.2.9', 'B');
    await allow(another, await signInAt(stack, another, authorizeUrl(stack.issuer)));
    expect(told(), 'another address has done nothing').to.have.length(2);
  });

  it('counts an IPv6 subscriber once, whatever address it takes', async () => {
    await start({ ACCOUNTS_PER_ADDRESS: '1' });
    for (const [user, address] of [
      ['ada', '2001:db8:1:2::1'],
      ['grace', '2001:DB8:1:2:ffff::9'],
    ] as const) {
      const browser = from(address, 'B');
      await allow(browser, await signInAt(stack, browser, authorizeUrl(stack.issuer), user));
    }
    expect(audited('many_accounts')).to.have.length(1);
  });

  describe('gets no raw session with IB_SESSION_LOGIN=new', () => {
    beforeEach(async () => {
      await start({ IB_SESSION_LOGIN: 'new' });
      stack.sandbox.platforms[0].switches.loginAgeSeconds = TWO_HOURS;
    });

    it('that IB had before: the user is asked once more, then the app is told', async () => {
      const browser = new Browser();
      const page = await openWaiting(stack, browser, RAW);
      stack.sandbox.platforms[0].signIn('ada', tokenOn(page));
      const told = await pollOnce(stack, browser, handleOn(page));
      expect(told.body).to.include({ reason: 'older_login' });
      stack.sandbox.platforms[0].signIn('ada', tokenIn(told.body['login_url']));
      const shown = await browser.open(page.url);
      expect(stateOf(shown)).to.contain('sign in anew');
      const { url } = await browser.press(shown, 'continue');
      expect(url.searchParams.get('error')).to.equal('login_required');
      expect(audited('sign_in_refused')[0]).to.include({ reason: 'older_login' });
    });

    it('by way of an app that does not ask for it, and a second request in the same browser', async () => {
      const browser = new Browser();
      await signIn(stack, browser);
      const page = await browser.open(authorizeUrl(stack.issuer, { ...RAW, prompt: 'none' }));
      expect(page.url.searchParams.get('error')).to.equal('login_required');
      const asked = await browser.open(authorizeUrl(stack.issuer, RAW));
      expect(asked.body).to.contain('name="platform_url"');
      const other = await browser.open(authorizeUrl(stack.issuer, SPA));
      expect(other.body, 'others go on with what the browser has').to.contain('Single Page');
    });

    it('but one whose login was made for its request, and that serves the next request too', async () => {
      stack.sandbox.platforms[0].switches.loginAgeSeconds = 0;
      const browser = new Browser();
      const page = await openWaiting(stack, browser, RAW);
      stack.sandbox.platforms[0].signIn('ada');
      await tokensAfter(stack, browser, await pollOnce(stack, browser, handleOn(page)));
      const again = await browser.open(authorizeUrl(stack.issuer, RAW));
      expect(again.url.searchParams.get('code')).to.be.a('string');
    });
  });

  it('is shown to whoever signed in: the first use of each app, and where from', async () => {
    await start();
    const browser = from('192.0.2.7', 'Phisher/1.0');
    const page = await signInAt(stack, browser, authorizeUrl(stack.issuer));
    await allow(browser, page);
    const [grant] = await stack.server.store.grantsOf('6M0B.0123456789abcdef0123456789abcdef');
    expect(grant?.from).to.deep.equal({ address: '192.0.2.7', browser: 'Phisher/1.0' });
    expect(grant?.createdAt).to.be.closeTo(Date.now() / 1000, 60);
  });

  async function allow(browser: Browser, page: Page): Promise<void> {
    expect(
      formsOf(page).some(({ action }) => action.endsWith('/consent')),
      page.body,
    ).to.equal(true);
    await browser.press(page, 'consent', { decision: 'allow' });
  }
});
