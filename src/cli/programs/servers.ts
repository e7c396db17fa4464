import { type Program, WEB_APP } from './program.ts';

/** Servers that sign users in on behalf of what stands behind them. */
export const SERVER_PROGRAMS: readonly Program[] = [
  {
    name: 'oauth2-proxy',
    title: 'oauth2-proxy',
    redirects: ['/oauth2/callback'],
    fields: { ...WEB_APP, scope: 'openid profile offline_access' },
    settings: {
      language: 'sh',
      text: `oauth2-proxy \\
  --provider=oidc \\
  --oidc-issuer-url={issuer} \\
  --client-id={client_id} \\
  --client-secret={client_secret} \\
  --redirect-url={origin}/oauth2/callback \\
  --scope='openid profile offline_access' \\
  --code-challenge-method=S256 \\
  --oidc-email-claim=sub \\
  --email-domain='*' \\
  --cookie-refresh=50m`,
    },
    notes: [
      '`--oidc-email-claim=sub`: it goes by an e-mail address, which IntelligenceBank does not give of everybody. The user’s “email” is `{clientid}.{userUuid}` then.',
      'Sign-in and sign-out were seen; whether it refreshes cannot be seen from outside.',
    ],
    checked: {
      by: 'interop',
      pinned: 'github.com/oauth2-proxy/oauth2-proxy/v7',
      version: 'v7.15.6',
      lock: 'oauth2-proxy/go.mod',
    },
  },
  {
    name: 'mod-auth-openidc',
    title: 'mod_auth_openidc (Apache)',
    redirects: ['/protected/callback'],
    signedOut: ['/bye.html'],
    fields: WEB_APP,
    settings: {
      language: 'apache',
      text: `OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI {origin}/protected/callback
OIDCScope "openid profile email offline_access"
OIDCPKCEMethod S256
OIDCRemoteUserClaim sub`,
    },
    notes: [
      'Sign-out: a link to `{origin}/protected/callback?logout=` and the encoded address of `bye.html`.',
    ],
    checked: {
      by: 'interop',
      pinned: 'libapache2-mod-auth-openidc',
      version: '2.4.12.3',
      lock: 'apache/debian-packages.txt',
    },
  },
  {
    name: 'omniauth',
    title: 'omniauth_openid_connect (Ruby)',
    redirects: ['/auth/ib/callback'],
    signedOut: ['/bye'],
    fields: { ...WEB_APP, grant_types: ['authorization_code'], scope: 'openid profile email' },
    settings: {
      language: 'ruby',
      text: `provider :openid_connect,
         name: :ib,
         issuer: '{issuer}',
         discovery: true,
         pkce: true,
         response_type: :code,
         scope: %i[openid profile email],
         client_options: {
           identifier: '{client_id}',
           secret: '{client_secret}',
           redirect_uri: '{origin}/auth/ib/callback'
         }`,
    },
    notes: ['Seen with the branch of it that Debian ships, gitlab-omniauth-openid-connect.'],
    checked: {
      by: 'interop',
      pinned: 'ruby-omniauth-openid-connect',
      version: '0.10.0',
      lock: 'ruby/debian-packages.txt',
    },
  },
];
