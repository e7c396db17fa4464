import { expect } from 'chai';
import { decodeJwt } from 'jose';
import type { BrowserContext, Page } from 'playwright-core';
import { authorizeUrl, exchange, REDIRECT_URI, withBearer } from '../support/stack.ts';
import { post } from '../support/standards.ts';
import { useStates } from './states.ts';

for (const javaScriptEnabled of [true, false]) {
  describe(`what pages say in a browser ${javaScriptEnabled ? 'with' : 'without'} scripts`, function () {
    this.timeout(60_000);
    const on = useStates();
    let context: BrowserContext;
    beforeEach(async () => {
      context = await on.browser.newContext({ javaScriptEnabled });
    });
    afterEach(() => context.close());

    const acme = () => on.states.stack.sandbox.platforms[0];
    const allow = (page: Page) => page.locator('[name=decision][value=allow]');

    async function choosePlatform(page: Page): Promise<void> {
      await page.locator('input[name=platform_url]').fill(acme().origin);
      await page.locator('input[name=platform_url]').press('Enter');
      await page.locator('a[data-ib-login]').waitFor();
    }

    /** Signs in with the link on this page, and goes on to consent: by itself, or with the button where no script asks. */
    async function toConsent(page: Page, user: string): Promise<void> {
      const link = await page.locator('a[data-ib-login]').getAttribute('href');
      acme().signIn(user, new URL(link ?? '').searchParams.get('token') ?? '');
      if (!javaScriptEnabled) await page.locator('[data-continue]').click();
      await allow(page).waitFor();
    }

    /** Allows, and resolves with the address that the app gets. */
    async function allowAndReturn(page: Page): Promise<URL> {
      const asked = page.waitForRequest((request) => request.url().startsWith(REDIRECT_URI));
      await allow(page).click();
      return new URL((await asked).url());
    }

    async function signIn(user = 'ada'): Promise<URL> {
      const page = await context.newPage();
      await page.goto(authorizeUrl(on.states.stack.issuer));
      await choosePlatform(page);
      await toConsent(page, user);
      const back = await allowAndReturn(page);
      await page.close();
      return back;
    }

    it('"Stay signed in" stays, says so, and takes nothing', async () => {
      const { body } = await exchange(on.states.stack, await signIn());
      const page = await context.newPage();
      await page.goto(`${on.states.stack.issuer}/logout`);
      await page.getByRole('button', { name: 'Stay signed in' }).click();
      await page.getByRole('heading', { name: 'You are still signed in' }).waitFor();
      const userinfo = `${on.states.stack.issuer}/userinfo`;
      expect((await withBearer(userinfo, body['access_token'])).status).to.equal(200);
    });

    it('two sign-ins opened at once in a browser never seen before both work, each as its own person', async () => {
      const pages = [await context.newPage(), await context.newPage()] as const;
      await Promise.all(pages.map((page) => page.goto(authorizeUrl(on.states.stack.issuer))));
      for (const page of pages) await choosePlatform(page);
      const names: unknown[] = [];
      for (const [at, user] of (['ada', 'grace'] as const).entries()) {
        const page = pages[at];
        if (page === undefined) throw new Error();
        await toConsent(page, user);
        const { body } = await exchange(on.states.stack, await allowAndReturn(page));
        names.push(decodeJwt(String(body['id_token']))['name']);
      }
      expect(names).to.deep.equal(['Ada Lovelace', 'Grace Hopper']);
    });

    it('a consent page goes on for its person when another tab has signed somebody else in', async () => {
      await signIn();
      const page = await context.newPage();
      await page.goto(authorizeUrl(on.states.stack.issuer, { prompt: 'consent' }));
      const other = await context.newPage();
      await other.goto(authorizeUrl(on.states.stack.issuer, { prompt: 'select_account' }));
      await choosePlatform(other);
      await toConsent(other, 'grace');
      await allowAndReturn(other);
      const { body } = await exchange(on.states.stack, await allowAndReturn(page));
      expect(decodeJwt(String(body['id_token']))['name']).to.equal('Ada Lovelace');
    });

    it('a resource is named at consent, with what the app may do there', async () => {
      const resource = 'https://wiki.acme.example/mcp';
      const page = await context.newPage();
      await page.goto(authorizeUrl(on.states.stack.issuer, { scope: 'openid wiki:read', resource }));
      await choosePlatform(page);
      await toConsent(page, 'ada');
      const shown = page.locator('.resource').filter({ hasText: 'ACME Wiki' });
      expect(await shown.innerText())
        .to.contain(resource)
        .and.contain('wiki:read');
    });

    it('an app that registered itself carries that nobody has checked it, its host largest of all', async () => {
      const redirect_uri = 'https://self.example/cb';
      const metadata = { redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' };
      const { body } = await post(on.states.stack, '/register', JSON.stringify(metadata), {
        'content-type': 'application/json',
      });
      const page = await context.newPage();
      const client_id = String(body['client_id']);
      await page.goto(authorizeUrl(on.states.stack.issuer, { client_id, redirect_uri, scope: 'openid' }));
      await choosePlatform(page);
      await toConsent(page, 'ada');
      await page.getByText('Nobody at IntelligenceBank has checked this app.').waitFor();
      const host = page.getByText('self.example', { exact: true }).first();
      const sizeOf = (selector: string) =>
        page.evaluate(`parseFloat(getComputedStyle(document.querySelector('${selector}')).fontSize)`);
      expect(await host.isVisible()).to.equal(true);
      expect(await sizeOf('.app-host')).to.be.at.least((await sizeOf('h1')) as number);
    });

    if (javaScriptEnabled) {
      it('a waiting page says whose fault it is that nothing goes on, and goes on when it can', async () => {
        const page = await context.newPage();
        await page.goto(authorizeUrl(on.states.stack.issuer));
        await choosePlatform(page);
        on.states.setBehind(true);
        await page.getByText('We are not answering right now').waitFor();
        on.states.setBehind(false);
        acme().switches.status = 503;
        await page.getByText('IntelligenceBank is not answering right now').waitFor();
        on.states.settle();
        acme().signIn('ada');
        await allow(page).waitFor();
      });
    }

    it('a page that met a 503 goes on by itself', async () => {
      const page = await context.newPage();
      await page.goto(authorizeUrl(on.states.stack.issuer));
      await choosePlatform(page);
      on.states.setBehind(true);
      await page.reload();
      await page.getByText('tries again by itself').waitFor();
      on.states.setBehind(false);
      await page.locator('a[data-ib-login]').waitFor();
    });
  });
}
