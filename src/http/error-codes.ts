/** Every `error` that an answer or a redirect may hold, what it comes of and what to check. `docs/reference.md` is made of this. */

export interface ErrorCode {
  readonly where: string;
  readonly means: string;
}

/** By code. Statuses: RFC 6749 and its kin; those of ours beside them. */
export const ERROR_CODES = {
  access_denied: {
    where: 'redirect, `/token`, `/proxy` (403)',
    means:
      'the user cancelled or denied; at `/proxy` a host that is not the session’s own, or a foreign origin',
  },
  authorization_pending: { where: 'poll, `/token` (device)', means: 'the user is not done yet' },
  consent_required: { where: 'redirect, with `prompt=none`', means: 'the user has not allowed it yet' },
  expired_token: {
    where: 'poll, `/token` (device)',
    means: 'the sign-in took too long, was left or cancelled',
  },
  insufficient_scope: {
    where: '`/proxy`, `/userinfo` (403)',
    means: 'the token lacks a scope: `ib:api`, `openid`',
  },
  interaction_required: { where: 'redirect, with `prompt=none`', means: 'the user has to take a step' },
  invalid_client: {
    where: '`/token` and others (401)',
    means: 'unknown client, wrong secret, method or assertion, or none that is understood',
  },
  invalid_client_metadata: { where: '`/register`', means: 'the member that the description names' },
  invalid_dpop_proof: {
    where: '`/token`, `/userinfo`, `/proxy`',
    means: 'the proof is missing, or of another key, method, address or time',
  },
  invalid_grant: {
    where: '`/token`',
    means:
      'a code or token that is used, expired, revoked or another client’s; "Session has expired": sign in again',
  },
  invalid_redirect_uri: { where: '`/register`', means: 'a redirect URI that may not be registered' },
  invalid_request: {
    where: 'anywhere',
    means: 'a missing, doubled or malformed parameter: the description names it',
  },
  invalid_request_object: { where: '`/authorize`, `/par`', means: 'a signed request that does not verify' },
  invalid_request_uri: {
    where: '`/authorize`',
    means: 'a pushed request that is over, was used, or is another client’s',
  },
  invalid_scope: {
    where: 'redirect, `/token`',
    means: 'a scope that does not exist, or that the client may not ask for',
  },
  invalid_target: { where: '`/token`, `/par`, redirect', means: 'a `resource` that is not configured' },
  invalid_token: {
    where: '`/userinfo`, `/proxy`, `/register` (401)',
    means: 'expired, revoked, or for another resource; "Session has expired": sign in again',
  },
  login_required: {
    where: 'redirect',
    means: 'nobody is signed in, or the login is older than the request allows',
  },
  not_found: { where: 'anywhere (404)', means: 'nothing is at this address' },
  registration_not_supported: { where: 'redirect', means: '`registration` is no parameter here' },
  request_not_supported: { where: 'redirect', means: 'the client may not send signed requests' },
  request_uri_not_supported: { where: 'redirect', means: 'only `request_uri` values of `/par` are taken' },
  server_error: {
    where: 'anywhere (500)',
    means: 'something of ours failed: `failed` or `server_error` in the log, by the reference',
  },
  slow_down: { where: 'poll, `/token` (device)', means: 'asked too soon: `interval`' },
  temporarily_unavailable: {
    where: 'anywhere (429, 502, 503, 504)',
    means: 'a limit, IntelligenceBank, the store, the audit file or the process itself: `Retry-After`',
  },
  unauthorized_client: {
    where: '`/token`, `/device_authorization`',
    means: 'the client is not registered for this grant type',
  },
  unmet_authentication_requirements: {
    where: 'redirect',
    means: 'an essential `acr`: IntelligenceBank does not say how a user signed in',
  },
  unsupported_grant_type: { where: '`/token`', means: 'a grant type that is not offered' },
  unsupported_response_mode: { where: 'redirect', means: 'only `query`, `fragment` and `form_post`' },
  unsupported_response_type: { where: 'redirect', means: 'only `code`' },
  unsupported_token_type: {
    where: '`/revoke`',
    means: 'a JWT: it ends by itself, or with its refresh token',
  },
  use_dpop_nonce: { where: '`/token`, `/userinfo`', means: 'the proof needs the nonce of `DPoP-Nonce`' },
} as const satisfies Readonly<Record<string, ErrorCode>>;

/** Codes of ours and the library's. */
export type ErrorName = keyof typeof ERROR_CODES;
