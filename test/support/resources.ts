/** Two resources (RFC 8707), the apps that ask for them, and the ways in which they are spelt. */
import { authorizeUrl as anyUrl } from './stack.ts';

/** Their identifiers, as they are configured. */
export const API = 'https://api.acme.example';
export const MCP = 'https://mcp.acme.example/mcp/';

/** A clients' file with both, an app, a device and the server that serves them. */
export const CLIENTS = `
clients:
  - client_id: web
    client_name: Web App
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token, client_credentials]
    scope: openid profile offline_access ib:api
  - client_id: tv
    token_endpoint_auth_method: none
    application_type: native
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code']
    scope: profile ib:api
  - client_id: server
    client_secret_env: WEB_SECRET
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange']
resources:
  - { identifier: '${API}', scopes: [profile, 'ib:api'], client_id: server }
  - { identifier: '${MCP}', scopes: [profile, 'ib:api'], client_id: server }
`;

/** A request of the web app. */
export const authorizeUrl = (issuer: string, params: Record<string, string>): string =>
  anyUrl(issuer, { scope: 'profile ib:api', nonce: '', ...params });

/** Each by what an app may write for it. */
export const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  [API]: [
    API,
    `${API}/`,
    'HTTPS://API.ACME.EXAMPLE',
    'https://Api.Acme.Example:443/',
    `${API}/a/..`,
    `${API}/./`,
    `${API}//`,
  ],
  [MCP]: [
    MCP,
    'https://mcp.acme.example/mcp',
    'https://mcp.acme.example/%6Dcp',
    'https://mcp.acme.example:443/x/../mcp/',
    'https://MCP.acme.example/mcp//',
  ],
};
