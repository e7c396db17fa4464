/**
 * What this server speaks, in one place: the clients' file is checked against these lists and the provider is
 * configured from them, so that nothing is accepted in a registration that does not work.
 */

/** Scopes of the product itself; resources may add their own. */
export const BUILT_IN_SCOPES = [
  'openid',
  'profile',
  'email',
  'offline_access',
  'ib:api',
  'ib:session',
] as const;

/** Grant types by their registered names, named here because two of them are long. */
export const GRANT = Object.freeze({
  code: 'authorization_code',
  refresh: 'refresh_token',
  credentials: 'client_credentials',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
} as const);

/** Grant types that a client may register; implicit and password are absent (RFC 9700 2.1.2, 2.4). */
export const GRANT_TYPES = [
  GRANT.code,
  GRANT.refresh,
  GRANT.credentials,
  GRANT.device,
  GRANT.exchange,
] as const;

/** Only codes leave the authorization endpoint. */
export const RESPONSE_TYPES = ['code'] as const;

/** How an authorization response may travel. */
export const RESPONSE_MODES = ['query', 'fragment', 'form_post'] as const;

/**
 * Client authentication at `/token` and its siblings. `client_secret_jwt` is left out: it would need the one secret in
 * clear text, while several may be valid at once here.
 */
export const CLIENT_AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
] as const;

/** Algorithms this server signs with; `adapters/secrets/secrets.ts` makes a key for each. */
export const SERVER_SIGNING_ALGS = ['RS256', 'ES256'] as const;

/** Algorithms accepted from clients (assertions, request objects): asymmetric only. */
export const CLIENT_SIGNING_ALGS = ['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA'] as const;

/** Algorithms of proofs of possession (RFC 9449). */
export const DPOP_SIGNING_ALGS = ['ES256', 'EdDSA', 'Ed25519'] as const;

/** Metadata that node-oidc-provider knows and this server does not offer, with the reason an admin reads. */
export const UNSUPPORTED_METADATA: Readonly<Record<string, string>> = Object.freeze({
  ...reasons('this server does not do mutual TLS', [
    'tls_client_auth_subject_dn',
    'tls_client_auth_san_dns',
    'tls_client_auth_san_uri',
    'tls_client_auth_san_ip',
    'tls_client_auth_san_email',
    'tls_client_certificate_bound_access_tokens',
    'use_mtls_endpoint_aliases',
  ]),
  ...reasons('this server does not do CIBA', [
    'backchannel_token_delivery_mode',
    'backchannel_user_code_parameter',
    'backchannel_client_notification_endpoint',
    'backchannel_authentication_request_signing_alg',
  ]),
  ...reasons('this server does not encrypt what it signs', [
    'authorization_encrypted_response_alg',
    'authorization_encrypted_response_enc',
    'id_token_encrypted_response_alg',
    'id_token_encrypted_response_enc',
    'introspection_encrypted_response_alg',
    'introspection_encrypted_response_enc',
    'request_object_encryption_alg',
    'request_object_encryption_enc',
    'userinfo_encrypted_response_alg',
    'userinfo_encrypted_response_enc',
  ]),
  ...reasons('IntelligenceBank does not say how a user signed in, so no acr can be asked for', [
    'default_acr_values',
  ]),
  ...reasons('this server does not sign authorization responses (JARM)', [
    'authorization_signed_response_alg',
  ]),
  ...reasons('this server does not do rich authorization requests', ['authorization_details_types']),
});

function reasons(reason: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}
