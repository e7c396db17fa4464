// go-oidc with golang.org/x/oauth2: discovery, sign-in with PKCE, ID token, userinfo, refresh, sign-out.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

var input = bufio.NewReader(os.Stdin)

func visit(address string) *url.URL {
	fmt.Println("visit", address)
	line := must(input.ReadString('\n'))
	return must(url.Parse(strings.TrimSpace(line)))
}

func did(step string) { fmt.Println("did", step) }

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func check(ok bool, what string) {
	if !ok {
		log.Fatal(what)
	}
}

func main() {
	ctx := context.Background()
	redirectURI := os.Getenv("REDIRECT_URI")
	provider := must(oidc.NewProvider(ctx, os.Getenv("ISSUER")))
	did("discovery")

	config := oauth2.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		Endpoint:     provider.Endpoint(),
		RedirectURL:  redirectURI,
		Scopes:       []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
	}
	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	back := visit(config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	check(back.Query().Get("state") == state, "another state")
	token := must(config.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier)))
	raw, _ := token.Extra("id_token").(string)
	idToken := must(provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(ctx, raw))
	check(idToken.Nonce == nonce, "another nonce")
	check(idToken.VerifyAccessToken(token.AccessToken) == nil, "at_hash does not fit")
	did("sign-in")

	info := must(provider.UserInfo(ctx, config.TokenSource(ctx, token)))
	check(info.Subject == idToken.Subject && info.Email == "ada@acme.example", "another user")
	did("userinfo")

	old := *token
	old.Expiry = time.Now().Add(-time.Hour)
	fresh := must(config.TokenSource(ctx, &old).Token())
	check(fresh.AccessToken != token.AccessToken && fresh.RefreshToken != "", "not refreshed")
	did("refresh")

	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	check(provider.Claims(&more) == nil, "metadata")
	bye := strings.Replace(redirectURI, "/callback", "/bye", 1)
	out := url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {bye}}
	check(strings.HasPrefix(visit(more.EndSession+"?"+out.Encode()).String(), bye), "not signed out")
	did("sign-out")
}
