import { type Program, WEB_APP } from './program.ts';

const LOCK = 'python/requirements.txt';

/** Libraries of Python. */
export const PYTHON_PROGRAMS: readonly Program[] = [
  {
    name: 'authlib',
    title: 'Authlib (Python)',
    redirects: ['/callback'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'python',
      text: `session = OAuth2Session(
    "{client_id}",
    "{client_secret}",
    scope="openid profile email offline_access",
    redirect_uri="{origin}/callback",
    code_challenge_method="S256",
    token_endpoint="{issuer}/token",
)
# In Flask, Django or Starlette: server_metadata_url="{issuer}/.well-known/openid-configuration"`,
    },
    notes: ['It refreshes by itself where it knows `token_endpoint`.'],
    checked: { by: 'interop', pinned: 'authlib', version: '1.9.10', lock: LOCK },
  },
  {
    name: 'requests-oauthlib',
    title: 'requests-oauthlib (Python)',
    redirects: ['/callback'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'python',
      text: `session = OAuth2Session(
    "{client_id}",
    scope=["openid", "profile", "offline_access"],
    redirect_uri="{origin}/callback",
    pkce="S256",
    auto_refresh_url="{issuer}/token",
    auto_refresh_kwargs={"client_id": "{client_id}", "client_secret": "{client_secret}"},
    token_updater=keep,
)
url, state = session.authorization_url("{issuer}/authorize")
token = session.fetch_token("{issuer}/token", authorization_response=url_of_callback, client_secret="{client_secret}")`,
    },
    notes: [
      'It does not read ID tokens: take the user from `/userinfo`.',
      'Ask for no more than the registration allows: it stops with "Scope has changed" where it gets less than it asked for.',
    ],
    checked: { by: 'interop', pinned: 'requests-oauthlib', version: '2.0.0', lock: LOCK },
  },
];
