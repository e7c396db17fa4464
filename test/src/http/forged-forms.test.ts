import { expect } from 'chai';
import { Browser, type Page } from '../../support/browser.ts';
import { authorizeUrl, type Stack, signIn, startStack } from '../../support/stack.ts';

const TOKENS = {
  'of 43 characters beyond ASCII': 'é'.repeat(43),
  'of 43 characters beyond Unicode’s first plane': '😀'.repeat(43),
  'of the right form': 'a'.repeat(43),
  'that is empty': '',
  'that is a NUL': '\0',
  'that is half an escape': '%',
  'of 5,000 characters': 'a'.repeat(5000),
  'that is not there': undefined,
};

describe('a form with a token', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());

  const post = (browser: Browser, path: string, fields: Record<string, string>): Promise<Page> =>
    browser.request(new URL(path, stack.issuer).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });

  for (const [what, token] of Object.entries(TOKENS)) {
    it(`${what} is 403, wherever it is posted`, async () => {
      const browser = new Browser();
      await signIn(stack, browser);
      const with_ = (name: string, more: Record<string, string>): Record<string, string> => ({
        ...more,
        ...(token === undefined ? {} : { [name]: token }),
      });
      await browser.open(`${stack.issuer}/device`);
      expect((await post(browser, '/device', with_('xsrf', { user_code: 'BBBB-BBBB' }))).status).to.equal(
        403,
      );
      await browser.open(`${stack.issuer}/logout`);
      expect((await post(browser, '/logout/confirm', with_('xsrf', { logout: 'yes' }))).status).to.equal(403);
      expect((await post(browser, '/account/revoke', with_('csrf', { app: 'web' }))).status).to.equal(403);
      const page = await browser.open(authorizeUrl(stack.issuer, { prompt: 'consent' }));
      for (const step of ['platform', 'continue', 'restart', 'other', 'consent', 'cancel']) {
        const path = `${page.url.pathname}/${step}`;
        const answer = await post(browser, path, with_('csrf', { platform_url: 'x', decision: 'allow' }));
        expect(answer.status, step).to.equal(403);
      }
      const still = await browser.open(authorizeUrl(stack.issuer, { prompt: 'none' }));
      expect(still.url.searchParams.get('code'), 'nothing has happened').to.be.a('string');
    });
  }
});
