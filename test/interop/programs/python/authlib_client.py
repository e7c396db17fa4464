"""Authlib's OAuth2Session: discovery, sign-in with PKCE, ID token, userinfo, refresh, introspection, revocation, sign-out."""

import os
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

issuer, redirect_uri = os.environ["ISSUER"], os.environ["REDIRECT_URI"]
client_id, client_secret = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]


def visit(url):
    print("visit", url, flush=True)
    return sys.stdin.readline().strip()


def did(step):
    print("did", step, flush=True)


meta = requests.get(issuer + "/.well-known/openid-configuration").json()
did("discovery")

session = OAuth2Session(
    client_id,
    client_secret,
    scope="openid profile email offline_access",
    redirect_uri=redirect_uri,
    code_challenge_method="S256",
    token_endpoint=meta["token_endpoint"],
)
nonce, verifier = generate_token(), generate_token(48)
url, state = session.create_authorization_url(meta["authorization_endpoint"], nonce=nonce, code_verifier=verifier)
token = session.fetch_token(
    meta["token_endpoint"], authorization_response=visit(url), state=state, code_verifier=verifier
)
decoded = jwt.decode(token["id_token"], KeySet.import_key_set(requests.get(meta["jwks_uri"]).json()))
claims = CodeIDToken(
    decoded.claims,
    decoded.header,
    {"iss": {"value": issuer}, "aud": {"value": client_id}, "nonce": {"value": nonce}},
    {"access_token": token["access_token"]},
)
claims.validate()
did("sign-in")

assert session.get(meta["userinfo_endpoint"]).json()["name"] == "Ada Lovelace"
did("userinfo")

old = token["access_token"]
session.token = {**session.token, "expires_at": 1}
# The library refreshes by itself before a call with a token that has run out.
assert session.get(meta["userinfo_endpoint"]).json()["sub"] == claims["sub"]
assert session.token["access_token"] != old
did("refresh")

seen = session.introspect_token(meta["introspection_endpoint"], token=session.token["access_token"])
assert seen.json()["active"] is True
session.revoke_token(meta["revocation_endpoint"], token=session.token["refresh_token"])
seen = session.introspect_token(meta["introspection_endpoint"], token=session.token["access_token"])
assert seen.json()["active"] is False
did("revocation")

bye = redirect_uri.replace("/callback", "/bye")
out = requests.Request(
    params={"id_token_hint": token["id_token"], "post_logout_redirect_uri": bye}, url=meta["end_session_endpoint"]
)
assert visit(out.prepare().url).startswith(bye)
did("sign-out")
