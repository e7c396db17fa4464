import { keySizeFault } from './key-sizes.ts';
import { at, type Finding, type MetadataRule, type Rule, when } from './rule.ts';
import type { ClientEntry } from './schema.ts';

const secretFields = (entry: ClientEntry) =>
  (['client_secret_env', 'client_secret_file'] as const).filter((field) => entry[field] !== undefined);
const authenticatesBySecret = (entry: ClientEntry) =>
  entry.token_endpoint_auth_method.startsWith('client_secret_');
const publishesKeys = (entry: ClientEntry) => entry.jwks !== undefined || entry.jwks_uri !== undefined;

/** Where the secrets of an entry of the clients' file are. */
export const secretRules: readonly Rule[] = [
  {
    needs: ['token_endpoint_auth_method', 'client_secret', 'client_secret_env', 'client_secret_file'],
    check: (entry) => [
      ...when(
        authenticatesBySecret(entry) && secretFields(entry).length === 0,
        'token_endpoint_auth_method',
        `${entry.token_endpoint_auth_method} needs client_secret_env or client_secret_file (or set none for a public client)`,
      ),
      ...(authenticatesBySecret(entry) ? [] : secretFields(entry)).map((field) =>
        at(
          field,
          `is not used with token_endpoint_auth_method: ${entry.token_endpoint_auth_method}; remove it`,
        ),
      ),
    ],
  },
];

/** FAPI 2.0 Security Profile 5.3, 5.4: algorithms that it allows. */
const FAPI_ALGS: readonly string[] = ['PS256', 'ES256', 'Ed25519', 'EdDSA'];

/** What the FAPI 2.0 Security Profile asks of a registration; what it asks of requests is the provider's. */
export const profileRules: readonly Rule[] = [
  {
    needs: ['ib', 'ib.profile', 'token_endpoint_auth_method'],
    check: ({ ib, token_endpoint_auth_method: method }) =>
      when(
        ib.profile === 'fapi2' && method !== 'private_key_jwt',
        'ib.profile',
        'fapi2 needs token_endpoint_auth_method: private_key_jwt',
      ),
  },
  {
    needs: ['ib', 'ib.profile', 'ib.bridge_compat'],
    check: ({ ib }) =>
      when(ib.profile === 'fapi2' && ib.bridge_compat, 'ib.profile', 'fapi2 goes without bridge_compat'),
  },
  ...(
    [
      'token_endpoint_auth_signing_alg',
      'request_object_signing_alg',
      'id_token_signed_response_alg',
      'userinfo_signed_response_alg',
    ] as const
  ).map(
    (field): Rule => ({
      needs: ['ib', 'ib.profile', field],
      check: (entry) => {
        const alg = entry[field];
        const fits = entry.ib.profile !== 'fapi2' || alg === undefined || FAPI_ALGS.includes(alg);
        return when(!fits, field, `must be one of ${FAPI_ALGS.join(', ')} with ib.profile: fapi2`);
      },
    }),
  ),
];

/** How a client proves that it is itself without a secret: keys and the algorithms that go with them. */
export const keyRules: readonly MetadataRule[] = [
  {
    needs: ['token_endpoint_auth_method', 'jwks', 'jwks_uri'],
    check: (entry) =>
      when(
        entry.token_endpoint_auth_method === 'private_key_jwt' && !publishesKeys(entry),
        'token_endpoint_auth_method',
        'private_key_jwt needs jwks or jwks_uri',
      ),
  },
  {
    needs: ['token_endpoint_auth_method', 'token_endpoint_auth_signing_alg'],
    check: (entry) =>
      when(
        entry.token_endpoint_auth_signing_alg !== undefined &&
          entry.token_endpoint_auth_method !== 'private_key_jwt',
        'token_endpoint_auth_signing_alg',
        'is only used with token_endpoint_auth_method: private_key_jwt',
      ),
  },
  {
    needs: ['jwks', 'jwks_uri'],
    check: (entry) =>
      when(
        entry.jwks !== undefined && entry.jwks_uri !== undefined,
        'jwks_uri',
        'must not stand beside jwks; keep one',
      ),
  },
  {
    needs: ['jwks', 'jwks_uri', 'require_signed_request_object', 'request_object_signing_alg'],
    check: (entry) =>
      (['require_signed_request_object', 'request_object_signing_alg'] as const).flatMap((field) =>
        when(Boolean(entry[field]) && !publishesKeys(entry), field, 'needs jwks or jwks_uri'),
      ),
  },
  {
    needs: ['jwks'],
    check: (entry) =>
      (entry.jwks?.keys ?? []).flatMap((key, index) =>
        jwkFindings(key).map((found) => ({
          ...found,
          path: ['jwks', 'keys', index, ...found.path],
        })),
      ),
  },
];

/** RFC 7518 6 and RFC 8037: what a public key consists of, and what would make it a private one. */
const JWK_MEMBERS = {
  RSA: { needed: ['n', 'e'], secret: ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'] },
  EC: { needed: ['crv', 'x', 'y'], secret: ['d'] },
  OKP: { needed: ['crv', 'x'], secret: ['d'] },
} as const;

function jwkFindings(
  key: Readonly<Record<string, unknown>> & { readonly kty: keyof typeof JWK_MEMBERS },
): Finding[] {
  const { needed, secret } = JWK_MEMBERS[key.kty];
  if (secret.some((member) => key[member] !== undefined) || key['k'] !== undefined) {
    return [
      { path: [], message: 'is a private key; only its public half belongs here, and it counts as leaked' },
    ];
  }
  const missing = needed
    .filter((member) => typeof key[member] !== 'string' || key[member] === '')
    .map((member) => ({ path: [member], message: 'is missing' }));
  const size = keySizeFault(key);
  return size === undefined ? missing : [...missing, { path: [size.member], message: size.message }];
}
