import { NATIVE_APP, type Program } from './program.ts';

const NODE_LOCK = 'node/package-lock.json';
const PYTHON_LOCK = 'python/requirements.txt';

/** An MCP client asks for what the MCP server names, so its entry does not narrow scopes. */
const { scope: _scope, ...MCP_CLIENT } = NATIVE_APP;

/** Clients of the Model Context Protocol. */
export const MCP_PROGRAMS: readonly Program[] = [
  {
    name: 'mcp-inspector',
    title: 'MCP Inspector',
    redirects: [
      'http://127.0.0.1/oauth/callback',
      'http://localhost/oauth/callback',
      'http://localhost/oauth/callback/debug',
    ],
    fields: MCP_CLIENT,
    settings: {
      language: 'sh',
      text: `npx @modelcontextprotocol/inspector --cli --server-url https://mcp.acme.com/mcp --transport http \\
  --client-id {client_id} --method tools/list`,
    },
    checked: { by: 'interop', pinned: '@modelcontextprotocol/inspector', version: '2.12.0', lock: NODE_LOCK },
  },
  {
    name: 'mcp-remote',
    title: 'mcp-remote',
    redirects: ['http://localhost/oauth/callback'],
    fields: MCP_CLIENT,
    settings: {
      language: 'sh',
      text: `npx mcp-remote https://mcp.acme.com/mcp --static-oauth-client-info '{"client_id":"{client_id}"}'`,
    },
    checked: { by: 'interop', pinned: 'mcp-remote', version: '0.15.1', lock: NODE_LOCK },
  },
  {
    name: 'fastmcp',
    title: 'FastMCP, client (Python)',
    redirects: ['http://localhost/callback'],
    fields: MCP_CLIENT,
    settings: {
      language: 'python',
      text: `async with Client("https://mcp.acme.com/mcp", auth=OAuth(client_id="{client_id}")) as client:
    await client.list_tools()`,
    },
    checked: { by: 'interop', pinned: 'fastmcp', version: '4.2.3', lock: PYTHON_LOCK },
  },
];
