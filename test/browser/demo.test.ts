import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';

const root = join(import.meta.dirname, '../..');
const PORTS = { DEMO_PROVIDER_PORT: '13000', DEMO_APP_PORT: '13001', DEMO_SANDBOX_PORT: '14000' };
const APP = 'http://localhost:13001/';
const ACME = 'http://127.0.0.1:14001';

describe('the demo in a browser', function () {
  this.timeout(60_000);
  let demo: ChildProcess;
  let browser: Browser;

  before(async () => {
    demo = spawn(process.execPath, [join(root, 'scripts/demo.ts')], {
      env: { ...process.env, ...PORTS, DEMO_DATA_DIR: join(root, '.data', `demo-test-${process.pid}`) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    for await (const chunk of demo.stdout ?? []) {
      output += String(chunk);
      if (output.includes('Ctrl-C')) break;
    }
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
    demo.kill('SIGTERM');
    const [code] = await once(demo, 'exit');
    expect(code).to.equal(0);
  });

  async function begin(page: Page): Promise<void> {
    await page.goto(APP);
    await page.getByRole('button', { name: 'Sign in with IntelligenceBank' }).click();
    await page.locator('input[name=platform_url]').fill(ACME);
    await page.locator('input[name=platform_url]').press('Enter');
    await page.locator('a[data-ib-login]').waitFor();
  }

  it('signs a user in with the popup, the poll and the consent page, back into the app, and out again', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await begin(page);
    const popupOpens = page.waitForEvent('popup');
    await page.locator('a[data-ib-login]').click();
    const popup = await popupOpens;
    const popupCloses = popup.waitForEvent('close');
    await popup.getByRole('button', { name: 'Ada Lovelace' }).click();
    await page.locator('[name=decision][value=allow]').click();
    await page.getByText('Hello, Ada Lovelace').waitFor();
    await popupCloses;
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('The tokens were refreshed.').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('[name=logout]').click();
    await page.getByRole('button', { name: 'Sign in with IntelligenceBank' }).waitFor();
    expect(page.url()).to.equal(APP);
    await context.close();
  });

  it('signs a user in with scripts off', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await begin(page);
    const tabOpens = context.waitForEvent('page');
    await page.locator('a[data-ib-login]').click();
    const tab = await tabOpens;
    await page.locator('[data-continue]').click();
    await page.getByText('You have not signed in yet').waitFor();
    await tab.getByRole('button', { name: 'Grace Hopper' }).click();
    await tab.locator('[data-signed-in]').waitFor();
    await expectContinue(page);
    await page.locator('[name=decision][value=allow]').click();
    await page.getByText('Hello, Grace Hopper').waitFor();
    await context.close();
  });

  /** Presses "I have signed in" until IB has been asked: too early a press says so and changes nothing. */
  async function expectContinue(page: Page): Promise<void> {
    const allow = page.locator('[name=decision][value=allow]');
    for (let tries = 0; tries < 40 && !(await allow.isVisible()); tries += 1) {
      await page.locator('[data-continue]').click();
      await page.waitForLoadState();
    }
  }

  it('sends the app access_denied when the user cancels', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await begin(page);
    await page.locator('[data-cancel]').click();
    await page.getByText('Sign-in failed: access_denied').waitFor();
    await context.close();
  });
});
