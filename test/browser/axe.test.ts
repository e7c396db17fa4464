import AxeBuilder from '@axe-core/playwright';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { PAGE_STATES } from '../support/page-states.ts';
import { useStates } from './states.ts';

describe('each state of a page, at 320 px', function () {
  this.timeout(60_000);
  const on = useStates();

  const faults = async (page: Page, how: (axe: AxeBuilder) => AxeBuilder): Promise<string[]> => {
    const { violations } = await how(new AxeBuilder({ page: page as never })).analyze();
    return violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`);
  };

  for (const [state, open] of Object.entries(PAGE_STATES)) {
    it(`${state}: axe finds no fault, light and dark, and nothing is wider than the window`, async () => {
      const context = await on.browser.newContext({ viewport: { width: 320, height: 640 } });
      try {
        const page = await context.newPage();
        await open(on.states, page, context);
        const tags = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];
        expect(await faults(page, (axe) => axe.withTags(tags))).to.deep.equal([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await faults(page, (axe) => axe.withRules(['color-contrast'])), 'dark').to.deep.equal([]);
        for (const dir of ['ltr', 'rtl']) {
          const overflow = await page.evaluate(
            `document.documentElement.dir = '${dir}'; document.documentElement.scrollWidth - document.documentElement.clientWidth`,
          );
          expect(overflow, dir).to.equal(0);
        }
      } finally {
        await context.close();
      }
    });
  }
});
