/** An MCP server whose tools call IntelligenceBank for the signed-in user: it introspects their token and exchanges it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import {
  createMcpHandler,
  getOAuthProtectedResourceMetadataUrl,
  McpServer,
  OAuthError,
  OAuthErrorCode,
  requireBearerAuth,
} from '@modelcontextprotocol/server';
import * as client from 'openid-client';

const {
  ISSUER = 'http://localhost:3000',
  CLIENT_ID = 'mcp-server',
  CLIENT_SECRET,
  PORT = '3002',
} = process.env;
const resource = process.env['RESOURCE'] ?? `http://localhost:${PORT}/mcp`;
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

/** Lets in whoever brings a token that was made for this server; tells others where to get one (RFC 9728). */
const gate = requireBearerAuth({
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(new URL(resource)),
  requiredScopes: ['profile', 'ib:api'],
  expectedResource: new URL(resource),
  verifier: {
    async verifyAccessToken(token) {
      const seen = await client.tokenIntrospection(config, token);
      if (!seen.active) throw new OAuthError(OAuthErrorCode.InvalidToken, 'the token is not active');
      return {
        token,
        clientId: seen.client_id ?? '',
        scopes: seen.scope?.split(' ') ?? [],
        ...(seen.exp === undefined ? {} : { expiresAt: seen.exp }),
        resource: new URL(String(seen.aud)),
        // The subject is {clientid}.{userUuid}; the first half names the platform in IntelligenceBank's API.
        extra: { platform: String(seen.sub).split('.')[0] },
      };
    },
  },
});

/** One MCP server a request: nothing is kept between them. Clients of the revisions before 2026-07-28 are served too. */
const mcp = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: 'intelligencebank', version: '1.0.0' });
  server.registerTool('list_folders', { description: 'Lists folders in IntelligenceBank.' }, async () => {
    const path = `/api/3.0.0/${String(authInfo?.extra?.['platform'])}/folder.limit(0,20)`;
    const text = await callIntelligenceBank(authInfo?.token ?? '', path);
    return { content: [{ type: 'text', text }] };
  });
  return server;
});

async function answer(request: Request): Promise<Response> {
  if (new URL(request.url).pathname.startsWith('/.well-known/oauth-protected-resource')) {
    return Response.json({
      resource,
      authorization_servers: [ISSUER],
      scopes_supported: ['profile', 'ib:api'],
      bearer_methods_supported: ['header'],
    });
  }
  const authInfo = await gate(request);
  return authInfo instanceof Response ? authInfo : mcp.fetch(request, { authInfo });
}

/** Node's request and response as those of the Fetch standard. */
async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const hasBody = incoming.method !== 'GET' && incoming.method !== 'HEAD';
  const request = new Request(new URL(incoming.url ?? '/', resource), {
    method: incoming.method ?? 'GET',
    headers: Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    ...(hasBody ? { body: Readable.toWeb(incoming) as globalThis.ReadableStream, duplex: 'half' } : {}),
  });
  const response = await answer(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) outgoing.end();
  else Readable.fromWeb(response.body as ReadableStream).pipe(outgoing);
}

createServer((incoming, outgoing) => {
  handle(incoming, outgoing).catch((error: Error) => {
    console.error(error.message);
    if (!outgoing.headersSent) outgoing.writeHead(500);
    outgoing.end();
  });
}).listen(Number(PORT), '127.0.0.1', () => console.log(`MCP server listens on ${resource}`));
