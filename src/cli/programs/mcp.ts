import { NATIVE_APP, type Program, WEB_APP } from './program.ts';

const NODE_LOCK = 'node/package-lock.json';
const PYTHON_LOCK = 'python/requirements.txt';

/** An MCP client asks for what the MCP server names, so its entry does not narrow scopes. */
const { scope: _scope, ...MCP_CLIENT } = NATIVE_APP;
const { application_type: _native, ...WEB_CLIENT } = MCP_CLIENT;

const NEEDS_NO_ENTRY =
  'With `REGISTRATION=open`, or by a metadata document with `CLIENT_ID_METADATA_HOSTS`, it needs no entry. Both were seen, at MCP servers that list scopes, list none and list `[]`.';

/** Clients of the Model Context Protocol. */
export const MCP_PROGRAMS: readonly Program[] = [
  {
    name: 'mcp-sdk',
    title: 'MCP SDK for TypeScript, 2.x and 1.x',
    redirects: ['http://localhost/callback'],
    fields: MCP_CLIENT,
    settings: {
      language: 'js',
      text: `const transport = new StreamableHTTPClientTransport(new URL('https://mcp.acme.com/mcp'), {
  // clientInformation() answers { client_id: '{client_id}' }
  authProvider,
});`,
    },
    notes: [NEEDS_NO_ENTRY, 'The line 1.x is held by the same test.'],
    checked: {
      by: 'test',
      file: 'test/interop/mcp-clients.test.ts',
      pinned: '@modelcontextprotocol/client',
      version: '2.4.0',
    },
  },
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
    notes: [NEEDS_NO_ENTRY],
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
    notes: [NEEDS_NO_ENTRY],
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
    notes: [NEEDS_NO_ENTRY],
    checked: { by: 'interop', pinned: 'fastmcp', version: '4.2.3', lock: PYTHON_LOCK },
  },
  {
    name: 'fastmcp-server',
    title: 'FastMCP, server (OIDCProxy, Python)',
    redirects: ['/auth/callback'],
    fields: { ...WEB_APP, scope: 'openid profile offline_access ib:api' },
    resource: { path: '/mcp', scopes: ['profile', 'ib:api'], token_format: 'jwt' },
    settings: {
      language: 'python',
      text: `mcp = FastMCP("Acme", auth=OIDCProxy(
    config_url="{issuer}/.well-known/openid-configuration",
    client_id="{client_id}",
    client_secret="{client_secret}",
    base_url="{origin}",
    required_scopes=["profile", "ib:api"],
))`,
    },
    notes: [
      'Its own clients need no entry here: they register themselves at the proxy.',
      'It passes on its address as `resource` and checks access tokens as JWTs, so the address is a resource with `token_format: jwt`. Tokens for a resource do not hold `openid`: leave it out of `required_scopes`.',
    ],
    checked: { by: 'interop', pinned: 'fastmcp', version: '4.2.3', lock: PYTHON_LOCK },
  },
  {
    name: 'claude',
    title: 'Claude (web and desktop)',
    redirects: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
    fields: WEB_CLIENT,
    settings: {
      language: 'text',
      text: `Settings, Connectors, Add custom connector
  URL               https://mcp.acme.com/mcp
  OAuth client ID   {client_id}`,
    },
    notes: [
      'With `REGISTRATION=open`, or `CLIENT_ID_METADATA_HOSTS` that lets its document’s host in, the URL of the MCP server is all it needs.',
    ],
    checked: {
      by: 'nobody',
      why: 'it runs on its maker’s servers, which reach public addresses alone. Its redirects are held by `test/standards/mcp.test.ts`.',
    },
  },
  {
    name: 'claude-code',
    title: 'Claude Code',
    redirects: ['http://localhost/callback', 'http://127.0.0.1/callback'],
    fields: MCP_CLIENT,
    settings: {
      language: 'sh',
      text: `claude mcp add --transport http acme https://mcp.acme.com/mcp --client-id {client_id} --callback-port 8080`,
    },
    notes: ['With `CLIENT_ID_METADATA_HOSTS=*` or `REGISTRATION=open` it needs no entry.'],
    checked: {
      by: 'nobody',
      why: 'it signs in at its maker’s first. Its metadata document, loopback without a port and without `application_type`, is held by `test/standards/metadata-documents.test.ts`.',
    },
  },
  {
    name: 'vscode',
    title: 'VS Code',
    redirects: ['http://127.0.0.1/', 'https://vscode.dev/redirect'],
    fields: MCP_CLIENT,
    settings: {
      language: 'json',
      text: `{ "servers": { "acme": { "type": "http", "url": "https://mcp.acme.com/mcp" } } }`,
    },
    notes: [
      'It asks for the client id, here `{client_id}`, where it can neither register itself nor bring its metadata document.',
    ],
    checked: {
      by: 'nobody',
      why: 'it is fetched from its maker alone. Its metadata document is held by `test/standards/metadata-documents.test.ts`, its redirects by `test/standards/mcp.test.ts`.',
    },
  },
  {
    name: 'cursor',
    title: 'Cursor',
    redirects: ['cursor://anysphere.cursor-mcp/oauth/callback'],
    fields: MCP_CLIENT,
    settings: {
      language: 'json',
      text: `{ "mcpServers": { "acme": { "url": "https://mcp.acme.com/mcp", "auth": { "CLIENT_ID": "{client_id}" } } } }`,
    },
    notes: ['With `REGISTRATION=open` it needs no entry and no `auth`.'],
    checked: {
      by: 'nobody',
      why: 'it is fetched from its maker alone. Its redirect and its registration are held by `test/standards/mcp.test.ts` and `registration.test.ts`.',
    },
  },
];
