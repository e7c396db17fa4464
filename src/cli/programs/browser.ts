import { BROWSER_APP, type Program } from './program.ts';

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
];
