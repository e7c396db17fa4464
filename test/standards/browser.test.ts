import { expect } from 'chai';
import { attributeOf, Browser, formsOf, type Page, RecordingBrowser } from '../support/browser.ts';
import { authorizeUrl, exchange, type Stack, signIn, signInAt } from '../support/stack.ts';
import { startStandards, submitOnly } from '../support/standards.ts';

describe('in the browser (RFC 9700 sections 4.2, 4.7, 4.16; RFC 8252 section 8.6)', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards());
  });
  after(() => stack.close());

  /** Every page a user may meet, each from its own browser. */
  async function everyPage(): Promise<Record<string, Page>> {
    const browser = new Browser();
    const platform = await browser.open(authorizeUrl(stack.issuer));
    const [acme] = stack.sandbox.platforms;
    const waiting = await browser.press(platform, 'platform', { platform_url: acme.origin });
    const link = attributeOf(waiting, 'data-ib-login', 'href') ?? '';
    acme.signIn('ada', new URL(link).searchParams.get('token') ?? '');
    const consent = await browser.press(waiting, 'continue');
    await browser.press(consent, 'consent', { decision: 'allow' });
    return {
      platform,
      waiting,
      consent,
      account: await browser.open(`${stack.issuer}/account`),
      logout: await browser.open(`${stack.issuer}/logout`),
      device: await browser.open(`${stack.issuer}/device`),
      error: await browser.open(authorizeUrl(stack.issuer, { client_id: 'nobody' })),
      lost: await browser.open(`${stack.issuer}/interaction/nothing`),
      missing: await browser.open(`${stack.issuer}/no-such-page`),
      root: await browser.open(`${stack.issuer}/`),
    };
  }

  /** Pages that submit themselves. */
  async function submittingPages(): Promise<Record<string, Page>> {
    const browser = new Browser();
    const asked = authorizeUrl(stack.issuer, { response_mode: 'form_post' });
    const consent = await signInAt(stack, browser, asked);
    return {
      'the form that holds a code': await browser.press(consent, 'consent', { decision: 'allow' }),
      'the form that holds a user code': await new Browser().open(
        `${stack.issuer}/device?user_code=BCDF-GHJK`,
      ),
      'the sign-out of nobody': await new Browser().open(`${stack.issuer}/logout`),
    };
  }

  it('no page can be framed, cached, sniffed, or tells others where the user was', async () => {
    const pages = { ...(await everyPage()), ...(await submittingPages()) };
    for (const [name, { headers }] of Object.entries(pages)) {
      expect(headers.get('cross-origin-resource-policy'), name).to.equal('same-origin');
      expect(headers.get('x-frame-options'), name).to.equal('DENY');
      expect(headers.get('referrer-policy'), name).to.equal('no-referrer');
      expect(headers.get('x-content-type-options'), name).to.equal('nosniff');
      expect(headers.get('cache-control'), name).to.contain('no-store');
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy, name).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'");
      expect(policy, name).to.not.contain('unsafe');
    }
  });

  it('no page loads anything from elsewhere, and none holds inline script or style', async () => {
    const pages = { ...(await everyPage()), ...(await submittingPages()) };
    for (const [name, { body }] of Object.entries(pages)) {
      for (const [, url = ''] of body.matchAll(/<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]+)"/g)) {
        expect(new URL(url, stack.issuer).origin, name).to.equal(stack.issuer);
      }
      expect(body, name).to.not.match(/<script(?![^>]*src=)/);
      expect(body, name).to.not.match(/\son\w+=|style="/);
    }
  });

  it('consent is not given by a request of another site', async () => {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer));
    const form = formsOf(consent).find(({ action }) => action.endsWith('/consent'));
    if (form === undefined) throw new Error(consent.body);
    const send = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      browser.request(new URL(form.action, consent.url), {
        method: 'POST',
        body: new URLSearchParams({ ...form.fields, decision: 'allow', ...fields }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      });
    expect((await send({ csrf: '' })).status).to.equal(403);
    expect((await send({ csrf: 'x'.repeat(form.fields['csrf']?.length ?? 0) })).status).to.equal(403);
    expect((await new Browser().submit(consent, form, { decision: 'allow' })).status).to.equal(400);
    const opened = await browser.request(new URL(form.action, consent.url));
    expect([opened.status, opened.headers.get('location')]).to.deep.equal([303, consent.url.pathname]);
  });

  it('a request that asks for more needs a new consent, and one that asks for less does not', async () => {
    const browser = new Browser();
    await signIn(stack, browser, { scope: 'openid profile' });
    const less = await browser.open(authorizeUrl(stack.issuer, { scope: 'openid' }));
    expect(less.url.searchParams.get('code')).to.be.a('string');
    const more = await browser.open(authorizeUrl(stack.issuer, { scope: 'openid profile ib:api' }));
    expect(more.body).to.contain('name="decision"');
    const other = await browser.open(authorizeUrl(stack.issuer, { client_id: 'other', scope: 'openid' }));
    expect(other.body, 'nor is it another app’s').to.contain('name="decision"');
  });

  it('a native app on the device is always shown', async () => {
    const native = {
      client_id: 'native',
      redirect_uri: 'http://127.0.0.1:5000/callback',
      scope: 'openid profile',
    };
    const browser = new Browser();
    expect((await signIn(stack, browser, native)).searchParams.get('code')).to.be.a('string');
    const again = await browser.open(authorizeUrl(stack.issuer, native));
    expect(again.body).to.contain('name="decision"').and.contain('Native App');
  });

  it('the session’s id changes at sign-in', async () => {
    const browser = new Browser();
    const idOf = () => browser.cookies.find(({ name }) => name === 'ib_session')?.value;
    await signIn(stack, browser, { scope: 'openid' });
    const first = idOf();
    expect(first).to.be.a('string');
    await signInAt(stack, browser, authorizeUrl(stack.issuer, { prompt: 'login', scope: 'openid' }), 'grace');
    const page = await browser.open(
      authorizeUrl(stack.issuer, { scope: 'openid', prompt: 'select_account' }),
    );
    expect(page.status).to.equal(200);
    expect(idOf()).to.not.equal(undefined);

    const planted = new Browser();
    planted.cookies.push({ name: 'ib_session', value: 'planted', path: '/', host: 'localhost' });
    await signIn(stack, planted, { scope: 'openid' });
    expect(planted.cookies.find(({ name }) => name === 'ib_session')?.value).to.not.equal('planted');
  });

  it('cookies are HttpOnly, SameSite=Lax, and of this host alone', async () => {
    const browser = new RecordingBrowser();
    await signIn(stack, browser);
    const lines = browser.setCookies;
    expect(lines.length).to.be.greaterThan(4);
    for (const line of lines) {
      expect(line.toLowerCase())
        .to.contain('httponly')
        .and.contain('samesite=lax')
        .and.not.contain('domain=');
    }
  });

  it('cookies on https are Secure and carry the prefixes that browsers enforce', async () => {
    const { stack: secure } = await startStandards({ env: { ISSUER: 'https://sso.acme.example' } });
    try {
      const listening = `http://${secure.server.address}`;
      const browser = new RecordingBrowser(() => listening);
      const done = await signIn(secure, browser);
      expect(done.searchParams.get('code')).to.be.a('string');
      expect(done.searchParams.get('iss')).to.equal('https://sso.acme.example');
      const lines = browser.setCookies;
      for (const line of lines) expect(line.toLowerCase(), line).to.match(/; secure/);
      const names = lines.map((line) => line.slice(0, line.indexOf('=')));
      expect(names.filter((name) => !/^__(Host|Secure)-/.test(name))).to.deep.equal([]);
      const page = await browser.open(`${secure.issuer}/device`);
      expect(page.headers.get('strict-transport-security')).to.contain('max-age=');
    } finally {
      await secure.close();
    }
  });

  it('a stolen interaction URL is of no use', async () => {
    const victim = new Browser();
    const page = await victim.open(authorizeUrl(stack.issuer));
    const stolen = await new Browser().open(page.url);
    expect(stolen.status).to.equal(400);
    expect(stolen.body).to.not.contain('name="platform_url"');
    const waiting = await victim.press(page, 'platform', {
      platform_url: stack.sandbox.platforms[0].origin,
    });
    const handle = /data-poll="([^"]+)"|token=([\w.-]+)"/.exec(waiting.body);
    const poll = `${stack.issuer}/authorize/poll?token=${handle?.[1] ?? handle?.[2] ?? waiting.url.pathname.split('/')[2]}`;
    const answer = await new Browser().request(poll);
    expect([answer.status, JSON.parse(answer.body)['error']]).to.deep.equal([400, 'invalid_request']);
  });

  it('sign-out needs a valid id_token_hint or the user’s word', async () => {
    const browser = new Browser();
    const { body } = await exchange(stack, await signIn(stack, browser));
    const asked = await browser.open(`${stack.issuer}/logout`);
    expect(asked.body).to.contain('name="logout"');
    const bad = await browser.open(`${stack.issuer}/logout?id_token_hint=${String(body['id_token'])}x`);
    expect(bad.status).to.equal(400);
    const still = await browser.open(authorizeUrl(stack.issuer, { prompt: 'none' }));
    expect(still.url.searchParams.get('code'), 'nobody was signed out').to.be.a('string');
    const forged = formsOf(asked)[0];
    if (forged === undefined) throw new Error(asked.body);
    const refused = await browser.submit(asked, forged, { xsrf: 'x', logout: 'yes' });
    expect(refused.status).to.equal(403);
    const done = await submitOnly(browser, await browser.open(`${stack.issuer}/logout`), { logout: 'yes' });
    expect(done.status).to.equal(200);
    const gone = await browser.open(authorizeUrl(stack.issuer, { prompt: 'none' }));
    expect(gone.url.searchParams.get('error')).to.equal('login_required');
  });
});
