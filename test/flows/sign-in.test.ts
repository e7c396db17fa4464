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
});
