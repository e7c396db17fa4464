import { type Program, WEB_APP } from './program.ts';

/** Libraries of Go, Rust, Java and others. */
export const LANGUAGE_PROGRAMS: readonly Program[] = [
  {
    name: 'go-oidc',
    title: 'go-oidc with golang.org/x/oauth2 (Go)',
    redirects: ['/callback'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'go',
      text: `provider, err := oidc.NewProvider(ctx, "{issuer}")
config := oauth2.Config{
	ClientID:     "{client_id}",
	ClientSecret: "{client_secret}",
	Endpoint:     provider.Endpoint(),
	RedirectURL:  "{origin}/callback",
	Scopes:       []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
}
verifier := oauth2.GenerateVerifier() // kept with state and nonce until the callback
url := config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))`,
    },
    checked: { by: 'interop', pinned: 'github.com/coreos/go-oidc/v3', version: 'v3.21.0', lock: 'go/go.mod' },
  },
  {
    name: 'openidconnect',
    title: 'openidconnect (Rust)',
    redirects: ['/callback'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'rust',
      text: `let metadata = ProviderMetadataWithLogout::discover(&IssuerUrl::new("{issuer}".into())?, &http)?;
let client = CoreClient::from_provider_metadata(
    metadata,
    ClientId::new("{client_id}".into()),
    Some(ClientSecret::new("{client_secret}".into())),
)
.set_redirect_uri(RedirectUrl::new("{origin}/callback".into())?);`,
    },
    checked: { by: 'interop', pinned: 'openidconnect', version: '4.1.0', lock: 'rust/Cargo.lock' },
  },
];
