import { BROWSER_APP, NATIVE_APP, type Program, WEB_APP } from './program.ts';

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
  {
    name: 'spring-client',
    title: 'Spring Security, client (Java)',
    redirects: ['/login/oauth2/code/ib'],
    signedOut: ['/bye'],
    fields: WEB_APP,
    settings: {
      language: 'properties',
      text: `spring.security.oauth2.client.provider.ib.issuer-uri={issuer}
spring.security.oauth2.client.registration.ib.client-id={client_id}
spring.security.oauth2.client.registration.ib.client-secret={client_secret}
spring.security.oauth2.client.registration.ib.scope=openid,profile,email,offline_access`,
    },
    notes: [
      'Sign-out here as well: an `OidcClientInitiatedLogoutSuccessHandler` with `setPostLogoutRedirectUri("{baseUrl}/bye")`.',
    ],
    checked: {
      by: 'interop',
      pinned: 'spring-boot-starter-security-oauth2-client',
      version: '4.1.1',
      lock: 'spring/pom.xml',
    },
  },
  {
    name: 'spring-resource-server',
    title: 'Spring Security, resource server (Java)',
    redirects: ['/callback'],
    fields: { ...BROWSER_APP, scope: 'openid reports:read', grant_types: ['authorization_code'] },
    resource: { path: '/api', scopes: ['reports:read'], token_format: 'jwt' },
    settings: {
      language: 'java',
      text: `@Bean
JwtDecoder jwtDecoder() {
  NimbusJwtDecoder decoder =
      NimbusJwtDecoder.withIssuerLocation("{issuer}")
          .jwtProcessorCustomizer(
              processor ->
                  processor.setJWSTypeVerifier(
                      new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt"))))
          .build();
  decoder.setJwtValidator(
      JwtValidators.createDefaultWithValidators(
          new JwtTypeValidator("at+jwt"),
          new JwtClaimValidator<List<String>>(AUD, aud -> aud != null && aud.contains("{origin}/api"))));
  return decoder;
}`,
    },
    notes: [
      'Its own decoder refuses `typ: at+jwt` (RFC 9068), which access tokens have here: this bean takes nothing else, ID tokens neither.',
      'The entry is of an app that calls it; apps ask for `resource={origin}/api`.',
    ],
    checked: {
      by: 'interop',
      pinned: 'spring-boot-starter-security-oauth2-resource-server',
      version: '4.1.1',
      lock: 'spring/pom.xml',
    },
  },
  {
    name: 'kubelogin',
    title: 'kubelogin (kubectl)',
    redirects: ['http://localhost:8000', 'http://localhost:18000'],
    fields: { ...NATIVE_APP, scope: 'openid profile offline_access' },
    settings: {
      language: 'sh',
      text: `kubectl oidc-login setup --oidc-issuer-url={issuer} --oidc-client-id={client_id} --oidc-extra-scope=profile,offline_access`,
    },
    notes: ['The API server goes by `--oidc-username-claim=sub`.'],
    checked: {
      by: 'nobody',
      why: 'its module is not to be had from the Go module proxy that was reached. It is made with go-oidc and x/oauth2, which were run.',
    },
  },
  {
    name: 'dotnet',
    title: 'ASP.NET Core (AddOpenIdConnect)',
    redirects: ['/signin-oidc'],
    signedOut: ['/signout-callback-oidc'],
    fields: WEB_APP,
    settings: {
      language: 'csharp',
      text: `.AddOpenIdConnect(options =>
{
    options.Authority = "{issuer}";
    options.ClientId = "{client_id}";
    options.ClientSecret = "{client_secret}";
    options.ResponseType = "code";
    options.GetClaimsFromUserInfoEndpoint = true;
    options.SaveTokens = true;
    options.Scope.Add("email");
    options.Scope.Add("offline_access");
});`,
    },
    checked: {
      by: 'nobody',
      why: '.NET was not there. The settings are those that its documentation asks for.',
    },
  },
  {
    name: 'php',
    title: 'league/oauth2-client (PHP)',
    redirects: ['/callback'],
    fields: WEB_APP,
    settings: {
      language: 'php',
      text: `$provider = new GenericProvider([
    'clientId' => '{client_id}',
    'clientSecret' => '{client_secret}',
    'redirectUri' => '{origin}/callback',
    'urlAuthorize' => '{issuer}/authorize',
    'urlAccessToken' => '{issuer}/token',
    'urlResourceOwnerDetails' => '{issuer}/userinfo',
    'scopes' => ['openid', 'profile', 'email', 'offline_access'],
    'scopeSeparator' => ' ',
    'pkceMethod' => GenericProvider::PKCE_METHOD_S256,
]);`,
    },
    notes: [
      '`scopeSeparator`: by default it separates scopes by commas, which makes them one unknown scope.',
    ],
    checked: {
      by: 'nobody',
      why: 'its registry, Packagist, was not reached. The settings are those that its documentation asks for.',
    },
  },
];
