/** How each program of `programs` is run, by its name in `src/cli/programs`. */
import type { Run } from './program.ts';

const LIBRARY = ['discovery', 'sign-in', 'userinfo', 'refresh', 'revocation', 'sign-out'];
const LIBRARY_WITHOUT_REVOCATION = LIBRARY.filter((step) => step !== 'revocation');
const APP_WITH_PAGES = [
  { step: 'sign-in', path: '/', shows: 'signed in as Ada Lovelace, ada@acme.example' },
  { step: 'refresh', path: '/refresh', shows: 'a new token' },
  { step: 'sign-out', path: '/logout', shows: 'signed out' },
];
/** The session at the issuer is ended by the app itself. */
const SIGNS_OUT_ITSELF = APP_WITH_PAGES.map((visit) =>
  visit.step === 'sign-out' ? { ...visit, path: '/sign-out' } : visit,
);
const WITHOUT_REFRESH = SIGNS_OUT_ITSELF.filter(({ step }) => step !== 'refresh');
const django = (library: string): readonly string[] => ['venv/bin/python', 'django_app.py', library];
const inBrowser = (bundle: string): Run => ({
  folder: 'browser',
  command: [process.execPath, 'serve.js', bundle],
  steps: SIGNS_OUT_ITSELF,
  chromium: true,
});
const MCP_CLIENT = ['sign-in', 'tool', 'refresh'];

export const RUNS: Readonly<Record<string, Run>> = {
  authlib: { folder: 'python', command: ['venv/bin/python', 'authlib_client.py'], steps: LIBRARY },
  'requests-oauthlib': {
    folder: 'python',
    command: ['venv/bin/python', 'requests_oauthlib_client.py'],
    steps: LIBRARY,
  },
  'go-oidc': { folder: 'go', command: ['./client'], steps: LIBRARY_WITHOUT_REVOCATION },
  openidconnect: {
    folder: 'rust',
    command: ['target/debug/ib-oauth-interop'],
    steps: LIBRARY_WITHOUT_REVOCATION,
  },
  'django-allauth': { folder: 'python', command: django('allauth'), steps: WITHOUT_REFRESH },
  'mozilla-django-oidc': {
    folder: 'python',
    command: django('mozilla'),
    // It keeps the address alone.
    steps: WITHOUT_REFRESH.map((visit) =>
      visit.step === 'sign-in' ? { ...visit, shows: ', ada@acme.example' } : visit,
    ),
  },
  'social-auth': { folder: 'python', command: django('social'), steps: SIGNS_OUT_ITSELF },
  'spring-client': {
    folder: 'spring',
    command: ['java', '-jar', 'target/interop.jar', 'client'],
    steps: APP_WITH_PAGES,
  },
  'spring-resource-server': {
    folder: 'spring',
    command: ['java', '-jar', 'target/interop.jar', 'api'],
    steps: ['sign-in', 'call', 'refusal'],
  },
  'express-openid-connect': {
    folder: 'node',
    command: [process.execPath, 'express.js'],
    steps: APP_WITH_PAGES,
  },
  appauth: {
    folder: 'node',
    command: [process.execPath, 'appauth.js'],
    steps: LIBRARY.filter((step) => step !== 'userinfo'),
  },
  'oauth2-proxy': {
    folder: 'oauth2-proxy',
    command: [
      './oauth2-proxy',
      '--provider=oidc',
      '--oidc-issuer-url={ISSUER}',
      '--client-id={CLIENT_ID}',
      '--client-secret={CLIENT_SECRET}',
      '--redirect-url={ORIGIN}/oauth2/callback',
      '--http-address=127.0.0.1:{PORT}',
      '--scope=openid profile offline_access',
      '--code-challenge-method=S256',
      '--oidc-email-claim=sub',
      '--email-domain=*',
      '--cookie-secret=0123456789abcdef0123456789abcdef',
      '--cookie-secure=false',
      '--cookie-refresh=1s',
      '--skip-provider-button',
      '--upstream=static://200',
      '--whitelist-domain=localhost:*',
    ],
    steps: [
      { step: 'sign-in', path: '/', shows: 'Authenticated' },
      { step: 'userinfo', path: '/oauth2/userinfo', shows: '"email":"6M0B.' },
      { step: 'sign-out', path: '/oauth2/sign_out?rd=%2Foauth2%2Fuserinfo', shows: '' },
    ],
  },
  'mod-auth-openidc': {
    folder: 'apache',
    command: ['apache2', '-d', '.', '-f', 'httpd.conf', '-DFOREGROUND'],
    steps: [
      { step: 'sign-in', path: '/protected/index.html', shows: 'signed in' },
      { step: 'userinfo', path: '/protected/callback?info=json', shows: '"name": "Ada Lovelace"' },
      {
        step: 'refresh',
        path: '/protected/callback?info=json&access_token_refresh_interval=0',
        shows: '"access_token": "ibat_',
        changes: /"access_token": "[^"]+"/,
      },
      {
        step: 'sign-out',
        path: '/protected/callback?logout=http%3A%2F%2Flocalhost%3A{PORT}%2Fbye.html',
        shows: 'signed out',
      },
    ],
  },
  omniauth: {
    folder: 'ruby',
    command: ['ruby', 'app.rb'],
    steps: WITHOUT_REFRESH,
  },
  'okta-auth-js': inBrowser('okta'),
  'react-oidc-context': inBrowser('react'),
  'oidc-spa': inBrowser('oidc-spa'),
  fastmcp: {
    folder: 'python',
    command: ['venv/bin/python', 'fastmcp_client.py'],
    steps: MCP_CLIENT,
    // Python's `webbrowser` opens addresses with this command; its output is the program's.
    env: { BROWSER: 'echo visit %s' },
    mcp: true,
  },
  'fastmcp-server': {
    folder: 'python',
    command: ['venv/bin/python', 'fastmcp_server.py'],
    steps: MCP_CLIENT,
  },
  'mcp-remote': {
    folder: 'node',
    command: [process.execPath, 'mcp-remote.js'],
    steps: MCP_CLIENT,
    mcp: true,
  },
  'mcp-inspector': {
    folder: 'node',
    command: [process.execPath, 'inspector.js'],
    steps: MCP_CLIENT,
    mcp: true,
  },
};
