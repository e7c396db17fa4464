import { Auth, type AuthConfig } from '@auth/core';
import { expect } from 'chai';
import PassportOpenIdConnect from 'passport-openidconnect';
import { Browser } from '../support/browser.ts';
import { type Stack, signInAt, startStack, WEB_SECRET } from '../support/stack.ts';

const APP = 'https://framework.example';
const AUTH_JS_CALLBACK = `${APP}/auth/callback/ib`;
const PASSPORT_CALLBACK = `${APP}/passport/callback`;

describe('unmodified frameworks', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent' },
      clients: `
clients:
  - client_id: auth-js
    client_secret_env: WEB_SECRET
    redirect_uris: [${AUTH_JS_CALLBACK}]
    scope: openid profile email
  - client_id: passport
    client_secret_env: WEB_SECRET
    redirect_uris: [${PASSPORT_CALLBACK}]
    token_endpoint_auth_method: client_secret_post
    scope: openid profile email
`,
    });
  });
  after(() => stack.close());

  /** The user's part: from the framework's redirect to the one it waits for. */
  async function user(url: string): Promise<URL> {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, url);
    return (await browser.press(consent, 'consent', { decision: 'allow' })).url;
  }

  it('@auth/core: PKCE, state, ID token and userinfo, by the issuer alone', async () => {
    const config: AuthConfig = {
      basePath: '/auth',
      secret: 'a secret of the app alone',
      trustHost: true,
      providers: [
        {
          id: 'ib',
          name: 'IB',
          type: 'oidc',
          issuer: stack.issuer,
          clientId: 'auth-js',
          clientSecret: WEB_SECRET,
        },
      ],
    };
    const jar = new Map<string, string>();
    const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await Auth(
        new Request(APP + path, { ...init, headers: { ...init.headers, cookie } }),
        config,
      );
      for (const line of response.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
        jar.set(name, value);
      }
      return response;
    };
    const { csrfToken } = (await (await call('/auth/csrf')).json()) as { csrfToken: string };
    const started = await call('/auth/signin/ib', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ csrfToken, callbackUrl: APP }).toString(),
    });
    const back = await user(started.headers.get('location') ?? '');
    await call(back.pathname + back.search);
    const session = (await (await call('/auth/session')).json()) as {
      user?: { name?: string; email?: string };
    };
    expect(session.user).to.include({ name: 'Ada Lovelace', email: 'ada@acme.example' });
  });

  it('passport-openidconnect: state and nonce in its session, ID token and userinfo', async () => {
    const session = {};
    const profile = await new Promise<{ displayName?: string }>((resolve, reject) => {
      const strategy = new PassportOpenIdConnect(
        {
          issuer: stack.issuer,
          authorizationURL: `${stack.issuer}/authorize`,
          tokenURL: `${stack.issuer}/token`,
          userInfoURL: `${stack.issuer}/userinfo`,
          clientID: 'passport',
          clientSecret: WEB_SECRET,
          callbackURL: PASSPORT_CALLBACK,
          scope: ['profile', 'email'],
        },
        (_issuer: string, person: object, done: (error: null, user: object) => void) => done(null, person),
      );
      strategy.success = resolve;
      strategy.fail = (challenge) => reject(new Error(JSON.stringify(challenge)));
      strategy.error = reject;
      strategy.redirect = (url) => {
        user(url)
          .then((back) =>
            strategy.authenticate({ session, query: Object.fromEntries(back.searchParams) }, {}),
          )
          .catch(reject);
      };
      strategy.authenticate({ session, query: {} }, {});
    });
    expect(profile.displayName).to.equal('Ada Lovelace');
  });
});
