import { expect } from 'chai';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import { authorizeUrl, exchange, type Stack, signIn, signInAt, token, withBearer } from '../support/stack.ts';
import { STORAGES } from '../support/storages.ts';

const OWN_APPS = ['one', 'two', 'three', 'four', 'five', 'six'];

const CLIENTS = `
clients:
  - client_id: web
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile offline_access ib:api
${OWN_APPS.map(
  (id) => `  - client_id: ${id}
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
    ib: { skip_consent: true }
`,
).join('')}`;

const SCOPE = { scope: 'openid profile ib:api' };

for (const [engine, start] of Object.entries(STORAGES)) {
  describe(`one browser, several apps at once (${engine})`, function () {
    this.timeout(60_000);
    let stack: Stack;
    before(async () => {
      stack = await start({ clients: CLIENTS, env: { LOG_LEVEL: 'silent' } });
    });
    after(() => stack.close());

    const opened = (browser: Browser, client_id: string): Promise<Page> =>
      browser.open(authorizeUrl(stack.issuer, { ...SCOPE, client_id }));
    const stored = async (model: string): Promise<number> =>
      (await stack.server.store.stats())[model]?.live ?? 0;
    const refreshed = (value: unknown, clientId: string) =>
      token(stack, { grant_type: 'refresh_token', refresh_token: String(value) }, clientId);

    /** All of them begin at the same moment, in a browser that is signed in. */
    async function startAll(browser: Browser): Promise<Record<string, Record<string, unknown>>> {
      const pages = await Promise.all(OWN_APPS.map((id) => opened(browser, id)));
      const tokens: Record<string, Record<string, unknown>> = {};
      for (const [index, id] of OWN_APPS.entries()) {
        const { status, body } = await exchange(stack, pages[index]?.url ?? new URL(stack.issuer), id);
        expect(status, id).to.equal(200);
        tokens[id] = body;
      }
      return tokens;
    }

    async function signOut(browser: Browser): Promise<void> {
      const page = await browser.open(`${stack.issuer}/logout`);
      const [form] = formsOf(page);
      if (form === undefined) throw new Error(page.body);
      const done = await browser.submit(page, form, { logout: 'yes' });
      expect(done.status).to.equal(200);
    }

    it('keeps what each has added to its session', async () => {
      const browser = new Browser();
      await signIn(stack, browser, SCOPE);
      await startAll(browser);
      const grants = await stored('Grant');
      await startAll(browser);
      expect(await stored('Grant'), 'each app has found its grant').to.equal(grants);
    });

    it('signs all of them out', async () => {
      const browser = new Browser();
      const { body } = await exchange(stack, await signIn(stack, browser, SCOPE));
      const sessions = await stored('IbSession');
      const all = { ...(await startAll(browser)), web: body };
      await signOut(browser);
      for (const [id, tokens] of Object.entries(all)) {
        const seen = await withBearer(`${stack.issuer}/userinfo`, tokens['access_token']);
        expect(seen.status, id).to.equal(401);
        expect((await refreshed(tokens['refresh_token'], id)).body['error'], id).to.equal('invalid_grant');
      }
      expect(await stored('IbSession')).to.equal(sessions - 1);
    });

    it('signs out grants that its session knows nothing of, and spares those with offline_access', async () => {
      const browser = new Browser();
      const offline = { scope: 'openid profile offline_access ib:api', prompt: 'consent' };
      const kept = await exchange(stack, await signIn(stack, browser, offline));
      // A second tab of the same app, at the same moment: the session can name one grant of each app.
      const [first, second] = await Promise.all([opened(browser, 'one'), opened(browser, 'one')]);
      const ended = [await exchange(stack, first.url, 'one'), await exchange(stack, second.url, 'one')];
      await signOut(browser);
      for (const { body } of ended)
        expect((await refreshed(body['refresh_token'], 'one')).body['error']).to.equal('invalid_grant');
      expect((await refreshed(kept.body['refresh_token'], 'web')).status).to.equal(200);
    });

    it('signs out all that several presses of one button have given, in a browser that was never signed in', async () => {
      const browser = new Browser();
      const page = await signInAt(stack, browser, authorizeUrl(stack.issuer, SCOPE));
      const pressed = await Promise.all(
        Array.from({ length: 4 }, () => browser.press(page, 'consent', { decision: 'allow' })),
      );
      const given = await Promise.all(pressed.map(({ url }) => exchange(stack, url)));
      expect(given.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
      await signOut(browser);
      for (const { body } of given) {
        expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(401);
        expect((await refreshed(body['refresh_token'], 'web')).body['error']).to.equal('invalid_grant');
      }
    });

    it('does not come back by a request that was under way when it was signed out', async () => {
      const browser = new Browser();
      await signIn(stack, browser, SCOPE);
      const others = Promise.all(OWN_APPS.map((id) => opened(browser, id)));
      await signOut(browser);
      const pages = await others;
      for (const [index, id] of OWN_APPS.entries()) {
        const url = pages[index]?.url;
        if (url === undefined || !url.searchParams.has('code')) continue;
        const { status, body } = await exchange(stack, url, id);
        if (status !== 200) continue;
        expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status, id).to.equal(401);
      }
      expect((await opened(browser, 'one')).body).to.contain('platform_url');
    });
  });
}
