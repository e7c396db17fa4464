import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import { authorizeUrl, exchange, type Stack, signIn, signInAt, startStack, token } from '../support/stack.ts';
import { answerIn, basic, getJson, post } from '../support/standards.ts';

const CLIENTS = `
clients:
  - client_id: web
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile email offline_access ib:api
  - client_id: first
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile offline_access
    ib: { skip_consent: true }
  - client_id: code-only
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    scope: openid profile offline_access
  - client_id: spa
    token_endpoint_auth_method: none
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
`;

describe('habits of clients that specifications leave open', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ clients: CLIENTS, env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());

  describe('offline_access without prompt=consent', () => {
    const scope = 'openid offline_access';
    const redeem = async (back: URL, clientId = 'web') => (await exchange(stack, back, clientId)).body;

    it('is asked of the user, once, and given', async () => {
      const browser = new Browser();
      const pages: Page[] = [];
      const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer, { scope }));
      pages.push(consent);
      expect(consent.body).to.contain('value="allow"').and.contain('Keep access while you are away');
      const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
      const tokens = await redeem(url);
      expect(tokens['scope']).to.equal(scope);
      expect(tokens['refresh_token']).to.be.a('string');

      const again = await browser.open(authorizeUrl(stack.issuer, { scope }));
      expect(again.url.origin, 'asked before').to.equal('https://app.example');
      expect((await redeem(again.url))['scope']).to.equal(scope);
    });

    it('is asked of a user who has allowed other things only', async () => {
      const browser = new Browser();
      await signIn(stack, browser, { scope: 'openid' });
      const page = await browser.open(authorizeUrl(stack.issuer, { scope }));
      expect(page.body).to.contain('value="allow"');
      const { url } = await browser.press(page, 'consent', { decision: 'allow' });
      expect((await redeem(url))['scope']).to.equal(scope);
    });

    it('goes through a pushed request too', async () => {
      const url = new URL(authorizeUrl(stack.issuer, { scope }));
      const pushed = await post(stack, '/par', url.search.slice(1), basic('web'));
      expect(pushed.status, pushed.text).to.equal(201);
      url.search = new URLSearchParams({
        client_id: 'web',
        request_uri: String(pushed.body['request_uri']),
      }).toString();
      const browser = new Browser();
      const consent = await signInAt(stack, browser, url.href);
      const back = await browser.press(consent, 'consent', { decision: 'allow' });
      expect((await redeem(back.url))['scope']).to.equal(scope);
    });

    it('asks nobody of a first-party app, and is given', async () => {
      const back = await signInAt(
        stack,
        new Browser(),
        authorizeUrl(stack.issuer, { scope, client_id: 'first' }),
      );
      expect(back.url.origin).to.equal('https://app.example');
      expect((await redeem(back.url, 'first'))['scope']).to.equal(scope);
    });

    it('is left out, and asks nobody, where the app has no use for it, or must not ask', async () => {
      const browser = new Browser();
      const codeOnly = { client_id: 'code-only', scope };
      const { url } = await (async () => {
        const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer, codeOnly));
        return browser.press(consent, 'consent', { decision: 'allow' });
      })();
      expect((await redeem(url, 'code-only'))['scope']).to.equal('openid');
      const again = await browser.open(authorizeUrl(stack.issuer, codeOnly));
      expect(again.url.origin).to.equal('https://app.example');

      const silent = new Browser();
      await signIn(stack, silent, { scope: 'openid' });
      const answer = await silent.request(authorizeUrl(stack.issuer, { scope, prompt: 'none' }));
      expect(answerIn(answer).get('code')).to.be.a('string');
    });
  });

  describe('answers', () => {
    it('that are empty have no content type', async () => {
      const revoked = await post(stack, '/revoke', { token: 'ibat_gone' }, basic('web'));
      expect([revoked.status, revoked.text, revoked.headers.get('content-type')]).to.deep.equal([
        200,
        '',
        null,
      ]);
    });

    it('and are an empty object for a client that accepts JSON alone', async () => {
      const token = { token: 'ibat_gone' };
      const revoked = await post(stack, '/revoke', token, { ...basic('web'), accept: 'application/json' });
      expect([revoked.status, revoked.text, revoked.headers.get('content-type')]).to.deep.equal([
        200,
        '{}',
        'application/json; charset=utf-8',
      ]);
    });

    it('are JSON whatever a client accepts', async () => {
      const back = await signIn(stack, new Browser(), { scope: 'openid profile' });
      const { body } = await exchange(stack, back);
      const authorization = `Bearer ${String(body['access_token'])}`;
      for (const accept of [
        '*/*',
        'application/json',
        'application/jwt',
        'text/html',
        'text/plain',
        'application/jwk-set+json',
        'nonsense',
        '',
      ]) {
        for (const path of [
          '/userinfo',
          '/jwks',
          '/.well-known/openid-configuration',
          '/.well-known/oauth-authorization-server',
          '/.well-known/oauth-protected-resource',
        ]) {
          const answer = await fetch(stack.issuer + path, { headers: { accept, authorization } });
          expect([path, accept, answer.status]).to.deep.equal([path, accept, 200]);
          expect(answer.headers.get('content-type'), path).to.match(/^application\/(jwk-set\+)?json/);
          await answer.json();
        }
      }
    });
  });

  it('the raw session is not advertised', async () => {
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const { scopes_supported } = await getJson(`${stack.issuer}/.well-known/${name}`);
      expect(scopes_supported).to.deep.equal(['openid', 'profile', 'email', 'offline_access', 'ib:api']);
    }
  });

  it('a refresh keeps its scope', async () => {
    const { body } = await exchange(
      stack,
      await signIn(stack, new Browser(), { scope: 'openid offline_access' }),
    );
    const refreshed = await token(stack, {
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
      scope: 'openid offline_access',
    });
    expect([refreshed.status, refreshed.body['scope']]).to.deep.equal([200, 'openid offline_access']);
  });
});
