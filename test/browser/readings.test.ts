import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { SWITCHES, type Switches } from '../../sandbox/switches.ts';
import { launchChromium } from '../support/chromium.ts';
import { authorizeUrl, type Stack, startStack } from '../support/stack.ts';

/** What a switch is set to, and what the user meets on the way; a switch that is set later is set on the waiting page. */
interface Reading {
  readonly set: Partial<Switches>;
  readonly at?: 'waiting';
  /** A sentence that the page says before the user signs in, or after; the switch is taken back once it was read. */
  readonly says?: RegExp;
  /** Signs in before the sentence is there. */
  readonly first?: boolean;
  /** The user has to begin again. */
  readonly restarts?: boolean;
}

const away = /is not answering right now/;
const slow = /slow to answer/;

/** Every switch that concerns a sign-in. `docs/ib-readings.md` */
const READINGS: readonly Reading[] = [
  { set: {} },
  { set: { pendingSeconds: 3 } },
  { set: { held: true }, says: /Waiting for you/, first: true },
  { set: { expired: true, expiredAs: 'text' }, at: 'waiting', says: /new sign-in link/ },
  { set: { unusedAs: 'expired' }, says: /new sign-in link/ },
  { set: { tokenSeconds: 5 } },
  { set: { tokenSeconds: 10, openedGoesOn: true } },
  { set: { withoutSession: true }, at: 'waiting', says: /Waiting for you/, first: true },
  { set: { brokenJson: true }, at: 'waiting', says: /Waiting for you/, first: true },
  { set: { html: true }, at: 'waiting', says: /Waiting for you/, first: true },
  { set: { status: 500 }, at: 'waiting', says: away },
  { set: { status: 401, statusAs: 'dead' }, at: 'waiting', says: away },
  { set: { status: 429, retryAfterSeconds: 3 }, at: 'waiting', says: away },
  { set: { delayMs: 4_500 }, at: 'waiting', says: slow, first: true },
  { set: { cut: true }, at: 'waiting', says: away },
  { set: { redirect: true }, at: 'waiting', says: away },
  { set: { foreignApi: true }, says: /could not be accepted/, first: true, restarts: true },
  ...(['slash', 'path', 'no_scheme', 'no_scheme_path', 'capitals'] as const).map((apiUrlAs) => ({
    set: { apiUrlAs },
  })),
  { set: { otherClient: true } },
  { set: { withoutPeriod: true } },
  { set: { periodHours: 1 } },
  { set: { numbersAsText: true } },
  { set: { tellOnce: true } },
  { set: { loginAgeSeconds: 3600 } },
  { set: { alreadyOver: true }, says: /session had ended/, first: true },
  { set: { alreadyOver: true, deadAs: 'unknown' }, says: /session had ended/, first: true },
  { set: { alreadyOver: true, slides: true } },
  { set: { alreadyOver: true, slides: true, apiStatus: 503 }, says: away, first: true },
  {
    set: { alreadyOver: true, slides: true, apiStatus: 429, apiRetryAfterSeconds: 2 },
    says: away,
    first: true,
  },
  { set: { alreadyOver: true, slides: true, apiCut: true } },
  { set: { alreadyOver: true, slides: true, apiDelayMs: 500 } },
];

describe('a sign-in in a browser, under each reading of IntelligenceBank,', function () {
  this.timeout(60_000);
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent' },
      lifetimes: { pollIntervalSeconds: 1, loginTokenSeconds: 2 },
    });
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
    await stack.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(async () => {
    stack.sandbox.reset();
    await context.close();
  });

  const acme = () => stack.sandbox.platforms[0];
  const status = () => page.locator('[data-status]');
  const allow = () => page.locator('[name=decision][value=allow]');

  async function toWaiting(): Promise<void> {
    await page.goto(authorizeUrl(stack.issuer));
    await page.locator('input[name=platform_url]').fill(acme().origin);
    await page.locator('input[name=platform_url]').press('Enter');
    await page.locator('a[data-ib-login]').waitFor();
  }

  /** The user opens the link as it stands, signs in there, and closes the window; comes back where it has expired. */
  async function signInThere(): Promise<void> {
    const link = page.locator('a[data-ib-login]');
    const href = await link.getAttribute('href');
    const opens = page.waitForEvent('popup');
    await link.click();
    const popup = await opens;
    const ada = popup.getByRole('button', { name: 'Ada Lovelace' });
    await ada.or(popup.getByText('begin again')).waitFor();
    const signsIn = await ada.isVisible();
    if (signsIn) {
      // Our page may have noticed, and closed the window, before IB's own answer is seen in it.
      const closes = popup.waitForEvent('close');
      await ada.click();
      await Promise.race([popup.locator('[data-signed-in]').waitFor(), closes]);
    }
    await popup.close().catch(() => undefined);
    if (signsIn) return;
    await page.locator(`a[data-ib-login]:not([href="${href}"])`).waitFor();
    await signInThere();
  }

  async function allowed(): Promise<void> {
    await allow().waitFor();
    const back = page.waitForRequest(/^https:\/\/app\.example\//);
    await allow().click();
    expect(new URL((await back).url()).searchParams.get('code')).to.be.a('string');
  }

  for (const { set, at, says, first, restarts } of READINGS) {
    it(`passes with ${JSON.stringify(set)}${says === undefined ? '' : `, and says ${says.source}`}`, async () => {
      if (at === undefined) Object.assign(acme().switches, set);
      await toWaiting();
      if (first === true) acme().signIn('ada');
      if (at === 'waiting') Object.assign(acme().switches, set);
      if (says !== undefined) {
        await status().getByText(says).or(page.getByText(says)).first().waitFor();
        stack.sandbox.reset();
      }
      if (restarts === true) await page.getByRole('button', { name: 'Begin again' }).click();
      const asksAnew =
        says === undefined || first !== true || restarts === true || /had ended/.test(says.source);
      if (asksAnew) await signInThere();
      await allowed();
    });
  }

  it('is tried under every switch', () => {
    const tried = new Set(READINGS.flatMap(({ set }) => Object.keys(set)));
    expect(Object.keys(SWITCHES).filter((name) => !tried.has(name))).to.deep.equal([]);
  });

  it('asks whatever the browser thinks of its network', async () => {
    await page.addInitScript("Object.defineProperty(navigator, 'onLine', { get: () => false })");
    await toWaiting();
    acme().signIn('ada');
    await allowed();
  });

  it('notices an IntelligenceBank that is back within a second of the page being looked at', async () => {
    await toWaiting();
    acme().switches.status = 503;
    const inTrouble = () => page.waitForResponse((answer) => answer.status() === 503);
    // The pause between questions has grown to eight seconds.
    for (let turn = 0; turn < 3; turn += 1) await inTrouble();
    stack.sandbox.reset();
    acme().signIn('ada');
    const next = page.waitForResponse(/\/authorize\/poll/);
    const started = performance.now();
    await page.evaluate("window.dispatchEvent(new Event('focus'))");
    expect((await next).status(), 'the very next question, not the one that was due').to.equal(200);
    await allow().waitFor();
    console.log(`      noticed after ${(performance.now() - started).toFixed(0)} ms`);
  });

  it('notices one that hung, though the last question is still unanswered', async () => {
    await toWaiting();
    acme().switches.delayMs = 30_000;
    await page.getByText(slow).waitFor();
    stack.sandbox.reset();
    acme().signIn('ada');
    const next = page.waitForResponse(/\/authorize\/poll/);
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    expect((await next).status(), 'the first question that is answered').to.equal(200);
    await allowed();
  });
});
