//! The openidconnect crate: discovery, sign-in with PKCE, ID token, userinfo, refresh, revocation, sign-out.
use std::env::var;
use std::error::Error;
use std::io::stdin;

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreUserInfoClaims};
use openidconnect::url::Url;
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EmptyAdditionalClaims, EndSessionUrl,
    IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse, reqwest,
};

fn visit(url: &Url) -> Result<Url, Box<dyn Error>> {
    println!("visit {url}");
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    Ok(Url::parse(line.trim())?)
}

fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let http = reqwest::blocking::ClientBuilder::new().redirect(reqwest::redirect::Policy::none()).build()?;
    let redirect_uri = var("REDIRECT_URI")?;
    let metadata = ProviderMetadataWithLogout::discover(&IssuerUrl::new(var("ISSUER")?)?, &http)?;
    let end_session: EndSessionUrl =
        metadata.additional_metadata().end_session_endpoint.clone().ok_or("no end_session_endpoint")?;
    println!("did discovery");

    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(var("CLIENT_ID")?),
        Some(ClientSecret::new(var("CLIENT_SECRET")?)),
    )
    .set_redirect_uri(RedirectUrl::new(redirect_uri.clone())?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["profile", "email", "offline_access"].map(|scope| Scope::new(scope.into())))
        .set_pkce_challenge(challenge)
        .url();
    let back = visit(&url)?;
    assert_eq!(&parameter(&back, "state"), state.secret());
    let tokens = client
        .exchange_code(AuthorizationCode::new(parameter(&back, "code")))?
        .set_pkce_verifier(verifier)
        .request(&http)?;
    let id_token = tokens.id_token().ok_or("no ID token")?;
    let id_verifier = client.id_token_verifier();
    let claims = id_token.claims(&id_verifier, &nonce)?;
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg()?,
        id_token.signing_key(&id_verifier)?,
    )?;
    assert_eq!(Some(&hash), claims.access_token_hash());
    println!("did sign-in");

    let info: CoreUserInfoClaims =
        client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))?.request(&http)?;
    let _: &openidconnect::UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim> = &info;
    assert_eq!(info.email().map(|email| email.as_str()), Some("ada@acme.example"));
    println!("did userinfo");

    let refresh = tokens.refresh_token().ok_or("no refresh token")?;
    let fresh = client.exchange_refresh_token(refresh)?.request(&http)?;
    assert_ne!(fresh.access_token().secret(), tokens.access_token().secret());
    println!("did refresh");

    let bye = redirect_uri.replace("/callback", "/bye");
    let out = LogoutRequest::from(end_session)
        .set_id_token_hint(id_token)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(bye.clone())?);
    assert!(visit(&out.http_get_url())?.as_str().starts_with(&bye));
    println!("did sign-out");
    Ok(())
}
