import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import { authorizeUrl, exchange, REDIRECT_URI, type Stack, signInAt, startStack } from '../support/stack.ts';

/** What somebody gains who writes cookies himself, or brings those of another browser. */
describe('a cookie that this browser was never given', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());
  afterEach(() => stack.sandbox.reset());

  /** A browser in which somebody has allowed the app, with what the app got. */
  async function allowed(user: string): Promise<{ browser: Browser; name: unknown }> {
    const browser = new Browser();
    const page = await signInAt(stack, browser, authorizeUrl(stack.issuer), user);
    const done = await browser.press(page, 'consent', { decision: 'allow' });
    return { browser, name: await nameIn(done) };
  }
  async function nameIn({ url }: Page): Promise<unknown> {
    expect(url.href).to.contain(REDIRECT_URI);
    const { status, body } = await exchange(stack, url);
    expect(status, JSON.stringify(body)).to.equal(200);
    return decodeJwt(String(body['id_token']))['name'];
  }
  const cookieOf = ({ cookies }: Browser, name: string): string =>
    cookies.find((cookie) => cookie.name === name)?.value ?? '';
  function give(browser: Browser, name: string, value: string, path = '/'): void {
    const at = browser.cookies.findIndex((cookie) => cookie.name === name && cookie.path === path);
    if (at >= 0) browser.cookies.splice(at, 1);
    browser.cookies.push({ name, value, path, host: new URL(stack.issuer).hostname });
  }

  it('that hints at another’s Grant, or at nothing that makes sense, leads to nobody else', async () => {
    const ada = await allowed('ada');
    const grace = await allowed('grace');
    expect(ada.name).to.not.equal(grace.name);
    const theirs = cookieOf(grace.browser, 'ib_grants');
    expect(theirs).to.match(/^[\w-]{8}\.[\w-]{44}$/);
    for (const hint of [
      theirs,
      `${theirs}~${cookieOf(ada.browser, 'ib_grants')}`,
      theirs.replace(/.{10}$/, 'AAAAAAAAAA'),
      '~'.repeat(2000),
      '__proto__.constructor',
      `${'A'.repeat(8)}.${'A'.repeat(44)}`,
    ]) {
      give(ada.browser, 'ib_grants', hint);
      expect(await nameIn(await ada.browser.open(authorizeUrl(stack.issuer))), hint).to.equal(ada.name);
    }
    const stranger = new Browser();
    give(stranger, 'ib_grants', theirs);
    expect((await stranger.open(authorizeUrl(stack.issuer))).body).to.contain('name="platform_url"');
  });

  it('that names another’s session or interaction is of no use without the server’s signature', async () => {
    const grace = await allowed('grace');
    const signed = cookieOf(grace.browser, 'ib_session.sig');
    for (const [value, signature] of [
      [cookieOf(grace.browser, 'ib_session'), ''],
      [cookieOf(grace.browser, 'ib_session'), signed.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))],
      [`${cookieOf(grace.browser, 'ib_session')}x`, signed],
      ['', signed],
    ] as const) {
      const stranger = new Browser();
      give(stranger, 'ib_session', value);
      give(stranger, 'ib_session.sig', signature);
      expect((await stranger.open(authorizeUrl(stack.issuer))).body).to.contain('name="platform_url"');
      expect((await stranger.open(`${stack.issuer}/account`)).body).to.not.contain('web');
    }
    const waiting = await grace.browser.open(authorizeUrl(stack.issuer, { prompt: 'login' }));
    const uid = waiting.url.pathname.split('/').at(-1) ?? '';
    const stranger = new Browser();
    give(stranger, 'ib_interaction', uid, waiting.url.pathname);
    give(stranger, 'ib_resume', uid, `/authorize/${uid}`);
    expect((await stranger.open(waiting.url)).status).to.equal(400);
    expect((await stranger.open(`${stack.issuer}/authorize/${uid}`)).status).to.equal(400);
  });

  it('for one interaction opens no other, and goes on with no other', async () => {
    const victim = new Browser();
    const consent = await signInAt(stack, victim, authorizeUrl(stack.issuer, { state: 'theirs' }), 'grace');
    const [form] = formsOf(consent).filter(({ action }) => action.endsWith('/consent'));
    if (form === undefined) throw new Error(consent.body);

    const attacker = new Browser();
    const own = await attacker.open(authorizeUrl(stack.issuer, { state: 'own' }));
    for (const name of ['ib_interaction', 'ib_interaction.sig']) {
      give(attacker, name, cookieOf(attacker, name), consent.url.pathname);
    }
    expect((await attacker.open(consent.url)).status).to.equal(400);
    const posted = await attacker.submit(own, form, { decision: 'allow' });
    expect([posted.status, posted.headers.get('location')]).to.deep.equal([400, null]);

    // Nor do theirs without the secret of their sign-in: it starts over, and knows nothing of who has signed in.
    for (const name of ['ib_interaction', 'ib_interaction.sig']) {
      give(attacker, name, cookieOf(victim, name), consent.url.pathname);
    }
    const opened = await attacker.open(consent.url);
    expect(opened.body).to.contain('name="platform_url"').and.not.contain('name="decision"');
    const again = await attacker.submit(own, form, { decision: 'allow' });
    expect([again.status, again.headers.get('location')]).to.deep.equal([403, null]);
    expect(await nameIn(await victim.press(consent, 'consent', { decision: 'allow' }))).to.be.a('string');
  });

  it('is taken away with no more than twenty others at once, though hundreds came', async () => {
    const cookie = Array.from({ length: 300 }, (_, index) => `ib_login_${index}=x`).join('; ');
    const answer = await fetch(authorizeUrl(stack.issuer), { headers: { cookie }, redirect: 'manual' });
    expect(answer.status).to.equal(303);
    const taken = answer.headers.getSetCookie().filter((line) => /^ib_login_\d+=;/.test(line));
    expect(taken).to.have.length(20);
  });
});
