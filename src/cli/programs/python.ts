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
  {
    name: 'django-allauth',
    title: 'django-allauth (Python)',
    redirects: ['/accounts/oidc/ib/login/callback/'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'python',
      text: `SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": ["openid", "profile", "email", "offline_access"],
        "APPS": [
            {
                "provider_id": "ib",
                "name": "IntelligenceBank",
                "client_id": "{client_id}",
                "secret": "{client_secret}",
                "settings": {"server_url": "{issuer}"},
            }
        ],
    }
}`,
    },
    notes: [
      'It keeps tokens only with `SOCIALACCOUNT_STORE_TOKENS`, and refreshes none.',
      'Signing out of it leaves the session here: send the user to `{issuer}/logout?client_id=…&post_logout_redirect_uri=…` as well.',
    ],
    checked: { by: 'interop', pinned: 'django-allauth', version: '65.21.1', lock: LOCK },
  },
  {
    name: 'mozilla-django-oidc',
    title: 'mozilla-django-oidc (Python)',
    redirects: ['/oidc/callback/'],
    signedOut: ['/bye'],
    fields: { ...WEB_APP, scope: 'openid profile email', grant_types: ['authorization_code'] },
    settings: {
      language: 'python',
      text: `OIDC_RP_CLIENT_ID = "{client_id}"
OIDC_RP_CLIENT_SECRET = "{client_secret}"
OIDC_RP_SCOPES = "openid profile email"
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_USE_PKCE = True
OIDC_OP_AUTHORIZATION_ENDPOINT = "{issuer}/authorize"
OIDC_OP_TOKEN_ENDPOINT = "{issuer}/token"
OIDC_OP_USER_ENDPOINT = "{issuer}/userinfo"
OIDC_OP_JWKS_ENDPOINT = "{issuer}/jwks"`,
    },
    notes: [
      'It finds users by `email`, which IntelligenceBank does not give of everybody: override `verify_claims` and `filter_users_by_claims` to go by `sub`.',
    ],
    checked: { by: 'interop', pinned: 'mozilla-django-oidc', version: '5.0.2', lock: LOCK },
  },
  {
    name: 'social-auth',
    title: 'Python Social Auth',
    redirects: ['/complete/oidc/'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'python',
      text: `AUTHENTICATION_BACKENDS = ["social_core.backends.open_id_connect.OpenIdConnectAuth"]
SOCIAL_AUTH_OIDC_OIDC_ENDPOINT = "{issuer}"
SOCIAL_AUTH_OIDC_KEY = "{client_id}"
SOCIAL_AUTH_OIDC_SECRET = "{client_secret}"
SOCIAL_AUTH_OIDC_SCOPE = ["offline_access"]
SOCIAL_AUTH_OIDC_USERNAME_KEY = "sub"`,
    },
    notes: [
      '`USERNAME_KEY`: it looks for `preferred_username`, which is not given (IntelligenceBank has no such name).',
    ],
    checked: { by: 'interop', pinned: 'social-auth-core', version: '7.0.0', lock: LOCK },
  },
];
