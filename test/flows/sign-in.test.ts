import { expect } from 'chai';
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
  withBearer,
} from '../support/stack.ts';

describe('a sign-in', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.close());
  afterEach(() => stack.sandbox.reset());

  it('goes from /authorize through the platform, IB and consent to a code, and on to tokens and claims', async () => {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer));
    expect(consent.body).to.contain('Web App').and.contain('Ada Lovelace').and.contain('app.example');
    const redirect = (await browser.press(consent, 'consent', { decision: 'allow' })).url;
    expect(redirect.origin + redirect.pathname).to.equal('https://app.example/callback');
    expect(redirect.searchParams.get('state')).to.equal('the-state');
    expect(redirect.searchParams.get('iss')).to.equal(stack.issuer);
    const { status, body } = await exchange(stack, redirect);
    expect(status).to.equal(200);
    expect(body).to.include.keys('access_token', 'refresh_token', 'id_token', 'expires_in');
    const userinfo = await withBearer(`${stack.issuer}/userinfo`, body['access_token']);
    expect(await userinfo.json()).to.deep.include({
      sub: '6M0B.0123456789abcdef0123456789abcdef',
      name: 'Ada Lovelace',
      email: 'ada@acme.example',
      ib_client_id: '6M0B',
    });
    const refreshed = await token(stack, {
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
    });
    expect(refreshed.status).to.equal(200);
  });

  it('needs no second login for a second app in the same browser', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    const page = await browser.open(
      authorizeUrl(stack.issuer, {
        client_id: 'first',
        redirect_uri: 'https://first.example/callback',
        scope: 'openid profile',
      }),
    );
    expect(page.url.origin).to.equal('https://first.example');
    expect((await exchange(stack, page.url, 'first')).status).to.equal(200);
  });

  it('goes on where the answer to a decision was lost on its way', async () => {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer));
    const form = formsOf(consent).find(({ action }) => action.endsWith('/consent'));
    if (form === undefined) throw new Error(consent.body);
    const decide = () =>
      browser.request(new URL(form.action, consent.url), {
        method: 'POST',
        body: new URLSearchParams({ ...form.fields, decision: 'allow' }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
    const before = [...browser.cookies];
    const lost = await decide();
    expect(lost.status).to.equal(303);
    // Its cookies were lost with it.
    browser.cookies.splice(0, Infinity, ...before);
    const again = await decide();
    browser.cookies.splice(0, Infinity, ...before);
    const reopened = await browser.request(consent.url);
    for (const answer of [again, reopened]) {
      const done = await browser.follow(answer, stack.issuer);
      expect(done.url.href.startsWith(REDIRECT_URI), done.url.href).to.equal(true);
      expect((await exchange(stack, done.url)).status).to.equal(200);
    }
  });

  describe('whose answer may be asked for once more', () => {
    /** A decision as this browser makes it, and another that has the same cookies and never heard its answer. */
    async function decided(params: Record<string, string> = {}) {
      const browser = new Browser();
      const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer, params));
      const deaf = new Browser();
      deaf.cookies.push(...browser.cookies);
      const done = await browser.press(consent, 'consent', { decision: 'allow' });
      const { body } = await exchange(stack, done.url);
      return { browser, deaf, consent, token: body['access_token'] };
    }
    const leave = async (browser: Browser): Promise<void> => {
      const page = await browser.open(`${stack.issuer}/logout`);
      const [form] = formsOf(page);
      if (form === undefined) throw new Error(page.body);
      await browser.submit(page, form, { logout: 'yes' });
    };
    const statusOf = async (token: unknown): Promise<number> =>
      (await withBearer(`${stack.issuer}/userinfo`, token)).status;

    it('goes on in the session that it led to: one sign-out ends all of it', async () => {
      const { deaf, consent, token } = await decided();
      const again = await exchange(stack, (await deaf.open(consent.url)).url);
      expect(await statusOf(again.body['access_token'])).to.equal(200);
      await leave(deaf);
      expect([await statusOf(again.body['access_token']), await statusOf(token)]).to.deep.equal([401, 401]);
    });

    it('leads to nothing once the user has signed out, or has taken the app’s access back', async () => {
      const scope = 'openid profile offline_access';
      const { browser, deaf, consent } = await decided({ scope });
      await leave(browser);
      for (const answer of [
        await deaf.request(consent.url),
        await deaf.press(consent, 'consent', { decision: 'allow' }),
      ]) {
        expect([answer.status, answer.headers.get('location')]).to.deep.equal([400, null]);
        expect(answer.headers.getSetCookie().some((line) => line.startsWith('ib_session='))).to.equal(false);
      }
      const one = await decided({ scope });
      await signInAt(stack, one.browser, authorizeUrl(stack.issuer, { prompt: 'login' }), 'alan', 1).then(
        (page) => one.browser.press(page, 'consent', { decision: 'allow' }),
      );
      const account = await one.browser.open(`${stack.issuer}/account`);
      const out = formsOf(account).find(
        ({ action, fields }) => action.endsWith('/sign-out') && fields['account']?.startsWith('6M0B.'),
      );
      if (out === undefined) throw new Error(account.body);
      expect((await one.browser.submit(account, out)).body).to.not.contain('6M0B.');
      expect((await one.deaf.request(one.consent.url)).status, 'of several, this one').to.equal(400);
      const taken = await decided();
      const apps = await taken.browser.open(`${stack.issuer}/account`);
      const back = formsOf(apps).find(({ fields }) => fields['app'] === 'web');
      if (back === undefined) throw new Error(apps.body);
      await taken.browser.submit(apps, back);
      expect((await taken.deaf.request(taken.consent.url)).status).to.equal(400);
    });
  });
});
