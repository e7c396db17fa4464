import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import Provider, { type Adapter, type ClientMetadata } from 'oidc-provider';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { parseClients } from '../../config/clients/clients.ts';
import {
  BUILT_IN_SCOPES,
  CLIENT_AUTH_METHODS,
  CLIENT_SIGNING_ALGS,
  GRANT_TYPES,
  SERVER_SIGNING_ALGS,
} from '../../config/clients/supported.ts';

const SHIPPED = readFileSync(new URL('../../config/clients.yaml', import.meta.url), 'utf8');

const EVERYTHING = `
clients:
  - client_id: web
    client_secret_env: A_SECRET
    redirect_uris: [https://a.example/cb, http://localhost:3001/cb]
    post_logout_redirect_uris: [https://a.example/]
    grant_types: [authorization_code, refresh_token]
    response_modes: [query, form_post]
    contacts: [admin@a.example]
    client_uri: https://a.example
    logo_uri: https://a.example/logo.png
    policy_uri: https://a.example/privacy
    tos_uri: https://a.example/terms
    initiate_login_uri: https://a.example/login
    default_max_age: 3600
    require_auth_time: true
    require_pushed_authorization_requests: true
    dpop_bound_access_tokens: true
    id_token_signed_response_alg: ES256
    userinfo_signed_response_alg: RS256
    introspection_signed_response_alg: ES256
    backchannel_logout_uri: https://a.example/logout
    backchannel_logout_session_required: true
    client_id_issued_at: 1764000000
    scope: openid profile email offline_access ib:api ib:session
  - client_id: signed
    token_endpoint_auth_method: private_key_jwt
    token_endpoint_auth_signing_alg: ES256
    require_signed_request_object: true
    request_object_signing_alg: ES256
    jwks: { keys: [{ kty: EC, crv: P-256, use: sig, x: f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU, y: x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0 }] }
    redirect_uris: [https://b.example/cb, https://c.example/cb]
    subject_type: pairwise
    sector_identifier_uri: https://b.example/sector.json
  - client_id: native
    application_type: native
    token_endpoint_auth_method: none
    redirect_uris: [com.example.app:/cb, 'http://127.0.0.1/cb', 'http://[::1]/cb', https://app.example/cb]
  - client_id: device
    token_endpoint_auth_method: none
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', refresh_token]
  - client_id: resource-server
    client_secret_env: A_SECRET
    token_endpoint_auth_method: client_secret_post
    grant_types: [client_credentials, 'urn:ietf:params:oauth:grant-type:token-exchange']
  - client_id: introspects-only
    client_secret_env: A_SECRET
    grant_types: []
`;

const nothing = async () => undefined;
const emptyAdapter = (): Adapter => ({
  upsert: nothing,
  find: nothing,
  findByUserCode: nothing,
  findByUid: nothing,
  consume: nothing,
  destroy: nothing,
  revokeByGrantId: nothing,
});

/** A provider with every feature that the lists of `supported.ts` promise. */
async function createProvider(clients: ClientMetadata[]) {
  const { signingKeys } = await createSecrets(new Date());
  const provider = new Provider('http://localhost', {
    clients,
    adapter: emptyAdapter,
    jwks: { keys: signingKeys.map(({ jwk }) => jwk) },
    cookies: { keys: ['not used'] },
    scopes: [...BUILT_IN_SCOPES],
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: (_ctx, accountId) => accountId,
    clientAuthMethods: [...CLIENT_AUTH_METHODS],
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true },
      jwtIntrospection: { enabled: true },
      jwtUserinfo: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      requestObjects: { enabled: true },
    },
    enabledJWA: {
      clientAuthSigningAlgValues: [...CLIENT_SIGNING_ALGS],
      idTokenSigningAlgValues: [...SERVER_SIGNING_ALGS],
      introspectionSigningAlgValues: [...SERVER_SIGNING_ALGS],
      requestObjectSigningAlgValues: [...CLIENT_SIGNING_ALGS],
      userinfoSigningAlgValues: [...SERVER_SIGNING_ALGS],
    },
    // The sector document of `signed`, which the provider fetches.
    fetch: async () => Response.json(['https://b.example/cb', 'https://c.example/cb']),
  });
  provider.registerGrantType(GRANT_TYPES[4], async () => undefined, []);
  return provider;
}

describe('the provider takes each client that the configuration takes', () => {
  for (const [name, text] of Object.entries({ 'as shipped': SHIPPED, 'with every field': EVERYTHING })) {
    it(`${name}, and keeps every field of it`, async () => {
      const parsed = parseClients(text, {
        name: 'clients.yaml',
        path: '/clients.yaml',
        env: { A_SECRET: 'correct-horse-battery-staple' },
        platformFault: () => undefined,
        coversPlatform: () => true,
      });
      if (!parsed.ok) expect.fail(parsed.faults.join('\n'));
      const metadata = parsed.clients.map((client) => ({
        ...structuredClone(client.metadata),
        ...(parsed.clientSecrets.has(client.metadata.client_id) ? { client_secret: 'correct-horse' } : {}),
      }));
      const provider = await createProvider(structuredClone(metadata));
      for (const wanted of metadata) {
        const client = await provider.Client.find(wanted.client_id);
        expect(client?.metadata(), wanted.client_id).to.deep.include(wanted);
      }
    });
  }
});
