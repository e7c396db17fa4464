import { expect } from 'chai';
import { attributeOf, Browser, formsOf, type Page } from '../support/browser.ts';
import { handleOn, openWaiting, pollOnce, tokenIn, tokenOn } from '../support/login.ts';
import { authorizeUrl, CLIENTS, type Stack, signIn, startStack, TV_CLIENT } from '../support/stack.ts';
import { post } from '../support/standards.ts';

/** A form sent twice, whose first answer the browser no longer reads: neither its page nor its cookies. */
async function sendTwice(
  browser: Browser,
  page: Page,
  name: string,
  fields: Record<string, string>,
): Promise<Page> {
  const form = formsOf(page).find(({ action }) => new URL(action, page.url).pathname.endsWith(name));
  if (form === undefined) throw new Error(page.body);
  const cookies = [...browser.cookies];
  await browser.request(new URL(form.action, page.url), {
    method: 'POST',
    body: new URLSearchParams({ ...form.fields, ...fields }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  browser.cookies.splice(0, browser.cookies.length, ...cookies);
  return browser.submit(page, form, fields);
}

describe('another button pressed twice', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ clients: CLIENTS + TV_CLIENT });
  });
  after(() => stack.close());

  it('signs out once, and says so', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    const question = await browser.open(`${stack.issuer}/logout`);
    const page = await sendTwice(browser, question, '/confirm', { logout: 'yes' });
    expect([page.status, page.body.includes('You are signed out')]).to.deep.equal([200, true]);
  });

  it('signs nobody out who has signed in since: that form has expired, and the question can be asked again', async () => {
    const browser = new Browser();
    await signIn(stack, browser);
    const question = await browser.open(`${stack.issuer}/logout`);
    await browser.press(question, 'confirm', { logout: 'yes' });
    await signIn(stack, browser, {}, 'grace');
    const page = await browser.press(question, 'confirm', { logout: 'yes' });
    expect(page.status).to.equal(403);
    expect(page.body).to.contain('This form has expired').and.contain('href="/logout"');
    expect((await browser.open(`${stack.issuer}/account`)).body).to.contain('Grace Hopper');
  });

  it('is not taken for another site’s form, which may not say that anybody is signed out', async () => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'cross-site',
    };
    const sent = { method: 'POST', body: 'logout=yes', headers };
    const page = await new Browser().request(`${stack.issuer}/logout/confirm`, sent);
    expect([page.status, page.body.includes('signed out')]).to.deep.equal([403, false]);
  });

  it('asks for the code of a device once more, with what was typed, and calls it neither unknown nor expired', async () => {
    const { body } = await post(stack, '/device_authorization', { client_id: 'tv', scope: 'openid' });
    const browser = new Browser();
    const question = await browser.open(`${stack.issuer}/device`);
    const [form] = formsOf(question);
    if (form === undefined) throw new Error(question.body);
    const asked = await browser.submit(question, form, { user_code: String(body['user_code']) });
    const page = await sendTwice(browser, asked, '/device', { confirm: 'yes' });
    expect(page.body).to.contain('Enter the code once more').and.not.contain('not known');
    const [again] = formsOf(page);
    expect(again?.fields['user_code']).to.equal(body['user_code']);
    const confirm = await browser.submit(page, again ?? form);
    const [last = form] = formsOf(confirm);
    expect((await browser.submit(confirm, last, { confirm: 'yes' })).body).to.contain('platform_url');
  });
});

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

  it('keeps the first link and the newest, however often the button is pressed: no record grows without end', async () => {
    const browser = new Browser();
    const question = await browser.open(authorizeUrl(stack.issuer));
    const press = () => browser.press(question, 'platform', { platform_url: acme().origin });
    const first = await press();
    let page = first;
    for (let presses = 0; presses < 40; presses += 1) page = await press();
    const before = stack.sandbox.calls.length;
    for (let polls = 0; polls < 60; polls += 1) {
      later(2);
      await pollOnce(stack, browser, handleOn(page));
    }
    const asked = stack.sandbox.calls
      .slice(before)
      .map(({ target }) => tokenIn(new URL(target, acme().origin)));
    const links = new Set(asked.filter((token) => token !== ''));
    expect(links.size).to.be.within(2, 20);
    expect([...links]).to.include.members([tokenOn(first), tokenOn(page)]);
    expect(await isNoticed(browser, page, attributeOf(first, 'data-ib-login', 'href'))).to.equal(true);
    nowMs = Date.now();
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
