import AxeBuilder from '@axe-core/playwright';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { authorizeUrl, type Stack, startStack } from '../support/stack.ts';

describe('pages in a browser', function () {
  this.timeout(60_000);
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
    await stack.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 320, height: 640 } });
    page = await context.newPage();
  });
  afterEach(async () => {
    stack.sandbox.reset();
    await context.close();
  });

  const acme = () => stack.sandbox.platforms[0];
  async function toWaiting(): Promise<void> {
    await page.goto(authorizeUrl(stack.issuer, { scope: 'openid profile email ib:api ib:session' }));
    await page.locator('input[name=platform_url]').fill(acme().origin);
    await page.locator('input[name=platform_url]').press('Enter');
    await page.locator('a[data-ib-login]').waitFor();
  }
  const allow = () => page.locator('[name=decision][value=allow]');
  /** The app's host is nowhere: that the browser asks for it is the end of a sign-in. */
  const returned = () => page.waitForRequest(/^https:\/\/app\.example\//);

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`have no fault that axe finds, at 320 px, ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      const inspect = async (name: string): Promise<void> => {
        const { violations } = await new AxeBuilder({ page: page as never })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'])
          .analyze();
        expect(violations.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`)).to.deep.equal([]);
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect(overflow, `${name} scrolls sideways`).to.equal(0);
      };
      await page.goto(authorizeUrl(stack.issuer));
      await inspect('platform');
      await page.locator('input[name=platform_url]').fill('acme@evil.example');
      await page.locator('input[name=platform_url]').press('Enter');
      await page.locator('#platform-fault').waitFor();
      await inspect('platform with a fault');
      await toWaiting();
      await inspect('waiting');
      acme().signIn('ada');
      await allow().waitFor();
      await inspect('consent');
      const back = returned();
      await allow().click();
      await back;
      await page.close();
      page = await context.newPage();
      for (const [name, path] of [
        ['account', '/account'],
        ['device', '/device'],
        ['sign-out', '/logout'],
        ['error', '/authorize?client_id=nobody'],
      ] as const) {
        await page.goto(stack.issuer + path);
        await inspect(name);
      }
    });
  }

  it('move on within a second of the sign-in when the user comes back, and close the popup', async () => {
    await toWaiting();
    const opens = page.waitForEvent('popup');
    await page.locator('a[data-ib-login]').click();
    const popup = await opens;
    await popup.getByRole('button', { name: 'Ada Lovelace' }).click();
    await popup.locator('[data-signed-in]').waitFor();
    const started = performance.now();
    await popup.close();
    await allow().waitFor();
    const took = performance.now() - started;
    console.log(`      moved on after ${took.toFixed(0)} ms`);
    expect(took).to.be.below(1_000);
  });

  it('work from a second tab, and after reload and back', async () => {
    await toWaiting();
    const second = await context.newPage();
    await second.goto(page.url());
    await second.locator('a[data-ib-login]').waitFor();
    await page.reload();
    acme().signIn('ada');
    await Promise.all([allow().waitFor(), second.locator('[name=decision][value=allow]').waitFor()]);
    const back = returned();
    await allow().click();
    await back;
    await second.locator('[name=decision][value=allow]').click();
    await second.getByText('This sign-in is over').waitFor();
  });

  it('show a visible link where the popup is blocked, and go on all the same', async () => {
    await page.addInitScript('window.open = () => null');
    await toWaiting();
    const opens = context.waitForEvent('page');
    await page.locator('a[data-ib-login]').click();
    const tab = await opens;
    await tab.getByRole('button', { name: 'Ada Lovelace' }).click();
    await allow().waitFor();
  });

  it('say that the link was renewed, and swap it', async () => {
    await toWaiting();
    const first = await page.locator('a[data-ib-login]').getAttribute('href');
    acme().switches.expired = true;
    await page.getByText('The sign-in link had expired').waitFor();
    expect(await page.locator('a[data-ib-login]').getAttribute('href')).to.not.equal(first);
    acme().signIn('ada');
    await allow().waitFor();
  });

  it('say that IntelligenceBank is not answering, and go on when it is', async () => {
    await toWaiting();
    acme().switches.status = 503;
    await page.getByText('is not answering right now').waitFor();
    stack.sandbox.reset();
    acme().signIn('ada');
    await allow().waitFor();
  });

  it('go through with the keyboard alone', async () => {
    await page.goto(authorizeUrl(stack.issuer));
    await page.locator('input[name=platform_url]:focus').waitFor();
    await page.keyboard.type(acme().origin);
    await page.keyboard.press('Enter');
    await page.locator('a[data-ib-login]').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate("document.activeElement.hasAttribute('data-ib-login')")).to.equal(true);
    acme().signIn('ada');
    await allow().waitFor();
    await allow().focus();
    const back = returned();
    await page.keyboard.press('Enter');
    await back;
  });

  it('load nothing from anywhere else', async () => {
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url()).origin));
    await toWaiting();
    expect([...hosts]).to.deep.equal([new URL(stack.issuer).origin]);
  });
});
