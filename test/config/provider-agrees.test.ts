import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { clientSchema } from '../../config/clients/schema.ts';
import { UNSUPPORTED_METADATA } from '../../config/clients/supported.ts';
import { loadConfig } from '../../config/config.ts';
import type { Config } from '../../config/types.ts';
import { type Composed, compose } from '../../src/compose.ts';
import { createAudit } from '../../src/telemetry/audit.ts';
import { createEvents } from '../../src/telemetry/events.ts';

const SHIPPED = readFileSync(new URL('../../config/clients.yaml', import.meta.url), 'utf8');

/** Every field of the schema is in here, with a value that is not its default. */
const EVERYTHING = `
clients:
  - client_id: web
    client_name: Web
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
  - client_id: fapi
    token_endpoint_auth_method: private_key_jwt
    jwks_uri: https://f.example/jwks
    redirect_uris: [https://f.example/cb]
    ib: { profile: fapi2 }
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

const SECRET = 'correct-horse-battery-staple';

/** The product's own provider for a clients' file, its store in memory, its network a sector document. */
async function withProvider(
  text: string,
  work: (provider: ReturnType<Composed['createApp']>, config: Config) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-agrees-'));
  const file = join(folder, 'clients.yaml');
  writeFileSync(file, text);
  const loaded = loadConfig({ CLIENTS_FILE: file, DATA_DIR: ':memory:', A_SECRET: SECRET });
  if (!loaded.ok) throw new Error(loaded.faults.join('\n'));
  const log = pino({ enabled: false });
  const composed = await compose({
    config: loaded.config,
    clientSecrets: loaded.clientSecrets,
    events: createEvents({ log, audit: createAudit({ settings: loaded.config.audit, log }) }),
    fetch: async () => Response.json(['https://b.example/cb', 'https://c.example/cb']),
  });
  try {
    await work(composed.createApp('http://localhost:3000'), loaded.config);
  } finally {
    await composed.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the provider takes each client that the configuration takes', () => {
  for (const [name, text] of Object.entries({ 'as shipped': SHIPPED, 'with every field': EVERYTHING })) {
    it(`${name}, and keeps every field of it`, () =>
      withProvider(text, async (provider, { clients }) => {
        for (const { metadata } of clients) {
          const client = await provider.Client.find(metadata.client_id);
          expect(client?.metadata(), metadata.client_id).to.deep.include(metadata);
        }
      }));
  }

  it('and no field is left untried', () =>
    withProvider(EVERYTHING, async (_provider, { clients }) => {
      const tried = new Set(clients.flatMap(({ metadata }) => Object.keys(metadata)));
      // These are ours: secrets by reference, and what stands under `ib`.
      const own = ['client_secret_env', 'client_secret_file', 'ib'];
      const fields = Object.keys(clientSchema().shape).filter((field) => !own.includes(field));
      expect(fields.filter((field) => !tried.has(field))).to.deep.equal([]);
    }));

  it('and refuses with a reason all that it would not keep', () =>
    withProvider(EVERYTHING, async (provider) => {
      const schema = provider.Client as unknown as { Schema: new (metadata: object) => object };
      for (const field of Object.keys(UNSUPPORTED_METADATA)) {
        const metadata = {
          client_id: 'x',
          redirect_uris: ['https://a.example/cb'],
          token_endpoint_auth_method: 'none',
        };
        let kept: object = {};
        try {
          kept = new schema.Schema({ ...metadata, [field]: field.endsWith('s') ? ['x'] : 'x' });
        } catch {
          // Refused by the library too.
        }
        expect(Object.keys(kept), field).to.not.include(field);
      }
    }));
});
