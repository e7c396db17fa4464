/** Every flow of the product: what it starts from, what apps and users do in it, and what must be true when it is over. */
import { TV_CLIENT } from '../support/stack.ts';
import type { Flow } from './flow.ts';
import { SIGN_INS } from './sign-in-flows.ts';
import { TOKENS } from './token-flows.ts';

export const CLIENTS = `
clients:
  - client_id: web
    client_name: Web App
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    post_logout_redirect_uris: [https://app.example/bye]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile email offline_access ib:api ib:session
  - client_id: first
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
    ib: { skip_consent: true }
  - client_id: told
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
    backchannel_logout_uri: https://app.example/backchannel
${TV_CLIENT}
  - client_id: mcp-server
    client_secret_env: WEB_SECRET
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange']
resources:
  - identifier: https://mcp.acme.example/mcp
    scopes: [profile, ib:api]
    client_id: mcp-server
`;

/** By name, as the table prints them. */
export const FLOWS: Readonly<Record<string, Flow>> = { ...SIGN_INS, ...TOKENS };
