/** The user of apps that run in a browser: a real Chromium, whose scripts are those of the app and of our pages. */
import type { Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import type { Stack } from '../support/stack.ts';
import type { User } from './user.ts';

const MOST_MS = 60_000;

export interface ChromiumUser extends User {
  close(): Promise<void>;
}

/** One person with a Chromium of their own, signed in nowhere. */
export async function createChromiumUser(stack: Stack): Promise<ChromiumUser> {
  const chromium = await launchChromium();
  const page = await (await chromium.newContext()).newPage();
  page.setDefaultTimeout(MOST_MS);
  return {
    async visit(url, shows = '') {
      await page.goto(url);
      const shown = page.locator('#root', { hasText: shows });
      const asked = {
        platform: page.locator('input[name=platform_url]'),
        login: page.locator('a[data-ib-login]'),
        allow: page.locator('[name=decision][value=allow]'),
        signOut: page.locator('[name=logout][value=yes]'),
      };
      const [platform] = stack.sandbox.platforms;
      const answers = new Map([
        [asked.platform, () => fillPlatform(page, platform.origin)],
        [
          asked.login,
          async () => {
            const link = (await asked.login.getAttribute('href')) ?? '';
            platform.signIn('ada', new URL(link).searchParams.get('token') ?? '');
            // The page notices by itself.
            await asked.login.waitFor({ state: 'detached' });
          },
        ],
        [asked.allow, () => asked.allow.click()],
        [asked.signOut, () => asked.signOut.click()],
      ]);
      const any = [...answers.keys()].reduce((all, each) => all.or(each), shown);
      for (;;) {
        await any
          .first()
          .waitFor()
          .catch(() => undefined);
        if ((await shown.count()) > 0) break;
        const [, answer] = (await firstVisible(answers)) ?? [];
        if (answer === undefined) break;
        await answer();
      }
      return { url: new URL(page.url()), body: await page.locator('body').innerText() };
    },
    close: () => chromium.close(),
  };
}

async function fillPlatform(page: Page, origin: string): Promise<void> {
  await page.locator('input[name=platform_url]').fill(origin);
  await page.keyboard.press('Enter');
  await page.locator('input[name=platform_url]').waitFor({ state: 'detached' });
}

async function firstVisible<T extends { count(): Promise<number> }, V>(
  answers: ReadonlyMap<T, V>,
): Promise<readonly [T, V] | undefined> {
  for (const entry of answers) if ((await entry[0].count()) > 0) return entry;
  return undefined;
}
