/** A command-line tool beside a browser: authorization code with PKCE, back to a loopback port (RFC 8252). */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as client from 'openid-client';

const { ISSUER = 'http://localhost:3000', CLIENT_ID = 'demo-cli' } = process.env;
const issuer = new URL(ISSUER);
const insecure = issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {};
const config = await client.discovery(issuer, CLIENT_ID, undefined, client.None(), insecure);

// Any free port: the registration of a native app leaves it open.
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: 'openid profile ib:api',
  state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});
console.log(`Open ${url.href}`);

const [request, response] = await once(server, 'request');
response.setHeader('content-type', 'text/plain').end('You can close this window.');
server.close();
server.closeAllConnections();
const checks = { pkceCodeVerifier: verifier, expectedState: state };
const tokens = await client.authorizationCodeGrant(config, new URL(request.url, redirectUri), checks);
const claims = await client.fetchUserInfo(
  config,
  tokens.access_token,
  tokens.claims()?.sub ?? client.skipSubjectCheck,
);
console.log(`Signed in as ${claims.name ?? claims.sub}`);
