import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { directionOf, LANGUAGE_TAGS, textsOf } from '../../interactions/texts/languages.ts';
import { launchChromium } from '../support/chromium.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** Texts of buttons and links that look like one. */
const BUTTONS = [
  'platformSubmit',
  'waitingOpen',
  'waitingContinue',
  'waitingRestart',
  'consentAllow',
  'consentDeny',
  'errorRetry',
  'errorSignIn',
  'errorDevice',
  'signOutYes',
  'signOutNo',
  'deviceSubmit',
  'deviceConfirm',
  'accountRevoke',
  'accountRevokeAllYes',
  'accountSignOut',
  'accountSearchSubmit',
] as const;

describe('the pages’ words at 320 px', function () {
  this.timeout(60_000);
  let stack: Stack;
  let browser: Browser;
  let page: Page;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 320, height: 640 } });
    await page.goto(`${stack.issuer}/account`);
  });
  after(async () => {
    await browser.close();
    await stack.close();
  });

  /** Each text in an element of its own: those of which a word is wider than the card, and buttons of more than two lines. */
  const misfits = (texts: object, lang: string): Promise<unknown> =>
    page.evaluate(`(() => {
      const texts = ${JSON.stringify(texts)};
      const buttons = ${JSON.stringify(BUTTONS)};
      document.documentElement.lang = ${JSON.stringify(lang)};
      const card = document.querySelector('main');
      return Object.entries(texts).flatMap(([key, text]) => {
        const isButton = buttons.includes(key);
        const tag = isButton ? 'button' : key.endsWith('Title') ? 'h1' : 'p';
        const element = document.createElement(tag);
        element.className = /^fault/.test(key) ? 'fault' : /Hint$/.test(key) ? 'hint' : '';
        element.textContent = text.replaceAll(/\\{(\\w+)\\}/g, 'Name');
        card.append(element);
        const { width, height } = element.getBoundingClientRect();
        Object.assign(element.style, { overflowWrap: 'normal', width: 'min-content' });
        const widest = element.scrollWidth;
        element.remove();
        const isTooTall = isButton && height > 80;
        return widest > width + 1 || isTooTall ? [key + ': ' + text] : [];
      });
    })()`);

  for (const tag of LANGUAGE_TAGS) {
    it(`fit in ${tag}`, async () => {
      expect(await misfits(textsOf(tag), tag)).to.deep.equal([]);
    });
  }

  it('would be found if they did not', async () => {
    expect(await misfits({ x: 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(2) }, 'de')).to.have.length(
      1,
    );
    expect(await misfits({ waitingOpen: 'word '.repeat(40) }, 'en')).to.have.length(1);
  });

  it('begin at the right where the language does', async () => {
    const context = await browser.newContext({ locale: 'he-IL', viewport: { width: 320, height: 640 } });
    const hebrew = await context.newPage();
    await hebrew.goto(`${stack.issuer}/device`);
    expect(directionOf('he')).to.equal('rtl');
    expect(
      await hebrew.evaluate('[document.documentElement.lang, document.documentElement.dir]'),
    ).to.deep.equal(['he', 'rtl']);
    const sides = (await hebrew.evaluate(`(() => {
      const card = document.querySelector('main').getBoundingClientRect();
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('label'));
      const words = range.getBoundingClientRect();
      return [words.left - card.left, card.right - words.right];
    })()`)) as [number, number];
    expect(sides[1], 'nearer to the right').to.be.below(sides[0]);
    await context.close();
  });
});
