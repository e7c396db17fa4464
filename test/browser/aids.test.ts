import { expect } from 'chai';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { PAGE_STATES } from '../support/page-states.ts';
import { useStates } from './states.ts';

/** What a browser that translates does: each text is put into an element of its own, in other words. */
const TRANSLATE = `(() => {
  window.read = [];
  const translate = (node) => {
    if (node.nodeType === Node.TEXT_NODE && node.data.trim() !== '' && !node.parentElement.closest('font')) {
      window.read.push(node.data);
      const font = document.createElement('font');
      font.textContent = '[' + node.data + ']';
      node.replaceWith(font);
    } else if (node.nodeName !== 'FONT') [...node.childNodes].forEach(translate);
  };
  translate(document.body);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node.isConnected) translate(node);
  }).observe(document.body, { childList: true, subtree: true });
})()`;

describe('pages under what browsers and readers do to them', function () {
  this.timeout(60_000);
  const on = useStates();

  async function open(state: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await on.browser.newContext({ viewport: { width: 320, height: 640 }, ...options });
    const page = await context.newPage();
    await PAGE_STATES[state]?.(on.states, page, context);
    return page;
  }
  const answered = (page: Page) => page.waitForResponse(/\/authorize\/poll/);

  it('leave a translated sentence alone while it is still true', async () => {
    const page = await open('waiting');
    await answered(page);
    await page.locator('[data-clock]').filter({ hasText: /\d/ }).waitFor();
    await page.evaluate(TRANSLATE);
    await answered(page);
    await answered(page);
    await page.locator('[data-seconds]').filter({ hasText: '1' }).waitFor();
    const read = (await page.evaluate('window.read')) as string[];
    expect(read.filter((text) => text.startsWith('Waiting for you'))).to.have.length(1);
    expect(read.filter((text) => text.includes('was asked'))).to.have.length(1);
    on.states.stack.sandbox.platforms[0].switches.status = 503;
    await page.locator('[data-status]').filter({ hasText: 'We keep trying' }).waitFor();
    await page.context().close();
  });

  it('promise to go on by themselves only where a script does', async () => {
    const withScript = await open('waiting');
    await withScript.getByText('This page continues by itself.').waitFor();
    await withScript.context().close();
    const without = await open('waiting', { javaScriptEnabled: false });
    expect(await without.locator('main').innerText()).to.not.match(/by itself|was asked/);
    on.states.stack.sandbox.platforms[0].switches.status = 503;
    await without.locator('[data-continue]').click();
    const status = without.locator('[data-status]').filter({ hasText: 'is not answering' });
    expect(await status.innerText())
      .to.contain('Try again in a moment')
      .and.not.contain('We keep trying');
    await without.context().close();
  });

  it('say at once that a script keeps trying, where IntelligenceBank was away before', async () => {
    const page = await open('waiting');
    on.states.stack.sandbox.platforms[0].switches.status = 503;
    await page.locator('[data-continue]').click();
    await page.locator('[data-status]').filter({ hasText: 'We keep trying' }).waitFor();
    await page.context().close();
  });

  it('break no name of a person within a word at 320 px', async () => {
    for (const locale of ['en', 'de', 'fr', 'es', 'ja', 'he']) {
      const page = await open('consent', { locale });
      const lines = await page.locator('.person strong').evaluate((name) => {
        const range = document.createRange();
        range.selectNodeContents(name);
        return new Set([...range.getClientRects()].map(({ top }) => top)).size;
      });
      expect(lines, locale).to.equal(1);
      await page.context().close();
      on.states.settle();
    }
  });

  it('keep a warning apart where a reader’s own colours take its background', async () => {
    const page = await open('consent-raw-session', { forcedColors: 'active' });
    const border = await page.locator('.warning').evaluate((element) => {
      const { borderTopStyle, borderTopWidth, borderTopColor } = getComputedStyle(element);
      return `${borderTopWidth} ${borderTopStyle} ${borderTopColor}`;
    });
    expect(border).to.match(/^1px solid rgb\(/);
    await page.context().close();
  });

  it('let a name from elsewhere keep its own direction', async () => {
    const states = [
      'platform',
      'waiting',
      'consent',
      'sign-out',
      'stayed',
      'account',
      'device-confirm',
      'error-lost',
    ];
    for (const state of [...states, 'platform-remembered', 'consent-self-registered']) {
      const page = await open(state, { locale: 'he' });
      const loose = await page.evaluate(`(() => {
        const texts = document.createNodeIterator(document.querySelector('main'), NodeFilter.SHOW_TEXT);
        const found = [];
        for (let text = texts.nextNode(); text; text = texts.nextNode())
          if (/Web App|Television|Assistant|Lovelace|^ACME$/.test(text.data)) found.push(text.parentElement.closest('bdi') !== null);
        return found;
      })()`);
      expect(loose, state).to.include(true).and.not.include(false);
      await page.context().close();
      on.states.settle();
    }
  });

  it('name each person’s part of the account page', async () => {
    const page = await open('account-of-two');
    for (const name of ['Ada Lovelace', 'Alan Turing']) {
      const part = page.getByRole('region', { name });
      expect(await part.getByRole('button', { name: 'Take back access: Web App' }).count(), name).to.equal(1);
    }
    await page.context().close();
  });
});
