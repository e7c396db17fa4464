import { NATIVE_APP, type Program, WEB_APP } from './program.ts';

const LOCK = 'node/package-lock.json';

/** Libraries and frameworks of Node. */
export const NODE_PROGRAMS: readonly Program[] = [
  {
    name: 'openid-client',
    title: 'openid-client (Node)',
    redirects: ['/callback'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'js',
      text: `const config = await client.discovery(new URL('{issuer}'), '{client_id}', '{client_secret}');
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: '{origin}/callback',
  scope: 'openid profile email offline_access',
  state, nonce,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});`,
    },
    checked: {
      by: 'test',
      file: 'test/interop/libraries.test.ts',
      pinned: 'openid-client',
      version: '6.8.9',
    },
  },
  {
    name: 'oauth4webapi',
    title: 'oauth4webapi (any JavaScript)',
    redirects: ['/callback'],
    signedOut: ['/bye'],
    fields: { ...WEB_APP, token_endpoint_auth_method: 'none' },
    settings: {
      language: 'js',
      text: `const issuer = new URL('{issuer}');
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
const app = { client_id: '{client_id}' };
// oauth.None() authenticates a public client; a confidential one takes oauth.ClientSecretBasic(secret).`,
    },
    checked: {
      by: 'test',
      file: 'test/interop/libraries.test.ts',
      pinned: 'oauth4webapi',
      version: '3.8.8',
    },
  },
  {
    name: 'passport',
    title: 'passport-openidconnect (Node)',
    redirects: ['/callback'],
    fields: { ...WEB_APP, token_endpoint_auth_method: 'client_secret_post', scope: 'openid profile email' },
    settings: {
      language: 'js',
      text: `new OpenIDConnectStrategy({
  issuer: '{issuer}',
  authorizationURL: '{issuer}/authorize',
  tokenURL: '{issuer}/token',
  userInfoURL: '{issuer}/userinfo',
  clientID: '{client_id}',
  clientSecret: '{client_secret}',
  callbackURL: '{origin}/callback',
  scope: ['profile', 'email'],
}, verify)`,
    },
    notes: ['It sends its secret in the form. It keeps no refresh token by itself.'],
    checked: {
      by: 'test',
      file: 'test/interop/frameworks.test.ts',
      pinned: 'passport-openidconnect',
      version: '0.1.2',
    },
  },
  {
    name: 'auth-js',
    title: 'Auth.js, NextAuth',
    redirects: ['/api/auth/callback/ib'],
    fields: { ...WEB_APP, scope: 'openid profile email' },
    settings: {
      language: 'js',
      text: `providers: [{
  id: 'ib',
  name: 'IntelligenceBank',
  type: 'oidc',
  issuer: '{issuer}',
  clientId: '{client_id}',
  clientSecret: '{client_secret}',
}]`,
    },
    notes: [
      'The redirect URI ends in the provider’s id; its first part is the `basePath`, `/auth` in frameworks other than Next.js.',
    ],
    checked: { by: 'test', file: 'test/interop/frameworks.test.ts', pinned: '@auth/core', version: '0.41.3' },
  },
  {
    name: 'express-openid-connect',
    title: 'express-openid-connect (Node)',
    redirects: ['/callback'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'js',
      text: `app.use(auth({
  issuerBaseURL: '{issuer}',
  baseURL: '{origin}',
  clientID: '{client_id}',
  clientSecret: '{client_secret}',
  secret: process.env.COOKIE_SECRET,
  authRequired: false,
  idpLogout: true,
  routes: { postLogoutRedirect: '/bye' },
  authorizationParams: { response_type: 'code', scope: 'openid profile email offline_access' },
}));`,
    },
    notes: [
      'Without `response_type: "code"` it asks for an ID token in the front channel, which is not offered.',
    ],
    checked: { by: 'interop', pinned: 'express-openid-connect', version: '3.4.0', lock: LOCK },
  },
  {
    name: 'appauth',
    title: 'AppAuth-JS',
    redirects: ['http://127.0.0.1/callback'],
    signedOut: ['http://127.0.0.1/bye'],
    fields: { ...NATIVE_APP, scope: 'openid profile offline_access' },
    settings: {
      language: 'js',
      text: `const issuer = await AuthorizationServiceConfiguration.fetchFromIssuer('{issuer}', new NodeRequestor());
const request = new AuthorizationRequest({
  client_id: '{client_id}',
  redirect_uri: 'http://127.0.0.1:8000/callback',
  scope: 'openid profile offline_access',
  response_type: AuthorizationRequest.RESPONSE_TYPE_CODE,
}, new NodeCrypto());`,
    },
    notes: [
      'Any port of loopback will do. AppAuth for Android and iOS was not run here; they take the same settings.',
    ],
    checked: { by: 'interop', pinned: '@openid/appauth', version: '1.4.0', lock: LOCK },
  },
];
