/**
 * The floor: plain node-oidc-provider with a `Map` for its adapter, the pages of its development mode, no log, no metrics,
 * no limits. The same flows, client, key and life times as the product's.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { type Adapter, type AdapterPayload } from 'oidc-provider';
import { REDIRECT, SCOPE, SECRET } from './provider.ts';

const storage = new Map<string, AdapterPayload>();
const ofGrant = new Map<string, Set<string>>();

/** As node-oidc-provider's own adapter in memory, without its limit of a thousand entries. */
function createMapAdapter(model: string): Adapter {
  const key = (id: string): string => `${model}:${id}`;
  return {
    async upsert(id, payload) {
      storage.set(key(id), payload);
      if (payload.uid !== undefined) storage.set(`uid:${payload.uid}`, payload);
      if (payload.grantId === undefined) return;
      const keys = ofGrant.get(payload.grantId) ?? new Set();
      ofGrant.set(payload.grantId, keys.add(key(id)));
    },
    find: async (id) => storage.get(key(id)),
    findByUid: async (uid) => storage.get(`uid:${uid}`),
    findByUserCode: async () => undefined,
    async consume(id) {
      const payload = storage.get(key(id));
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id) => void storage.delete(key(id)),
    async revokeByGrantId(grantId) {
      for (const one of ofGrant.get(grantId) ?? []) storage.delete(one);
    },
  };
}

const { privateKey } = await generateKeyPair('RS256', { extractable: true });
const server = createServer().listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
const provider = new Provider(issuer, {
  adapter: createMapAdapter,
  clients: [
    {
      client_id: 'bench',
      client_secret: SECRET,
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      scope: SCOPE,
    },
  ],
  scopes: SCOPE.split(' '),
  claims: { profile: ['name', 'given_name', 'family_name', 'updated_at'] },
  cookies: { keys: ['bench'] },
  jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'bench', use: 'sig', alg: 'RS256' }] },
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
  },
  findAccount: (_ctx, accountId) => ({
    accountId,
    claims: async () => ({
      sub: accountId,
      name: 'Ada Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
    }),
  }),
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  conformIdTokenClaims: false,
  ttl: { AccessToken: 3600, IdToken: 3600, RefreshToken: 24 * 3600, Session: 24 * 3600, Grant: 24 * 3600 },
});
server.on('request', provider.callback());
process.send?.({ issuer });
process.on('disconnect', () => process.exit());
