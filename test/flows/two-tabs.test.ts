import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import { handleOn, pollOnce, tokenOn } from '../support/login.ts';
import {
  authorizeUrl,
  exchange,
  REDIRECT_URI,
  type Stack,
  signIn,
  signInAt,
  startStack,
} from '../support/stack.ts';

/** Tabs of one browser: they share its cookies, and nothing else. */
describe('two tabs', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());
  afterEach(() => stack.sandbox.reset());

  const isAsked = (page: Page, step: string): boolean =>
    formsOf(page).some(({ action }) => action.endsWith(`/${step}`));
  const atApp = ({ url }: Page): boolean => url.href.startsWith(REDIRECT_URI);

  /** Whose tokens the app gets at the end. */
  async function personAfter(page: Page): Promise<unknown> {
    const { body } = await exchange(stack, page.url);
    return decodeJwt(String(body['id_token']))['name'];
  }

  /** Walks on as the pages ask, as this user, until the app hears. */
  async function toEnd(browser: Browser, page: Page, user: string, at: 0 | 1 = 0): Promise<Page> {
    const platform = stack.sandbox.platforms[at];
    let current = page;
    for (let steps = 0; steps < 8 && !atApp(current); steps += 1) {
      if (isAsked(current, 'consent'))
        current = await browser.press(current, 'consent', { decision: 'allow' });
      else if (isAsked(current, 'continue')) {
        platform.signIn(user, tokenOn(current));
        current = await browser.press(current, 'continue');
      } else if (isAsked(current, 'restart')) current = await browser.press(current, 'restart');
      else current = await browser.press(current, 'platform', { platform_url: platform.origin });
    }
    expect(atApp(current), `${current.url.pathname} ${current.status} ${current.body}`).to.equal(true);
    return current;
  }

  it('opened at once in a browser never seen before, both sign in', async () => {
    for (const count of [2, 5]) {
      const browser = new Browser();
      const pages = await Promise.all(
        Array.from({ length: count }, (_, tab) =>
          browser.open(authorizeUrl(stack.issuer, { state: `tab-${tab}` })),
        ),
      );
      const [acme] = stack.sandbox.platforms;
      const waiting = await Promise.all(
        pages.map((page) => browser.press(page, 'platform', { platform_url: acme.origin })),
      );
      for (const page of waiting) {
        expect((await pollOnce(stack, browser, handleOn(page))).body).to.include({
          error: 'authorization_pending',
        });
      }
      for (const [tab, page] of waiting.entries()) {
        const end = await toEnd(browser, page, 'ada');
        expect(end.url.searchParams.get('state')).to.equal(`tab-${tab}`);
        expect(await personAfter(end)).to.equal('Ada Lovelace');
      }
    }
  });

  it('keep the id of their session where only another app is allowed: a repeated request finds it', async () => {
    const browser = new Browser();
    const idOf = (): unknown => browser.cookies.find(({ name }) => name === 'ib_session')?.value;
    await signIn(stack, browser);
    const before = idOf();
    const params = {
      client_id: 'spa',
      redirect_uri: 'https://spa.example/callback',
      scope: 'openid profile',
    };
    const asked = await browser.open(authorizeUrl(stack.issuer, params));
    const allowed = await browser.press(asked, 'consent', { decision: 'allow' });
    expect(allowed.url.searchParams.get('code')).to.be.a('string');
    expect(before).to.be.a('string');
    expect(idOf()).to.equal(before);
  });

  it('are told apart from another browser, by form and by poll', async () => {
    const browser = new Browser();
    const [acme] = stack.sandbox.platforms;
    const page = await browser.open(authorizeUrl(stack.issuer));
    const waiting = await browser.press(page, 'platform', { platform_url: acme.origin });
    const other = new Browser();
    await other.open(authorizeUrl(stack.issuer));
    expect((await pollOnce(stack, other, handleOn(waiting))).body).to.include({ error: 'invalid_request' });
    const form = formsOf(waiting).find(({ action }) => action.endsWith('/continue'));
    if (form === undefined) throw new Error(waiting.body);
    expect((await other.submit(waiting, form)).status).to.equal(400);
  });

  it('leave no cookie of a finished sign-in behind, and no more than twenty of open ones', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    const left = (): string[] =>
      browser.cookies.map(({ name }) => name).filter((name) => !/\.sig$/.test(name));
    expect(left()).to.have.members(['ib_session', 'ib_grants', 'ib_platforms']);
    // A sign-in that leads to a question of its own: two interactions, one after the other.
    const more = { prompt: 'login', scope: 'openid profile email ib:api offline_access' };
    const asked = await signInAt(stack, browser, authorizeUrl(stack.issuer, more));
    await browser.press(asked, 'consent', { decision: 'allow' });
    expect(left()).to.have.members(['ib_session', 'ib_grants', 'ib_platforms']);
    const first = await browser.open(authorizeUrl(stack.issuer, { prompt: 'login' }));
    for (let open = 0; open < 24; open += 1)
      await browser.open(authorizeUrl(stack.issuer, { prompt: 'login' }));
    expect(left().filter((name) => name.startsWith('ib_login_'))).to.have.length(20);
    const [acme] = stack.sandbox.platforms;
    const again = await browser.press(await browser.open(first.url), 'platform', {
      platform_url: acme.origin,
    });
    expect(again.body, 'an old page goes on once it is opened again').to.contain('data-ib-login');
  });

  /** Where a tab stands when another one changes something; each opens in a browser where Ada has signed in once. */
  const standing: Record<string, (browser: Browser) => Promise<Page>> = {
    'the platform question': (browser) =>
      browser.open(authorizeUrl(stack.issuer, { prompt: 'select_account' })),
    'the waiting page': async (browser) =>
      browser.press(await browser.open(authorizeUrl(stack.issuer, { prompt: 'login' })), 'platform', {
        platform_url: stack.sandbox.platforms[0].origin,
      }),
    'the consent page after a sign-in': (browser) =>
      signInAt(stack, browser, authorizeUrl(stack.issuer, { prompt: 'login consent' })),
    'the consent page of a sign-in that was there': (browser) =>
      browser.open(authorizeUrl(stack.issuer, { prompt: 'consent' })),
  };

  /** What the other tab does. */
  const changes: Record<string, (browser: Browser) => Promise<unknown>> = {
    'signs the same person in again': (browser) => signIn(stack, browser, { prompt: 'login' }),
    'signs another person in': (browser) => signIn(stack, browser, { prompt: 'login' }, 'grace'),
    'signs in to another platform': async (browser) => {
      const url = authorizeUrl(stack.issuer, { prompt: 'select_account' });
      return browser.press(await signInAt(stack, browser, url, 'alan', 1), 'consent', { decision: 'allow' });
    },
    'signs out': async (browser) => {
      const page = await browser.open(`${stack.issuer}/logout`);
      const [form] = formsOf(page);
      if (form === undefined) throw new Error(page.body);
      return browser.submit(page, form, { logout: 'yes' });
    },
    'takes the access back': async (browser) => {
      const page = await browser.open(`${stack.issuer}/account`);
      const form = formsOf(page).find(({ action }) => action.includes('/account/revoke'));
      if (form === undefined) throw new Error(page.body);
      return browser.submit(page, form);
    },
    'is cancelled at the platform question': async (browser) =>
      browser.press((await standing['the platform question']?.(browser)) as Page, 'cancel'),
    'is cancelled while it waits': async (browser) =>
      browser.press((await standing['the waiting page']?.(browser)) as Page, 'cancel'),
    'is denied': async (browser) =>
      browser.press(
        (await standing['the consent page of a sign-in that was there']?.(browser)) as Page,
        'consent',
        { decision: 'deny' },
      ),
  };

  for (const [where, stand] of Object.entries(standing)) {
    for (const [what, change] of Object.entries(changes)) {
      it(`${where} goes on for its person when the other tab ${what}`, async () => {
        const browser = new Browser();
        await signIn(stack, browser);
        const page = await stand(browser);
        await change(browser);
        expect(await personAfter(await toEnd(browser, page, 'ada'))).to.equal('Ada Lovelace');
      });

      it(`${where} can be left, and opened again, when the other tab ${what}`, async () => {
        const browser = new Browser();
        await signIn(stack, browser);
        const page = await stand(browser);
        await change(browser);
        const again = await browser.open(page.url);
        expect(again.status).to.equal(200);
        for (const shown of [page, again]) {
          const left = await browser.press(shown, 'cancel');
          if (shown === page) expect(left.url.searchParams.get('error')).to.equal('access_denied');
          else expect(left.status, 'it has been left already').to.equal(400);
        }
      });
    }
  }

  it('a consent page whose person has signed out asks again with a sentence, and takes a denial', async () => {
    for (const decision of ['allow', 'deny']) {
      const browser = new Browser();
      await signIn(stack, browser);
      const consent = await browser.open(authorizeUrl(stack.issuer, { prompt: 'consent' }));
      await changes['signs out']?.(browser);
      const next = await browser.press(consent, 'consent', { decision });
      if (decision === 'deny') expect(next.url.searchParams.get('error')).to.equal('access_denied');
      else expect(next.body).to.contain('has ended, perhaps in another tab').and.contain('platform_url');
    }
  });

  it('a consent page shown twice gives nothing in the name of who has signed in at the other', async () => {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer));
    expect(consent.body).to.contain('Ada Lovelace');
    const [acme] = stack.sandbox.platforms;
    const asked = await browser.press(await browser.open(consent.url), 'other');
    const waiting = await browser.press(asked, 'platform', { platform_url: acme.origin });
    acme.signIn('grace', tokenOn(waiting));
    await browser.press(waiting, 'continue');
    const next = await browser.press(consent, 'consent', { decision: 'allow' });
    expect(atApp(next)).to.equal(false);
    expect(next.body).to.contain('Somebody else has signed in').and.contain('Grace Hopper');
    expect(await personAfter(await toEnd(browser, next, 'grace'))).to.equal('Grace Hopper');
  });
});
