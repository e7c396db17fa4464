/** AppAuth-JS as an app on the user's device has it: discovery, PKCE, refresh, revocation. */
import { registerHooks } from 'node:module';
import { createInterface } from 'node:readline/promises';

// The package is written for bundlers: its imports name no file types.
registerHooks({
  resolve(specifier, context, next) {
    const isOwn = context.parentURL?.includes('/@openid/appauth/') && specifier.startsWith('.');
    if (!isOwn || specifier.endsWith('.js')) return next(specifier, context);
    try {
      return next(`${specifier}.js`, context);
    } catch {
      return next(`${specifier}/index.js`, context);
    }
  },
});
const appauth = await import('@openid/appauth');
const { NodeCrypto, NodeRequestor } = await import('@openid/appauth/built/src/node_support/index.js');

const { ISSUER, CLIENT_ID, REDIRECT_URI } = process.env;
const input = createInterface({ input: process.stdin });
const lines = input[Symbol.asyncIterator]();
async function visit(url) {
  console.log(`visit ${url}`);
  return new URL((await lines.next()).value);
}

const requestor = new NodeRequestor();
const issuer = await appauth.AuthorizationServiceConfiguration.fetchFromIssuer(ISSUER, requestor);
console.log('did discovery');

const request = new appauth.AuthorizationRequest(
  {
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile offline_access',
    response_type: appauth.AuthorizationRequest.RESPONSE_TYPE_CODE,
  },
  new NodeCrypto(),
);
await request.setupCodeVerifier();
const handler = new appauth.RedirectRequestHandler(
  {},
  new appauth.BasicQueryStringUtils(),
  {},
  new NodeCrypto(),
);
const back = await visit(handler.buildRequestUrl(issuer, request));
if (back.searchParams.get('state') !== request.state) throw new Error('another state');

const tokens = new appauth.BaseTokenRequestHandler(requestor);
const first = await tokens.performTokenRequest(
  issuer,
  new appauth.TokenRequest({
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    grant_type: appauth.GRANT_TYPE_AUTHORIZATION_CODE,
    code: back.searchParams.get('code'),
    extras: { code_verifier: request.internal.code_verifier },
  }),
);
console.log('did sign-in');

const second = await tokens.performTokenRequest(
  issuer,
  new appauth.TokenRequest({
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    grant_type: appauth.GRANT_TYPE_REFRESH_TOKEN,
    refresh_token: first.refreshToken,
  }),
);
if (second.accessToken === first.accessToken) throw new Error('the same token');
console.log('did refresh');

await tokens.performRevokeTokenRequest(
  issuer,
  new appauth.RevokeTokenRequest({ client_id: CLIENT_ID, token: second.refreshToken }),
);
console.log('did revocation');

const bye = REDIRECT_URI.replace('/callback', '/bye');
const out = new URLSearchParams({ client_id: CLIENT_ID, post_logout_redirect_uri: bye });
const end = await visit(`${issuer.endSessionEndpoint}?${out}`);
if (!end.href.startsWith(bye)) throw new Error(end.href);
console.log('did sign-out');
input.close();
