/** An API of your own that asks the provider about each token (RFC 7662): a revoked token stops working at once. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as client from 'openid-client';

const {
  ISSUER = 'http://localhost:3000',
  CLIENT_ID = 'notes-api',
  CLIENT_SECRET,
  PORT = '3005',
} = process.env;
const resource = process.env['RESOURCE'] ?? `http://localhost:${PORT}/`;
const scope = 'notes:read';
const issuer = new URL(ISSUER);
const insecure = issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {};
const config = await client.discovery(issuer, CLIENT_ID, CLIENT_SECRET, undefined, insecure);

function refuse(response: ServerResponse, status: 401 | 403, error?: string): void {
  const challenge = [`resource_metadata="${new URL('/.well-known/oauth-protected-resource', resource)}"`];
  if (error !== undefined) challenge.unshift(`error="${error}"`);
  if (status === 403) challenge.push(`scope="${scope}"`);
  response.writeHead(status, { 'www-authenticate': `Bearer ${challenge.join(', ')}` }).end();
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const json = (body: object) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  if (request.url === '/.well-known/oauth-protected-resource') {
    json({ resource, authorization_servers: [ISSUER], scopes_supported: [scope] });
    return;
  }
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) return refuse(response, 401);
  const seen = await client.tokenIntrospection(config, token);
  if (!seen.active || seen.aud !== resource) return refuse(response, 401, 'invalid_token');
  if (!String(seen.scope).split(' ').includes(scope)) return refuse(response, 403, 'insufficient_scope');
  json({ notes: [], for: seen.sub });
}

createServer((request, response) => {
  handle(request, response).catch((error: Error) => {
    console.error(error.message);
    response.writeHead(500).end();
  });
}).listen(Number(PORT), '127.0.0.1', () => console.log(`Notes API listens on ${resource}`));
