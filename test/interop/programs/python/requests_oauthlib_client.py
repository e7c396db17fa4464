"""requests-oauthlib's OAuth2Session with a refresh by itself; scopes are compared strictly, as it does by default."""

import os
import sys

import requests
from requests_oauthlib import OAuth2Session

# The issuer is http on loopback.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
issuer, redirect_uri = os.environ["ISSUER"], os.environ["REDIRECT_URI"]
client_id, client_secret = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]


def visit(url):
    print("visit", url, flush=True)
    return sys.stdin.readline().strip()


def did(step):
    print("did", step, flush=True)


meta = requests.get(issuer + "/.well-known/oauth-authorization-server").json()
did("discovery")

kept = []
session = OAuth2Session(
    client_id,
    scope=["openid", "profile", "offline_access"],
    redirect_uri=redirect_uri,
    pkce="S256",
    auto_refresh_url=meta["token_endpoint"],
    auto_refresh_kwargs={"client_id": client_id, "client_secret": client_secret},
    token_updater=kept.append,
)
url, _ = session.authorization_url(meta["authorization_endpoint"])
token = session.fetch_token(meta["token_endpoint"], authorization_response=visit(url), client_secret=client_secret)
did("sign-in")

assert session.get(meta["userinfo_endpoint"]).json()["name"] == "Ada Lovelace"
did("userinfo")

session.token = {**token, "expires_at": 1, "expires_in": -1}
assert session.get(meta["userinfo_endpoint"]).ok
assert kept and kept[0]["access_token"] != token["access_token"]
did("refresh")

revoked = requests.post(
    meta["revocation_endpoint"], auth=(client_id, client_secret), data={"token": kept[0]["refresh_token"]}
)
assert revoked.status_code == 200
assert requests.get(
    meta["userinfo_endpoint"], headers={"Authorization": "Bearer " + kept[0]["access_token"]}
).status_code == 401
did("revocation")

bye = redirect_uri.replace("/callback", "/bye")
out = requests.Request(
    params={"client_id": client_id, "post_logout_redirect_uri": bye}, url=meta["end_session_endpoint"]
)
assert visit(out.prepare().url).startswith(bye)
did("sign-out")
