"""FastMCP's client with its own OAuth: finds the issuer by the MCP server alone, signs in, calls a tool, and again later."""

import asyncio
import os

from fastmcp import Client
from fastmcp.client.auth import OAuth


def did(step):
    print("did", step, flush=True)


async def main():
    how = {}
    if os.environ.get("METADATA_URL"):
        how = {"client_metadata_url": os.environ["METADATA_URL"]}
    if os.environ.get("CLIENT_ID"):
        how = {"client_id": os.environ["CLIENT_ID"]}
    async with Client(os.environ["MCP_URL"], auth=OAuth(**how)) as client:
        did("sign-in")
        assert "Campaigns" in str(await client.call_tool("list_folders"))
        did("tool")
        # The access token has run out by then.
        await asyncio.sleep(float(os.environ["TOKEN_SECONDS"]) + 1)
        assert "Campaigns" in str(await client.call_tool("list_folders"))
        did("refresh")


asyncio.run(main())
