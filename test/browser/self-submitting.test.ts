import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { authorizeUrl, CLIENTS, REDIRECT_URI, type Stack, startStack, TV_CLIENT } from '../support/stack.ts';
import { post } from '../support/standards.ts';
import { type App, signInAtIb, startApp } from './app.ts';

for (const javaScriptEnabled of [true, false]) {
  describe(`a form that only has to be sent, ${javaScriptEnabled ? 'with' : 'without'} scripts`, function () {
    this.timeout(60_000);
    let app: App;
    let stack: Stack;
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    const posted: URLSearchParams[] = [];
    before(async () => {
      app = await startApp((_path, body) => {
        if (body !== '') posted.push(new URLSearchParams(body));
        return '<h1>The app</h1>';
      });
      stack = await startStack({ clients: CLIENTS.replace(REDIRECT_URI, app.callback) + TV_CLIENT });
      browser = await launchChromium();
    });
    after(async () => {
      await browser.close();
      await stack.close();
      app.close();
    });
    beforeEach(async () => {
      posted.length = 0;
      context = await browser.newContext({ javaScriptEnabled, locale: 'de' });
      page = await context.newPage();
    });
    afterEach(() => context.close());

    /** Where no script sends it, a page of ours has a button that does. */
    async function goOn(lands: string): Promise<void> {
      if (!javaScriptEnabled) {
        expect(await page.locator('html').getAttribute('lang')).to.equal('de');
        await page.locator('main [data-go-on] button').click();
      }
      await page.locator(lands).waitFor();
    }

    it('brings the answer to an app that wants it posted', async () => {
      await page.goto(authorizeUrl(stack.issuer, { redirect_uri: app.callback, response_mode: 'form_post' }));
      await signInAtIb(page, stack.sandbox.platforms[0]);
      if (!javaScriptEnabled) await page.locator('[data-continue]').click();
      await page.locator('[name=decision][value=allow]').click();
      await goOn('text=The app');
      expect(posted.map((fields) => [fields.get('state'), fields.has('code')])).to.deep.equal([
        ['the-state', true],
      ]);
    });

    it('brings an error there too', async () => {
      await page.goto(authorizeUrl(stack.issuer, { redirect_uri: app.callback, response_mode: 'form_post' }));
      await page.locator('[data-cancel]').click();
      await goOn('text=The app');
      expect(posted.map((fields) => fields.get('error'))).to.deep.equal(['access_denied']);
    });

    it('takes the code of a device from the address, and asks all the same', async () => {
      const { body } = await post(stack, '/device_authorization', { client_id: 'tv', scope: 'openid' });
      await page.goto(String(body['verification_uri_complete']));
      if (!javaScriptEnabled)
        expect(await page.locator('#user_code').inputValue()).to.equal(body['user_code']);
      await goOn('[name=confirm]');
      expect(await page.locator('.code').innerText()).to.equal(body['user_code']);
    });

    it('signs out a browser in which nobody is signed in, without a question', async () => {
      await page.goto(`${stack.issuer}/logout`);
      await goOn('a[href="/account"]');
    });
  });
}
