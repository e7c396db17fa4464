import { BROWSER_APP, type Program } from './program.ts';

const LOCK = 'browser/package-lock.json';

/** Libraries of apps in the browser. */
export const BROWSER_PROGRAMS: readonly Program[] = [
  {
    name: 'oidc-client-ts',
    title: 'oidc-client-ts',
    redirects: ['/'],
    signedOut: ['/'],
    fields: { ...BROWSER_APP, scope: 'openid profile ib:api' },
    settings: {
      language: 'js',
      text: `const users = new UserManager({
  authority: '{issuer}',
  client_id: '{client_id}',
  redirect_uri: '{origin}/',
  post_logout_redirect_uri: '{origin}/',
  scope: 'openid profile ib:api',
});`,
    },
    checked: {
      by: 'test',
      file: 'test/browser/examples.test.ts',
      pinned: 'oidc-client-ts',
      version: '3.5.0',
    },
  },
  {
    name: 'react-oidc-context',
    title: 'react-oidc-context',
    redirects: ['/'],
    signedOut: ['/bye'],
    fields: BROWSER_APP,
    settings: {
      language: 'jsx',
      text: `<AuthProvider
  authority="{issuer}"
  client_id="{client_id}"
  redirect_uri="{origin}/"
  post_logout_redirect_uri="{origin}/bye"
  scope="openid profile email offline_access"
  onSigninCallback={() => history.replaceState({}, '', '/')}
>`,
    },
    checked: { by: 'interop', pinned: 'react-oidc-context', version: '3.3.1', lock: LOCK },
  },
  {
    name: 'oidc-spa',
    title: 'oidc-spa',
    redirects: ['/'],
    signedOut: ['/'],
    fields: BROWSER_APP,
    settings: {
      language: 'js',
      text: `const oidc = await createOidc({
  issuerUri: '{issuer}',
  clientId: '{client_id}',
  scopes: ['profile', 'email', 'offline_access'],
});`,
    },
    checked: { by: 'interop', pinned: 'oidc-spa', version: '10.2.11', lock: LOCK },
  },
  {
    name: 'okta-auth-js',
    title: 'okta-auth-js',
    redirects: ['/callback'],
    signedOut: ['/bye'],
    fields: BROWSER_APP,
    settings: {
      language: 'js',
      text: `const okta = new OktaAuth({
  issuer: '{issuer}',
  clientId: '{client_id}',
  redirectUri: '{origin}/callback',
  postLogoutRedirectUri: '{origin}/bye',
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  authorizeUrl: '{issuer}/authorize',
  tokenUrl: '{issuer}/token',
  userinfoUrl: '{issuer}/userinfo',
  revokeUrl: '{issuer}/revoke',
  logoutUrl: '{issuer}/logout',
});`,
    },
    notes: ['It takes Okta’s addresses rather than those of discovery, so each is named.'],
    checked: { by: 'interop', pinned: '@okta/okta-auth-js', version: '8.0.1', lock: LOCK },
  },
];
