/**
 * `npm run screenshots [FOLDER] [LANGUAGE]`: every page in its states, light and dark, phone and desktop, from the running
 * product. Without a folder, the README's pictures are made anew.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium } from '../test/support/chromium.ts';
import { PAGE_STATES, startStatesStack } from '../test/support/page-states.ts';

const [folder, locale = 'en'] = process.argv.slice(2);
const out = folder ?? join(import.meta.dirname, '../docs/pictures');
/** Those that the README shows. */
const SHOWN = ['platform-desktop-light', 'waiting-phone-dark', 'consent-phone-light', 'account-phone-light'];
const VIEWS = [
  { name: 'desktop-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'desktop-dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  { name: 'phone-light', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { name: 'phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;

mkdirSync(out, { recursive: true });
const states = await startStatesStack();
const browser = await launchChromium();
try {
  for (const [state, open] of Object.entries(PAGE_STATES)) {
    for (const { name, ...options } of VIEWS) {
      if (folder === undefined && !SHOWN.includes(`${state}-${name}`)) continue;
      const context = await browser.newContext({ ...options, locale });
      const page = await context.newPage();
      await open(states, page, context);
      await page.screenshot({ path: join(out, `${state}-${name}.png`), fullPage: true });
      await context.close();
      states.settle();
    }
  }
} finally {
  await browser.close();
  await states.stack.close();
}
console.log(`pictures are in ${out}`);
