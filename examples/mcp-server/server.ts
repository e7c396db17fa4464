/** An MCP server whose tools call IntelligenceBank for the signed-in user: it introspects their token and exchanges it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as client from 'openid-client';

const {
  ISSUER = 'http://localhost:3000',
  CLIENT_ID = 'mcp-server',
  CLIENT_SECRET,
  PORT = '3002',
} = process.env;
const resource = process.env['RESOURCE'] ?? `http://localhost:${PORT}/mcp`;
const metadataUrl = new URL('/.well-known/oauth-protected-resource/mcp', resource).href;
const issuer = new URL(ISSUER);
const insecure = issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {};
const config = await client.discovery(issuer, CLIENT_ID, CLIENT_SECRET, undefined, insecure);

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** The user's token for this server becomes one for IntelligenceBank's API (RFC 8693). */
async function callIntelligenceBank(userToken: string, path: string): Promise<string> {
  const { access_token: token } = await client.genericGrantRequest(config, EXCHANGE, {
    subject_token: userToken,
    subject_token_type: ACCESS_TOKEN,
  });
  const answer = await client.fetchProtectedResource(config, token, new URL(`/proxy${path}`, issuer), 'GET');
  return answer.text();
}

/** One MCP server a request: nothing is kept between them. */
function createMcpServer(userToken: string, platform: string): McpServer {
  const server = new McpServer({ name: 'intelligencebank', version: '1.0.0' });
  server.registerTool('list_folders', { description: 'Lists folders in IntelligenceBank.' }, async () => {
    const text = await callIntelligenceBank(userToken, `/api/3.0.0/${platform}/folder.limit(0,20)`);
    return { content: [{ type: 'text', text }] };
  });
  return server;
}

function challenge(response: ServerResponse, error: string): void {
  response.setHeader(
    'www-authenticate',
    `Bearer ${error}resource_metadata="${metadataUrl}", scope="profile ib:api"`,
  );
  response.writeHead(401).end();
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', resource);
  if (url.pathname.startsWith('/.well-known/oauth-protected-resource')) {
    const metadata = {
      resource,
      authorization_servers: [ISSUER],
      scopes_supported: ['profile', 'ib:api'],
      bearer_methods_supported: ['header'],
    };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata));
    return;
  }
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) return challenge(response, '');
  const seen = await client.tokenIntrospection(config, token);
  if (!seen.active || seen.aud !== resource) return challenge(response, 'error="invalid_token", ');
  // The subject is {clientid}.{userUuid}; the first half names the platform in IntelligenceBank's API.
  const [platform = ''] = String(seen.sub).split('.');
  const transport = new StreamableHTTPServerTransport({});
  response.on('close', () => void transport.close());
  await createMcpServer(token, platform).connect(transport as Parameters<McpServer['connect']>[0]);
  await transport.handleRequest(request, response);
}

createServer((request, response) => {
  handle(request, response).catch((error: Error) => {
    console.error(error.message);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
}).listen(Number(PORT), '127.0.0.1', () => console.log(`MCP server listens on ${resource}`));
