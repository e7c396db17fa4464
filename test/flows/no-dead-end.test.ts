import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import { REDIRECT_URI } from '../support/stack.ts';
import { controlsOf } from './controls.ts';
import { SELF, usePlaces } from './places.ts';

describe('no page is the end of the way', () => {
  const places = usePlaces();
  const { elsewhere, inSignIn, settle } = places;

  const isHeard = ({ url }: Page): boolean => url.href.startsWith(REDIRECT_URI) || url.href.startsWith(SELF);

  /** Goes on as somebody would who wants to get away: cancels where he can, else takes what the page offers first. */
  async function leave(browser: Browser, page: Page): Promise<Page> {
    let current = page;
    for (let steps = 0; steps < 8 && current.url.origin === new URL(places.stack.issuer).origin; steps += 1) {
      const controls = controlsOf(current);
      const control = controls.find(({ isCancel }) => isCancel) ?? controls[0];
      if (control === undefined) return current;
      current = await control.press(browser, current);
    }
    return current;
  }

  for (const [state, open] of Object.entries(inSignIn)) {
    it(`${state}: whatever is pressed, the app hears of the end`, async () => {
      const shown = controlsOf(await open(new Browser()));
      expect(
        shown.some(({ isCancel }) => isCancel),
        'there is a way to cancel',
      ).to.equal(true);
      for (const [at, { name }] of shown.entries()) {
        settle();
        const browser = new Browser();
        const page = await open(browser);
        const control = controlsOf(page)[at];
        if (control === undefined) throw new Error(page.body);
        const end = await leave(browser, await control.press(browser, page));
        expect(isHeard(end), `${name} leads to ${end.url.href}: ${end.body}`).to.equal(true);
      }
    });
  }

  for (const [state, open] of Object.entries(elsewhere)) {
    it(`${state}: there is a way on, and what it leads to is a page`, async () => {
      const shown = controlsOf(await open(new Browser()));
      expect(shown).to.not.deep.equal([]);
      for (const [at, { name }] of shown.entries()) {
        const browser = new Browser();
        const page = await open(browser);
        const next = await controlsOf(page)[at]?.press(browser, page);
        if (next?.url.origin !== page.url.origin) continue;
        expect(next.status, name).to.be.oneOf([200, next.url.href === page.url.href ? page.status : 200]);
        expect(next.body, name).to.contain('<h1>');
      }
    });
  }
});
