"""FastMCP's server with its OIDC proxy, by the issuer alone: a client signs in through it, calls a tool, and refreshes."""

import asyncio
import os
import sys
import threading
from urllib.parse import parse_qs, urlparse

import uvicorn
from fastmcp import Client, FastMCP
from fastmcp.client.auth import OAuth
from fastmcp.server.auth.oidc_proxy import OIDCProxy
from fastmcp.server.dependencies import get_access_token
from mcp.client.auth import AuthorizationCodeResult

proxy = OIDCProxy(
    config_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    base_url=os.environ["ORIGIN"],
    required_scopes=["profile", "ib:api"],
    # A page of its own, before ours.
    require_authorization_consent=False,
)
mcp = FastMCP("interop", auth=proxy)


@mcp.tool
def whoami() -> str:
    token = get_access_token()
    return f"{token.claims['sub']} may {' '.join(token.scopes)}"


def did(step):
    print("did", step, flush=True)


class User(OAuth):
    """The client, whose user is whoever reads our output."""

    async def redirect_handler(self, url):
        print("visit", url, flush=True)

    async def callback_handler(self):
        query = parse_qs(urlparse((await asyncio.to_thread(sys.stdin.readline)).strip()).query)
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0], iss=query.get("iss", [None])[0])


async def main():
    user = User()
    async with Client(os.environ["RESOURCE"], auth=user) as client:
        did("sign-in")
        assert " may profile ib:api" in str(await client.call_tool("whoami"))
        did("tool")
        first = user.context.current_tokens.access_token
        user.context.token_expiry_time = 1
        assert " may profile ib:api" in str(await client.call_tool("whoami"))
        assert user.context.current_tokens.access_token != first
        did("refresh")


port = int(os.environ["PORT"])
server = uvicorn.Server(uvicorn.Config(mcp.http_app(), host="localhost", port=port, log_level="error"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started:
    threading.Event().wait(0.05)
asyncio.run(main())
