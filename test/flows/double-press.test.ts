import { expect } from 'chai';
import { attributeOf, Browser, formsOf, type Page } from '../support/browser.ts';
import { handleOn, openWaiting, pollOnce, tokenIn, tokenOn } from '../support/login.ts';
import { authorizeUrl, type Stack, startStack } from '../support/stack.ts';

/** A button pressed twice: both requests arrive, and the browser shows the answer to the second. */
describe('a sign-in whose button is pressed twice', () => {
  let nowMs = Date.now();
  let stack: Stack;
  before(async () => {
    stack = await startStack({ now: () => nowMs, env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());
  afterEach(() => stack.sandbox.reset());

  const acme = () => stack.sandbox.platforms[0];
  const later = (seconds: number): void => {
    nowMs += seconds * 1000;
  };
  const tokensAsked = (): number =>
    stack.sandbox.calls.filter(({ target }) => target.startsWith('/v1/auth/app/token')).length;

  /** Presses twice; IB is slower to answer the first time than the second. The page that is shown. */
  async function pressTwice(
    browser: Browser,
    page: Page,
    button: string,
    fields: Record<string, string> = {},
  ): Promise<Page> {
    const form = formsOf(page).find(({ action }) => action.endsWith(`/${button}`));
    if (form === undefined) throw new Error(page.body);
    const asked = tokensAsked();
    acme().switches.delayMs = 300;
    const first = browser.submit(page, form, fields);
    while (tokensAsked() === asked) await new Promise(setImmediate);
    acme().switches.delayMs = 0;
    const shown = await browser.submit(page, form, fields);
    await first;
    return shown;
  }

  /** Whether the user who signs in at a link is noticed by the page that showed it. */
  async function isNoticed(browser: Browser, page: Page, link: unknown): Promise<boolean> {
    acme().signIn('ada', tokenIn(link));
    let handle: unknown = handleOn(page);
    for (let polls = 0; polls < 3; polls += 1) {
      later(2);
      const { body } = await pollOnce(stack, browser, handle);
      if ('redirect_url' in body) return true;
      handle = body['token'] ?? handle;
    }
    return false;
  }

  it('goes on at the link that the page shows, where IB answers the first press last', async () => {
    const browser = new Browser();
    const question = await browser.open(authorizeUrl(stack.issuer));
    const page = await pressTwice(browser, question, 'platform', { platform_url: acme().origin });
    expect(await isNoticed(browser, page, attributeOf(page, 'data-ib-login', 'href'))).to.equal(true);
  });

  it('goes on so where the sign-in begins again', async () => {
    const browser = new Browser();
    const waiting = await openWaiting(stack, browser);
    later(16 * 60);
    const page = await pressTwice(browser, await browser.open(waiting.url), 'restart');
    expect(await isNoticed(browser, page, attributeOf(page, 'data-ib-login', 'href'))).to.equal(true);
    // The library keeps the real time.
    nowMs = Date.now();
  });

  it('goes on at a link of before, where another tab answers the same question with the same platform', async () => {
    const browser = new Browser();
    const question = await browser.open(authorizeUrl(stack.issuer));
    const first = await browser.press(question, 'platform', { platform_url: acme().origin });
    const second = await browser.press(question, 'platform', { platform_url: acme().origin });
    expect(tokenOn(second)).to.not.equal(tokenOn(first));
    expect(await isNoticed(browser, second, attributeOf(first, 'data-ib-login', 'href'))).to.equal(true);
  });

  it('begins anew at another platform: what is left behind is left', async () => {
    const browser = new Browser();
    const question = await browser.open(authorizeUrl(stack.issuer));
    const left = await browser.press(question, 'platform', { platform_url: acme().origin });
    const [, other] = stack.sandbox.platforms;
    const page = await browser.press(question, 'platform', { platform_url: other.origin });
    expect(await isNoticed(browser, page, attributeOf(left, 'data-ib-login', 'href'))).to.equal(false);
  });
});
