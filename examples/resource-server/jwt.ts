/** An API of your own that checks access tokens by itself: JWTs (RFC 9068), with jose and the provider's published keys. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const { ISSUER = 'http://localhost:3000', PORT = '3004' } = process.env;
const resource = process.env['RESOURCE'] ?? `http://localhost:${PORT}/`;
const scope = 'reports:read';

const discovery = await fetch(`${ISSUER}/.well-known/oauth-authorization-server`);
const { jwks_uri: jwksUri } = (await discovery.json()) as { jwks_uri: string };
// Fetched once and kept; fetched again when a token names a key that is not there, as after a rotation.
const keys = createRemoteJWKSet(new URL(jwksUri));

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
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: ISSUER,
      audience: resource,
      typ: 'at+jwt',
      algorithms: ['RS256', 'ES256'],
    });
    const scopes = String(payload['scope'] ?? '').split(' ');
    if (!scopes.includes(scope)) return refuse(response, 403, 'insufficient_scope');
    // The subject is {clientid}.{userUuid}: the platform, and the user there.
    json({ reports: [], for: payload.sub });
  } catch (error) {
    if (error instanceof errors.JOSEError) return refuse(response, 401, 'invalid_token');
    throw error;
  }
}

createServer((request, response) => {
  handle(request, response).catch((error: Error) => {
    console.error(error.message);
    response.writeHead(500).end();
  });
}).listen(Number(PORT), '127.0.0.1', () => console.log(`Reports API listens on ${resource}`));
