/** Every state that a page can be in, as a browser gets there: what is looked at, and what axe looks at. */
import type { BrowserContext, Page, Request } from 'playwright-core';
import { newGrantId } from '../../adapters/store/handles.ts';
import { authorizeUrl, CLIENTS, REDIRECT_URI, type Stack, startStack, TV_CLIENT } from './stack.ts';
import { post } from './standards.ts';

const WIKI = 'https://wiki.acme.example/mcp';
const SELF = 'https://self.example.co.uk/cb';
const ADA = '6M0B.0123456789abcdef0123456789abcdef';

const clients = `${CLIENTS.replace(' ib:session\n', ' ib:session wiki:read wiki:write\n')}${TV_CLIENT}
resources:
  - identifier: ${WIKI}
    name: ACME Wiki
    scopes: [profile, ib:api, 'wiki:read', 'wiki:write']
`;

/** A stack whose pages can be brought into every state. */
export interface StatesStack {
  readonly stack: Stack;
  /** Time passes. */
  pass(ms: number): void;
  /** Whether the process is too far behind to serve. */
  setBehind(isBehind: boolean): void;
  /** All as it was. */
  settle(): void;
}

/** Starts such a stack. */
export async function startStatesStack(): Promise<StatesStack> {
  let ahead = 0;
  let isBehind = false;
  const stack = await startStack({
    env: { LOG_LEVEL: 'silent', REGISTRATION: 'open', REGISTRATIONS_PER_HOUR: '1000' },
    clients,
    now: () => Date.now() + ahead,
    loopDelay: { takeMs: () => (isBehind ? 1000 : 0) },
    lifetimes: { interactionSeconds: 7 * 24 * 3600 },
  });
  const pass = (ms: number): void => void (ahead += ms);
  return {
    stack,
    pass,
    setBehind(to) {
      isBehind = to;
      pass(1000);
    },
    settle() {
      isBehind = false;
      stack.sandbox.reset();
      pass(120_000);
    },
  };
}

type Open = (at: StatesStack, page: Page, context: BrowserContext) => Promise<unknown>;

const allow = (page: Page) => page.locator('[name=decision][value=allow]');
const platform = (page: Page) => page.locator('input[name=platform_url]');

async function choose(page: Page, value: string): Promise<void> {
  await platform(page).fill(value);
  await platform(page).press('Enter');
}

const start = ({ stack }: StatesStack, page: Page, params: Record<string, string> = {}) =>
  page.goto(authorizeUrl(stack.issuer, params));

async function toWaiting(at: StatesStack, page: Page, url = authorizeUrl(at.stack.issuer)): Promise<void> {
  await page.goto(url);
  await choose(page, at.stack.sandbox.platforms[0].origin);
  await page.locator('a[data-ib-login]').waitFor();
}

async function toConsent(at: StatesStack, page: Page, url?: string): Promise<void> {
  await toWaiting(at, page, url);
  at.stack.sandbox.platforms[0].signIn('ada');
  // At once, rather than when the page asks next.
  await page.locator('[data-continue]').click();
  await allow(page).waitFor();
}

/** The app's host is nowhere: that the browser asks for it is the end of a sign-in. */
async function leave(page: Page, press: () => Promise<unknown>): Promise<void> {
  const isApp = (request: Request): boolean => request.url().startsWith(REDIRECT_URI);
  await Promise.all([page.waitForEvent('requestfailed', isApp), press()]);
  // The browser's own page about that comes a moment later, and would break into what follows.
  await page.waitForURL('chrome-error://**', { waitUntil: 'commit' });
}

async function signIn(at: StatesStack, page: Page, url?: string): Promise<void> {
  await toConsent(at, page, url);
  await leave(page, () => allow(page).click());
}

async function registered({ stack }: StatesStack, client_name: string): Promise<string> {
  const metadata = { client_name, redirect_uris: [SELF], token_endpoint_auth_method: 'none' };
  const { body } = await post(stack, '/register', JSON.stringify(metadata), {
    'content-type': 'application/json',
  });
  const client_id = String(body['client_id']);
  return authorizeUrl(stack.issuer, { client_id, redirect_uri: SELF, scope: 'openid profile ib:api' });
}

async function enterCode({ stack }: StatesStack, page: Page): Promise<void> {
  const { body } = await post(stack, '/device_authorization', { client_id: 'tv', scope: 'openid profile' });
  await page.goto(`${stack.issuer}/device`);
  await page.locator('input[name=user_code]').fill(String(body['user_code']));
  await page.locator('input[name=user_code]').press('Enter');
  await page.locator('[name=confirm]').waitFor();
}

async function manyApps({ stack: { server } }: StatesStack): Promise<void> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  for (let app = 1; app <= 12; app += 1) {
    const jti = newGrantId('some-session');
    const iat = nowSeconds - app * 40_000;
    const grant = { accountId: ADA, clientId: `app-${app}.example`, jti, kind: 'Grant', iat, exp: iat + 1e7 };
    const from = { address: '203.0.113.7', browser: 'Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1' };
    await server.store.unit(async () => server.store.adapter('Grant').upsert(jti, { ...grant, from }, 1e6));
  }
}

const goto =
  (path: string): Open =>
  ({ stack }, page) =>
    page.goto(stack.issuer + path);

/** By name; each starts in a browser never seen before. */
export const PAGE_STATES: Readonly<Record<string, Open>> = {
  platform: (at, page) => start(at, page),
  async 'platform-fault'(at, page) {
    await start(at, page);
    await choose(page, 'acme@evil.example');
    await page.locator('#platform-fault').waitFor();
  },
  async 'platform-remembered'(at, page) {
    await signIn(at, page);
    await start(at, page, { prompt: 'select_account' });
  },
  async 'platform-not-you'(at, page) {
    await toConsent(at, page);
    await page.locator('form[action$="/other"] button').click();
    await platform(page).waitFor();
  },
  async 'platform-signed-out-elsewhere'(at, page, context) {
    await signIn(at, page);
    await start(at, page, { prompt: 'consent' });
    await context.clearCookies({ name: 'ib_session' });
    await allow(page).click();
    await platform(page).waitFor();
  },
  waiting: (at, page) => toWaiting(at, page),
  async 'waiting-clock-and-help'(at, page) {
    await toWaiting(at, page);
    at.pass(61_000);
    await page.reload();
    await page.locator('[data-clock]').filter({ hasText: /\d/ }).waitFor();
  },
  async 'waiting-renewed'(at, page) {
    await toWaiting(at, page);
    const link = page.locator('a[data-ib-login]');
    const first = await link.getAttribute('href');
    at.stack.sandbox.platforms[0].switches.expired = true;
    at.pass(120_000);
    await page.locator(`a[data-ib-login]:not([href="${first}"])`).waitFor();
  },
  async 'waiting-not-answering'(at, page) {
    await toWaiting(at, page);
    at.stack.sandbox.platforms[0].switches.status = 503;
    await page.waitForResponse((response) => response.status() === 503);
  },
  async 'waiting-refused'(at, page) {
    await toWaiting(at, page);
    const [acme] = at.stack.sandbox.platforms;
    acme.switches.alreadyOver = true;
    for (const _time of ['asked once more', 'refused']) {
      const link = await page.locator('a[data-ib-login]').getAttribute('href');
      acme.signIn('ada', new URL(link ?? '').searchParams.get('token') ?? '');
      await page.locator('[data-continue]').click();
      await page.locator(`a[href="${link}"]`).waitFor({ state: 'detached' });
    }
  },
  async 'waiting-too-old'(at, page) {
    await toWaiting(at, page);
    at.pass(16 * 60_000);
    await page.reload();
  },
  consent: (at, page) => toConsent(at, page),
  'consent-raw-session': (at, page) =>
    toConsent(at, page, authorizeUrl(at.stack.issuer, { scope: 'openid profile email ib:api ib:session' })),
  async 'consent-resource-and-new'(at, page) {
    await signIn(at, page);
    await start(at, page, { scope: 'openid profile email wiki:read wiki:write', resource: WIKI });
    await allow(page).waitFor();
  },
  'consent-self-registered': async (at, page) =>
    toConsent(at, page, await registered(at, `Assistant of ${'a very long name '.repeat(5)}`)),
  'error-app': goto('/authorize?client_id=nobody'),
  'error-redirect': (at, page) => start(at, page, { redirect_uri: 'https://evil.example/' }),
  'error-resource': (at, page) => start(at, page, { resource: 'https://other.example/' }),
  'error-nothing': goto('/'),
  async 'error-lost'({ stack }, page, context) {
    await page.goto(authorizeUrl(stack.issuer));
    await context.clearCookies({ name: /^ib_interaction/ });
    await page.reload();
  },
  async 'error-cookies'({ stack }, page, context) {
    await page.goto(authorizeUrl(stack.issuer));
    await context.clearCookies();
    await page.reload();
  },
  async 'error-form'(at, page) {
    await start(at, page);
    await page.evaluate("document.querySelector('[name=csrf]').value = 'x'");
    await choose(page, 'acme.intelligencebank.com');
    await page.locator('a.primary').waitFor();
  },
  async 'error-busy'(at, page) {
    await start(at, page);
    at.setBehind(true);
    await page.reload();
  },
  device: goto('/device'),
  async 'device-fault'({ stack }, page) {
    await page.goto(`${stack.issuer}/device`);
    await page.locator('input[name=user_code]').fill('BBBB-BBBB');
    await page.locator('input[name=user_code]').press('Enter');
    await page.locator('#code-fault').waitFor();
  },
  'device-again': goto('/device?again=BBBB-BBBB'),
  'device-confirm': enterCode,
  async 'device-stopped'(at, page) {
    await enterCode(at, page);
    await page.locator('[name=abort]').click();
    await page.locator('input[name=user_code]:not([type=hidden])').waitFor();
  },
  async 'device-over'(at, page, context) {
    await PAGE_STATES['device-done']?.(at, page, context);
    await page.reload();
  },
  async 'device-done'(at, page) {
    await enterCode(at, page);
    await page.locator('[name=confirm]').click();
    await platform(page).waitFor();
    await choose(page, at.stack.sandbox.platforms[0].origin);
    await page.locator('a[data-ib-login]').waitFor();
    at.stack.sandbox.platforms[0].signIn('ada');
    await page.locator('[data-continue]').click();
    await allow(page).click();
    await allow(page).waitFor({ state: 'detached' });
  },
  async 'sign-out'(at, page) {
    await signIn(at, page);
    await goto('/logout')(at, page, page.context());
  },
  async 'signed-out'(at, page) {
    await signIn(at, page);
    await page.goto(`${at.stack.issuer}/logout`);
    await page.locator('[name=logout]').click();
    await page.locator('[name=logout]').waitFor({ state: 'detached' });
  },
  async stayed(at, page) {
    await signIn(at, page);
    await page.goto(`${at.stack.issuer}/logout`);
    await page.locator('[data-cancel]').click();
    await page.locator('[name=logout]').waitFor({ state: 'detached' });
  },
  'account-of-nobody': goto('/account'),
  async account(at, page) {
    await signIn(at, page);
    await page.goto(`${at.stack.issuer}/account`);
  },
  async 'account-of-two'(at, page) {
    await signIn(at, page);
    await start(at, page, { prompt: 'select_account' });
    await choose(page, at.stack.sandbox.platforms[1].origin);
    await page.locator('a[data-ib-login]').waitFor();
    at.stack.sandbox.platforms[1].signIn('alan');
    await allow(page).waitFor();
    await leave(page, () => allow(page).click());
    await page.goto(`${at.stack.issuer}/account`);
  },
  async 'account-of-many-apps'(at, page) {
    await manyApps(at);
    await signIn(at, page);
    await page.goto(`${at.stack.issuer}/account`);
  },
};
