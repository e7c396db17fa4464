import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import {
  authorizeUrl,
  exchange,
  type Stack,
  signIn,
  signInAt,
  startStack,
  token,
  VERIFIER,
} from '../support/stack.ts';
import { answerIn, basic, getJson, post } from '../support/standards.ts';

/** Secrets as `openssl rand -base64 32` makes them: 48 % hold a plus sign. */
const PLUS_SECRET = 'a+b/c+d/e+f/g+h/i+j/k+l/m+n/o+p=';
const PERCENT_SECRET = '100%sure-100%41-and-%zz-of-it-all';

const CLIENTS = `
clients:
  - client_id: plus
    client_secret_env: PLUS_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token, client_credentials]
    token_endpoint_auth_method: client_secret_basic
  - client_id: percent
    client_secret_env: PERCENT_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token, client_credentials]
    token_endpoint_auth_method: client_secret_post
  - client_id: odd+id%
    client_secret_env: PLUS_SECRET
    grant_types: [client_credentials]
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
    stack = await startStack({
      clients: CLIENTS,
      env: { PLUS_SECRET, PERCENT_SECRET, LOG_LEVEL: 'silent' },
    });
  });
  after(() => stack.close());

  describe('a secret works', () => {
    const raw = (id: string, secret: string) => ({
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    });
    const form = (text: string) => new URLSearchParams({ x: text }).toString().slice(2);
    const credentials = { grant_type: 'client_credentials' };

    for (const [id, secret] of [
      ['plus', PLUS_SECRET],
      ['percent', PERCENT_SECRET],
      ['odd+id%', PLUS_SECRET],
    ] as const) {
      for (const [name, headers, body] of [
        ['by Basic as it is', raw(id, secret), credentials],
        ['by Basic, form-encoded (RFC 6749 2.3.1)', raw(form(id), form(secret)), credentials],
        ['by Basic, percent-encoded', raw(encodeURIComponent(id), encodeURIComponent(secret)), credentials],
        ['in the form', {}, { ...credentials, client_id: id, client_secret: secret }],
      ] as const) {
        it(`of ${id} ${name}`, async () => {
          const { status, text } = await post(stack, '/token', body, headers);
          expect(status, text).to.equal(200);
        });
      }
    }

    it('and a public app may say its id by Basic with an empty one, as Go’s oauth2 does where it is not told otherwise', async () => {
      const back = await signIn(stack, new Browser(), { client_id: 'spa', scope: 'openid' });
      const code = {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: back.origin + back.pathname,
        code_verifier: VERIFIER,
      };
      const { status, text } = await post(stack, '/token', code, basic('spa', ''));
      expect(status, text).to.equal(200);
      const inTwoWays = await post(stack, '/token', { ...code, client_secret: 'x' }, basic('spa', ''));
      expect([inTwoWays.status, inTwoWays.body['error']]).to.deep.equal([400, 'invalid_request']);
    });
    it('and a public app may say its id alone by Basic, as okta-auth-js does at /revoke; others prove nothing by it', async () => {
      const tokens = (
        await exchange(
          stack,
          await signIn(stack, new Browser(), { client_id: 'spa', scope: 'openid' }),
          'spa',
        )
      ).body;
      const alone = (id: string) => ({ authorization: `Basic ${Buffer.from(id).toString('base64')}` });
      const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens['refresh_token']) };
      const mismatch = await post(stack, '/revoke', { token: 'x', client_id: 'plus' }, alone('spa'));
      expect(mismatch.body['error']).to.equal('invalid_request');
      const stranger = await post(
        stack,
        '/revoke',
        { token: String(tokens['refresh_token']) },
        alone('plus'),
      );
      expect([stranger.status, stranger.body['error']]).to.deep.equal([401, 'invalid_client']);
      const still = await post(stack, '/token', { ...refresh, client_id: 'spa' });
      expect(still.status, still.text).to.equal(200);
      const revoked = await post(
        stack,
        '/revoke',
        { token: String(still.body['refresh_token']) },
        alone('spa'),
      );
      expect(revoked.status, revoked.text).to.equal(200);
      const after = await post(stack, '/token', { ...refresh, client_id: 'spa' });
      expect(after.body['error']).to.equal('invalid_grant');
    });

    it('in a form that was not encoded', async () => {
      const { status } = await post(
        stack,
        '/token',
        `grant_type=client_credentials&client_id=plus&client_secret=${PLUS_SECRET}`,
      );
      expect(status).to.equal(200);
    });

    it('and no other', async () => {
      for (const secret of [
        PLUS_SECRET.replaceAll('+', '-'),
        PLUS_SECRET.replaceAll('+', ''),
        PLUS_SECRET.replaceAll('+', '%20%20'),
        PLUS_SECRET.toUpperCase(),
        PLUS_SECRET.slice(1),
      ]) {
        expect((await post(stack, '/token', credentials, raw('plus', secret))).status, secret).to.equal(401);
      }
      for (const secret of [PERCENT_SECRET.replace('%41', 'A'), PERCENT_SECRET.replaceAll('%', '')]) {
        const { status } = await post(stack, '/token', credentials, raw('percent', secret));
        expect(status, secret).to.equal(401);
      }
      const both = await post(
        stack,
        '/token',
        { ...credentials, client_secret: PLUS_SECRET },
        raw('plus', PLUS_SECRET),
      );
      expect(both.status).to.equal(400);
    });
  });

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
