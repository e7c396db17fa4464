import { expect } from 'chai';
import { newGrantId } from '../../adapters/store/handles.ts';
import { en } from '../../interactions/texts/en.ts';
import { browserWords, whenWords } from '../../interactions/views/words.ts';
import { Browser, type Form, formsOf, type Page } from '../support/browser.ts';
import {
  authorizeUrl,
  exchange,
  type Stack,
  signIn,
  signInAt,
  startStack,
  token,
  withBearer,
} from '../support/stack.ts';

describe('/account', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'info' } });
  });
  after(() => stack.close());
  afterEach(() => stack.sandbox.reset());

  const open = (browser: Browser, query = ''): Promise<Page> =>
    browser.open(`${stack.issuer}/account${query}`);
  const forms = (page: Page, path: string): Form[] =>
    formsOf(page).filter(({ action }) => action === `/account/${path}`);
  const appsOn = (page: Page): string[] =>
    [...page.body.matchAll(/<li><div><strong>([\s\S]*?)<\/strong>/g)].map(([, name = '']) =>
      name.replace(/<[^>]*>/g, ''),
    );
  async function pressFirst(browser: Browser, page: Page, path: string): Promise<Page> {
    const [form] = forms(page, path);
    if (form === undefined) throw new Error(page.body);
    return browser.submit(page, form);
  }
  const isAlive = async (accessToken: unknown): Promise<boolean> =>
    (await withBearer(`${stack.issuer}/userinfo`, accessToken)).status === 200;

  /** Ada at the first platform, then Alan at the second: Alan is the active one. */
  async function two(browser: Browser, scope = 'openid profile'): Promise<{ ada: unknown; alan: unknown }> {
    const ada = await exchange(stack, await signIn(stack, browser, { scope }));
    const url = authorizeUrl(stack.issuer, { prompt: 'select_account', scope });
    const page = await signInAt(stack, browser, url, 'alan', 1);
    const alan = await exchange(stack, (await browser.press(page, 'consent', { decision: 'allow' })).url);
    return { ada: ada.body['access_token'], alan: alan.body['access_token'] };
  }

  it('shows first and last use, and the place of the first, in words', async () => {
    const browser = new Browser();
    browser.headers['user-agent'] =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
    await signIn(stack, browser);
    const page = await open(browser);
    expect(page.body).to.contain('First used now, last used now.');
    expect(page.body).to.contain('Allowed with Firefox on Windows, from the network you are in now.');
    expect(page.body).to.contain('Signed in now. The sign-in ends ');
    expect(page.body, 'an admin has entered where the app is').to.contain('href="https://app.example"');
  });

  it('says times and browsers as a person would', () => {
    const at = (seconds: number, lang = 'en') => whenWords(1_800_000_000 + seconds, 1_800_000_000, lang);
    expect(at(-30)).to.equal('now');
    expect(at(-90)).to.equal('1 minute ago');
    expect(at(-7200)).to.equal('2 hours ago');
    // From 23:00, in 26 hours is the day after tomorrow; 47 hours before 1:00 was the day before yesterday.
    expect(at(26 * 3600)).to.equal('in 26 hours');
    expect(at(-47 * 3600)).to.equal('47 hours ago');
    expect(at(-2 * 86_400)).to.equal('2 days ago');
    expect(at(-2 * 86_400, 'de'), 'not "vorgestern"').to.equal('vor 2 Tagen');
    expect(at(-2 * 86_400, 'ja')).to.equal('2 日前');
    expect(at(3 * 86_400)).to.equal('in 3 days');
    expect(at(-40 * 86_400)).to.equal('December 6, 2026');
    expect(at(-7200, 'de')).to.equal('vor 2 Stunden');
    const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15';
    const cases: Record<string, string> = {
      [`${mac} (KHTML, like Gecko) Version/18.0 Safari/605.1.15`]: 'Safari on Mac',
      [`${mac} (KHTML, like Gecko) Chrome/140.0 Safari/537.36`]: 'Chrome on Mac',
      [`${mac} (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0`]: 'Edge on Mac',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1': 'Safari on iPhone',
      'Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36': 'Chrome on Android',
      'curl/8.0': 'an unknown browser',
      '': 'an unknown browser',
      '<script>': 'an unknown browser',
    };
    for (const [userAgent, words] of Object.entries(cases))
      expect(browserWords(userAgent, en)).to.equal(words);
  });

  it('lists all apps, however many, and lets them be searched past ten', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    expect((await open(browser)).body, 'few are seen at a glance').to.not.contain('type="search"');
    const { store } = stack.server;
    const accountId = '6M0B.0123456789abcdef0123456789abcdef';
    const COUNT = 230;
    const nowSeconds = Math.floor(Date.now() / 1000);
    for (let app = 0; app < COUNT; app += 1) {
      const grantId = newGrantId('some-session');
      const grant = {
        accountId,
        clientId: `app-number-${app}`,
        jti: grantId,
        kind: 'Grant',
        iat: nowSeconds,
        exp: nowSeconds + 3600,
        openid: { scope: 'openid' },
      };
      await store.unit(async () => store.adapter('Grant').upsert(grantId, grant, 3600));
    }
    expect((await store.grantsOf(accountId)).length).to.be.above(COUNT);
    const all = await open(browser);
    expect(new Set(appsOn(all)).size).to.equal(COUNT + 1);
    expect(all.body).to.contain('name="q"');
    expect(appsOn(await open(browser, '?q=NUMBER-229'))).to.deep.equal(['app-number-229']);
    const none = await open(browser, `?q=${encodeURIComponent('"><script>')}`);
    expect(none.body).to.contain('No app of this name').and.not.contain('<script>');
    expect(appsOn(none)).to.deep.equal([]);
    const ended = await pressFirst(browser, all, 'revoke-all');
    expect(ended.body).to.contain('No app has access');
    expect(await store.grantsOf(accountId)).to.deep.equal([]);
  });

  it('takes all access of one account back, and none of another', async () => {
    const browser = new Browser();
    const { ada, alan } = await two(browser);
    const first = await exchange(
      stack,
      (
        await browser.open(
          authorizeUrl(stack.issuer, {
            client_id: 'first',
            redirect_uri: 'https://first.example/callback',
            scope: 'openid',
          }),
        )
      ).url,
      'first',
    );
    expect(await isAlive(first.body['access_token'])).to.equal(true);
    const page = await open(browser);
    await pressFirst(browser, page, 'revoke-all');
    expect(await isAlive(alan)).to.equal(false);
    expect(await isAlive(first.body['access_token'])).to.equal(false);
    expect(await isAlive(ada)).to.equal(true);
  });

  for (const [who, at, other] of [
    ['the active one', 0, 'Ada Lovelace'],
    ['a parked one', 1, 'Alan Turing'],
  ] as const) {
    it(`signs out of one of two sign-ins, ${who}, and the other goes on`, async () => {
      const browser = new Browser();
      const tokens = await two(browser);
      const page = await open(browser);
      expect(page.body).to.match(/Alan Turing[\s\S]*Ada Lovelace/);
      const form = forms(page, 'sign-out')[at];
      if (form === undefined) throw new Error(page.body);
      const after = await browser.submit(page, form);
      expect(after.body).to.contain(other);
      expect(forms(after, 'sign-out')).to.have.length(1);
      expect(await isAlive(tokens.alan)).to.equal(other === 'Alan Turing');
      expect(await isAlive(tokens.ada)).to.equal(other === 'Ada Lovelace');
      const again = await browser.open(authorizeUrl(stack.issuer, { scope: 'openid profile' }));
      const whose = await exchange(stack, again.url);
      const claims = await (await withBearer(`${stack.issuer}/userinfo`, whose.body['access_token'])).json();
      expect(claims, 'single sign-on goes on as the other').to.include({ name: other });
      expect(stack.logs.some((line) => line.includes('"audit":"signed_out"'))).to.equal(true);
    });
  }

  it('signs out of the last sign-in, and the browser’s session goes; offline access stays as allowed', async () => {
    const browser = new Browser();
    const { body } = await exchange(
      stack,
      await signIn(stack, browser, { scope: 'openid profile offline_access', prompt: 'consent' }),
    );
    const after = await pressFirst(browser, await open(browser), 'sign-out');
    expect(after.body).to.contain('Nobody is signed in');
    expect(browser.cookies.some(({ name }) => name === 'ib_session')).to.equal(false);
    expect((await browser.open(authorizeUrl(stack.issuer))).body).to.contain('platform_url');
    const refreshed = await token(stack, {
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
    });
    expect(refreshed.status).to.equal(200);
  });

  it('takes no form of another browser, another account, or none at all', async () => {
    const browser = new Browser();
    const { ada, alan } = await two(browser);
    const page = await open(browser);
    for (const path of ['revoke', 'revoke-all', 'sign-out']) {
      const [form] = forms(page, path);
      const target = form ?? {
        action: `/account/${path}`,
        method: 'post',
        fields: forms(page, 'revoke')[0]?.fields ?? {},
      };
      expect((await new Browser().submit(page, target)).status, path).to.equal(403);
      expect((await browser.submit(page, target, { csrf: 'x' })).status, path).to.equal(403);
      const other = await browser.submit(page, target, { account: '6M0B.somebody' });
      expect(other.status, path).to.equal(200);
    }
    expect(await isAlive(ada)).to.equal(true);
    expect(await isAlive(alan)).to.equal(true);
  });
});
