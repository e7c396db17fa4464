import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { chooseLanguage } from '../../interactions/texts/languages.ts';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import {
  authorizeUrl,
  CLIENTS,
  exchange,
  type Stack,
  signIn,
  signInAt,
  startStack,
  withBearer,
} from '../support/stack.ts';

describe('pages', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());

  it('speak the language that the app asks for, else the browser’s, else English', async () => {
    const titled = async (params: Record<string, string>, language: string) => {
      const browser = new Browser();
      const started = await browser.request(authorizeUrl(stack.issuer, params));
      const page = await browser.request(new URL(started.headers.get('location') ?? '', stack.issuer), {
        headers: { 'accept-language': language },
      });
      return /<html lang="(\w+)"/.exec(page.body)?.[1];
    };
    expect(await titled({}, 'xx')).to.equal('en');
    expect(await titled({}, 'fr-CA,fr;q=0.9,de;q=0.5')).to.equal('fr');
    expect(await titled({ ui_locales: 'pt ja de' }, 'fr')).to.equal('ja');
    expect(chooseLanguage({ acceptLanguage: 'de;q=0, es;q=0.1, en;q=0.05' })).to.equal('es');
  });

  it('speak it to the end, errors too', async () => {
    const browser = new Browser();
    browser.headers['accept-language'] = 'fr';
    const page = await browser.open(authorizeUrl(stack.issuer, { ui_locales: 'de' }));
    const expired = await browser.press(page, 'platform', { csrf: 'x' });
    expect([expired.status, expired.body.includes('Dieses Formular ist abgelaufen')]).to.deep.equal([
      403,
      true,
    ]);
    const elsewhere = new Browser();
    elsewhere.headers['accept-language'] = 'fr';
    expect((await elsewhere.open(page.url)).body).to.contain('Ihr Browser hat keine Cookies gesendet');
  });

  it('list the apps of an account, and take access back at once', async () => {
    const browser = new Browser();
    expect((await browser.open(`${stack.issuer}/account`)).body).to.contain('Nobody is signed in');
    const { body } = await exchange(stack, await signIn(stack, browser));
    const page = await browser.open(`${stack.issuer}/account`);
    expect(page.body).to.contain('Ada Lovelace').and.contain('Web App').and.contain('First used');
    const [form] = formsOf(page);
    if (form === undefined) throw new Error(page.body);
    expect((await browser.submit(page, form, { csrf: 'x' })).status).to.equal(403);
    expect((await new Browser().submit(page, form)).status).to.equal(403);
    expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(200);
    const after = await browser.submit(page, form);
    expect(after.body).to.contain('No app has access');
    expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(401);
    const again = await browser.open(authorizeUrl(stack.issuer));
    expect(again.body, 'the session went with its last grant').to.contain('platform_url');
  });

  it('remember the platforms of this browser, and forget them when asked', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    const page = await browser.open(authorizeUrl(stack.issuer, { prompt: 'select_account' }));
    const host = new URL(stack.sandbox.platforms[0].origin).host;
    expect(page.body).to.contain('ACME').and.contain(`value="${host}"`);
    const form = formsOf(page).filter(({ action }) => action.endsWith('/platform'))[1];
    if (form === undefined) throw new Error(page.body);
    const forgotten = await browser.submit(page, form, { forget: host });
    expect(forgotten.body).to.not.contain('ACME');
  });

  it('let another person sign in: "not you?"', async () => {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer));
    const other = await browser.press(consent, 'other');
    const [acme] = stack.sandbox.platforms;
    expect(other.body, 'the address was right').to.match(
      new RegExp(`name="platform_url" value="${new URL(acme.origin).host}"`),
    );
    expect(other.body).to.contain('signs in the same person again, sign out there first');
    const waiting = await browser.press(other, 'platform', { platform_url: acme.origin });
    expect(waiting.body).to.contain('data-ib-login');
    acme.signIn('grace');
    const again = await browser.press(waiting, 'continue');
    expect(again.body).to.contain('Grace Hopper');
  });

  it('carry the operator’s name and link', async () => {
    const own = await startStack({
      env: { LOG_LEVEL: 'silent', BRAND_NAME: 'ACME <Sign-in>', SUPPORT_URL: 'https://help.acme.example/' },
    });
    const page = await new Browser().open(authorizeUrl(own.issuer));
    expect(page.body).to.contain('ACME &lt;Sign-in&gt;').and.contain('href="https://help.acme.example/"');
    await own.close();
  });

  it('carry the operator’s and the app’s pictures and colours, from any process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-brand-'));
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
    writeFileSync(join(folder, 'ours.svg'), svg);
    writeFileSync(join(folder, 'theirs.svg'), svg.replace('1', '2'));
    const options = {
      env: {
        LOG_LEVEL: 'silent',
        BRAND_LOGO: join(folder, 'ours.svg'),
        BRAND_COLOR: '#8A1538',
        PRIVACY_URL: 'https://acme.example/privacy',
        TERMS_URL: 'https://acme.example/terms',
      },
      clients: CLIENTS.replace(
        'ib: { skip_consent: true }',
        `policy_uri: https://first.example/privacy\n    ib: { logo: ${join(folder, 'theirs.svg')}, color: '#005f73' }`,
      ),
    };
    const branded = await startStack(options);
    const another = await startStack(options);
    try {
      const ours = await new Browser().open(authorizeUrl(branded.issuer));
      const redirect_uri = 'https://first.example/callback';
      const theirs = await new Browser().open(
        authorizeUrl(branded.issuer, { client_id: 'first', redirect_uri, scope: 'openid' }),
      );
      expect(ours.body).to.contain('https://acme.example/privacy').and.contain('https://acme.example/terms');
      const assetsOf = (page: Page) =>
        [...page.body.matchAll(/\/assets\/\w+\/(?:logo|brand)[.\w]+/g)].map(([path]) => path);
      expect(assetsOf(ours)).to.have.length(2);
      expect(assetsOf(theirs)).to.have.length(2).and.not.include.members(assetsOf(ours));
      for (const path of [...assetsOf(ours), ...assetsOf(theirs)]) {
        const response = await fetch(another.issuer + path);
        expect(response.status, 'another process knows it too').to.equal(200);
        expect(response.headers.get('content-security-policy')).to.contain('sandbox');
        const text = await response.text();
        expect(text.includes('<svg') || text.includes('--accent:#')).to.equal(true);
      }
      expect((await fetch(`${branded.issuer}/assets/0000000000000000/logo.svg`)).status).to.equal(404);
    } finally {
      await branded.close();
      await another.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('offer help to who has been waiting for a minute, where no script does', async () => {
    let now = Date.now();
    const slow = await startStack({ env: { LOG_LEVEL: 'silent' }, now: () => now });
    const browser = new Browser();
    const [acme] = slow.sandbox.platforms;
    const page = await browser.press(await browser.open(authorizeUrl(slow.issuer)), 'platform', {
      platform_url: acme.origin,
    });
    expect(page.body).to.match(/data-help="\d+" hidden/);
    now += 61_000;
    expect((await browser.press(page, 'continue')).body).to.match(
      /data-help="0">[\s\S]*may be in another window/,
    );
    await slow.close();
  });

  it('ask IB for who says so a moment too soon, though the timer fires before the clock is there', async () => {
    const beganMs = Date.now();
    const early = await startStack({
      env: { LOG_LEVEL: 'silent' },
      now: () => Math.floor(beganMs + (Date.now() - beganMs) * 0.95),
    });
    const browser = new Browser();
    const [acme] = early.sandbox.platforms;
    const page = await browser.press(await browser.open(authorizeUrl(early.issuer)), 'platform', {
      platform_url: acme.origin,
    });
    await browser.press(page, 'continue');
    acme.signIn('ada');
    expect((await browser.press(page, 'continue')).body).to.contain('decision');
    await early.close();
  });

  it('are small: the first page with all it loads is under 8 KB', async () => {
    const page = await new Browser().open(authorizeUrl(stack.issuer));
    const assets = [...page.body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    const sizes = await Promise.all(
      assets.map(async (path) => (await (await fetch(stack.issuer + path)).arrayBuffer()).byteLength),
    );
    const total = page.body.length + sizes.reduce((sum, size) => sum + size, 0);
    console.log(
      `      first page: ${page.body.length} bytes, ${assets.length} assets, ${total} bytes in all`,
    );
    expect(total).to.be.below(8_000);
  });
});
