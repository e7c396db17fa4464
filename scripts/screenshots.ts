/** `npm run screenshots`: every page in its states, light and dark, phone and desktop, from the running product. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../test/support/chromium.ts';
import { authorizeUrl, CLIENTS, startStack, TV_CLIENT } from '../test/support/stack.ts';

const out = process.argv[2] ?? join(import.meta.dirname, '../docs/pictures');
mkdirSync(out, { recursive: true });
const VIEWS = [
  { name: 'desktop-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  { name: 'phone-light', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { name: 'phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;

const stack = await startStack({
  env: { LOG_LEVEL: 'silent' },
  clients: CLIENTS + TV_CLIENT,
  lifetimes: { loginTokenSeconds: 1 },
});
const browser = await launchChromium();
const [acme] = stack.sandbox.platforms;

/** What a device that asks to be connected shows. */
async function userCode(): Promise<string> {
  const response = await fetch(`${stack.issuer}/device_authorization`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'tv', scope: 'openid profile ib:api' }),
  });
  return ((await response.json()) as { user_code: string }).user_code;
}

async function walk(
  context: BrowserContext,
  shoot: (page: Page, name: string) => Promise<void>,
): Promise<void> {
  let page = await context.newPage();
  await page.goto(authorizeUrl(stack.issuer, { scope: 'openid profile email ib:api ib:session' }));
  await shoot(page, 'platform');
  await page.locator('input[name=platform_url]').fill('acme@evil.example');
  await page.locator('input[name=platform_url]').press('Enter');
  await page.locator('#platform-fault').waitFor();
  await shoot(page, 'platform-fault');
  await page.locator('input[name=platform_url]').fill(acme.origin);
  await page.locator('input[name=platform_url]').press('Enter');
  await page.locator('a[data-ib-login]').waitFor();
  await shoot(page, 'waiting');
  const first = await page.locator('a[data-ib-login]').getAttribute('href');
  acme.switches.expired = true;
  await page.locator(`a[data-ib-login]:not([href="${first}"])`).waitFor();
  await shoot(page, 'waiting-renewed');
  acme.switches.status = 503;
  await page.waitForResponse((response) => response.status() === 503);
  await shoot(page, 'waiting-not-answering');
  stack.sandbox.reset();
  acme.signIn('ada');
  await page.locator('[name=decision]').first().waitFor();
  await shoot(page, 'consent');
  // The app's own host is nowhere: that the browser asks for it is the end of the sign-in.
  const returned = page.waitForRequest(/^https:\/\/app\.example\//);
  await page.locator('[name=decision][value=allow]').click();
  await returned;
  await page.close();
  page = await context.newPage();
  await page.goto(authorizeUrl(stack.issuer, { prompt: 'select_account' }));
  await shoot(page, 'platform-remembered');
  await page.goto(`${stack.issuer}/account`);
  await shoot(page, 'account');
  await page.goto(`${stack.issuer}/device`);
  await shoot(page, 'device');
  await page.locator('input[name=user_code]').fill(await userCode());
  await page.locator('input[name=user_code]').press('Enter');
  await page.locator('[name=confirm]').waitFor();
  await shoot(page, 'device-confirm');
  await page.locator('[name=confirm]').click();
  await page.locator('[name=decision][value=allow]').click();
  await page.locator('[name=decision]').waitFor({ state: 'detached' });
  await shoot(page, 'device-done');
  await page.goto(`${stack.issuer}/logout`);
  await shoot(page, 'sign-out');
  await page.locator('[name=logout]').click();
  await page.locator('[name=logout]').waitFor({ state: 'detached' });
  await shoot(page, 'signed-out');
  for (const [name, path] of [
    ['error-app', '/authorize?client_id=nobody'],
    ['error-lost', '/interaction/nothing'],
    ['error-nothing', '/'],
  ] as const) {
    await page.goto(stack.issuer + path);
    await shoot(page, name);
  }
}

try {
  for (const { name, ...options } of VIEWS) {
    const context = await browser.newContext(options);
    await walk(
      context,
      async (page, shot) =>
        void (await page.screenshot({ path: join(out, `${shot}-${name}.png`), fullPage: true })),
    );
    await context.close();
  }
} finally {
  await browser.close();
  await stack.close();
}
console.log(`pictures are in ${out}`);
