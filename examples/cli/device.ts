/** A command-line tool on a machine without a browser: the device grant (RFC 8628). */
import * as client from 'openid-client';

const { ISSUER = 'http://localhost:3000', CLIENT_ID = 'demo-cli' } = process.env;
const issuer = new URL(ISSUER);
const insecure = issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {};
const config = await client.discovery(issuer, CLIENT_ID, undefined, client.None(), insecure);

const started = await client.initiateDeviceAuthorization(config, { scope: 'openid profile ib:api' });
console.log(`Open ${started.verification_uri} on any device and enter the code ${started.user_code}`);

const tokens = await client.pollDeviceAuthorizationGrant(config, started);
const claims = await client.fetchUserInfo(
  config,
  tokens.access_token,
  tokens.claims()?.sub ?? client.skipSubjectCheck,
);
console.log(`Signed in as ${claims.name ?? claims.sub}`);
