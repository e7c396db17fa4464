import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { exchange, type Stack, signIn, startStack, withBearer } from '../support/stack.ts';
import { submitOnly } from '../support/standards.ts';

describe('signing out', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.close());

  async function signedIn(browser: Browser, params: Record<string, string> = {}) {
    const { body } = await exchange(stack, await signIn(stack, browser, params));
    return body as { access_token: string; id_token: string };
  }

  const question = (browser: Browser, tokens: { id_token: string }) =>
    browser.open(
      `${stack.issuer}/logout?id_token_hint=${tokens.id_token}&post_logout_redirect_uri=${encodeURIComponent('https://app.example/bye')}`,
    );

  const userinfo = async (tokens: { access_token: string }) =>
    (await withBearer(`${stack.issuer}/userinfo`, tokens.access_token)).status;

  it('changes nothing for who stays, says so and leads back to the app', async () => {
    const browser = new Browser();
    const tokens = await signedIn(browser);
    const page = await question(browser, tokens);
    const stayed = await submitOnly(browser, page);
    expect(stayed.status).to.equal(200);
    expect(stayed.body).to.contain('You are still signed in').and.contain('href="https://app.example"');
    expect(stayed.body).not.to.contain('You are signed out');
    expect(await userinfo(tokens)).to.equal(200);
    expect((await browser.open(`${stack.issuer}/account`)).body).to.contain('Web App');
  });

  it('says before what ends and what goes on, and does so', async () => {
    const browser = new Browser();
    const online = await signedIn(browser);
    const page = await question(browser, online);
    expect(page.body).to.contain('These lose access:').and.not.contain('These keep access');
    const other = new Browser();
    const offline = await signedIn(other, { scope: 'openid offline_access', prompt: 'consent' });
    expect((await question(other, offline)).body).to.contain('These keep access, as you allowed:');
  });

  it('says after what has ended and where the rest is seen to', async () => {
    const browser = new Browser();
    const tokens = await signedIn(browser);
    const page = await browser.open(`${stack.issuer}/logout`);
    const done = await submitOnly(browser, page, { logout: 'yes' });
    expect(done.body).to.contain('You are signed out').and.contain('href="/account"');
    expect(await userinfo(tokens)).to.equal(401);
  });

  it('never says so to who is signed in, whatever page he opens', async () => {
    const browser = new Browser();
    const tokens = await signedIn(browser);
    for (const query of ['', '?client_id=web']) {
      const page = await browser.open(`${stack.issuer}/logout/success${query}`);
      expect([page.status, page.url.pathname], query).to.deep.equal([200, '/logout/success']);
      expect(page.body).to.contain('You are still signed in').and.not.contain('You are signed out');
    }
    expect(await userinfo(tokens)).to.equal(200);
    const after = await submitOnly(browser, await browser.open(`${stack.issuer}/logout`), { logout: 'yes' });
    expect([after.url.pathname, after.body.includes('You are signed out')]).to.deep.equal([
      '/logout/success',
      true,
    ]);
  });

  it('says that nobody is signed in to who stays without being so', async () => {
    const page = await new Browser().request(`${stack.issuer}/logout/confirm`, {
      method: 'POST',
      body: '',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(page.body).to.contain('Nobody is signed in').and.not.contain('You are still signed in');
  });
});
