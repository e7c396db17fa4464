/**
 * Every event of the log, with the levels it is told at and what it means: the compiler takes no other. `docs/reference.md` is
 * made of this.
 */
import type { IbTrouble } from '../../adapters/ib/call.ts';
import type { StoreCall } from '../../adapters/store/contract.ts';
import type { ProxyCall } from './proxied.ts';
import type { RefusalReason } from './token-trail.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

interface Entry {
  readonly levels: readonly [Level, ...Level[]];
  readonly means: string;
}

/** The log's events. */
export const LOG_EVENTS = {
  request: {
    levels: ['info'],
    means: 'a request was answered: `route`, `status`, `ms`; the last line of each',
  },
  store_call: {
    levels: ['debug', 'warn'],
    means: 'a call to the store: `operation`, `outcome`, `error` by its engine; `warn` where it failed',
  },
  ib_call: {
    levels: ['info'],
    means: 'a call to IntelligenceBank: `operation`, `platformHost`, `outcome`, `ms`',
  },
  polled: { levels: ['debug'], means: 'a waiting page asked how its login stands: `outcome`' },
  proxied: {
    levels: ['info'],
    means: 'a call through `/proxy`: `outcome`, `status`, `cause` where IB did not answer',
  },
  answer_cut: {
    levels: ['info'],
    means: 'an app or IntelligenceBank hung up before an answer was whole: `cause`',
  },
  sign_in_started: { levels: ['info'], means: 'a user chose a platform and was sent to its login page' },
  sign_in_finished: {
    levels: ['info'],
    means:
      'IB handed out a session and the user is back: `tookMs`; `newLogin` false: a session IB had before',
  },
  sign_in_reused: { levels: ['info'], means: 'the browser was signed in already' },
  login_token_renewed: {
    levels: ['info'],
    means: "IB's login token was replaced, or the user asked once more: `reason`",
  },
  sign_in_refused: {
    levels: ['info', 'warn'],
    means: "IB's answer was not taken: `reason`; `warn` where a host answers for another customer",
  },
  attempt_expired: { levels: ['info'], means: 'a login took too long, or its page was left' },
  cancelled: { levels: ['info'], means: 'the user cancelled: `step`' },
  consent_decided: { levels: ['info'], means: 'the user allowed or denied: `decision`, `scopes`' },
  many_accounts: { levels: ['warn'], means: 'one address has finished the sign-ins of many accounts' },
  token_refused: {
    levels: ['info'],
    means: '`/userinfo`, `/proxy` or `/introspect` took a token for not good: `error`, `detail`, `reason`',
  },
  'grant.success': { levels: ['info'], means: 'tokens were issued: `grantType`' },
  'grant.error': {
    levels: ['info'],
    means: '`/token` refused: `error`, `detail`, `reason` where the token is why',
  },
  'authorization.error': { levels: ['info'], means: '`/authorize` refused: `error`, `detail`' },
  'revocation.error': { levels: ['info'], means: '`/revoke` refused: `error`, `detail`' },
  access_taken_back: { levels: ['info'], means: "a user took an app's access back at `/account`" },
  backchannel_logout: {
    levels: ['info', 'warn'],
    means: 'an app was told of a sign-out, or could not be: `outcome`, `reason`',
  },
  resource_unknown: {
    levels: ['warn'],
    means: 'an app asks for a resource that is not configured: `line` to add',
  },
  logo_refused: { levels: ['info'], means: "an app's picture is not shown: `reason`" },
  limited: {
    levels: ['warn'],
    means: 'a limit turned a request away: `limit`; `overload`: the process is behind',
  },
  unopened: {
    levels: ['warn'],
    means: 'stored items do not open and count as absent: `model`, `reason`, `items`',
  },
  failed: {
    levels: ['error'],
    means: 'an error nobody expected, or a store that does not answer: `error`, `code`, `cause`',
  },
  server_error: { levels: ['error'], means: 'the same inside the OpenID library' },
  clients_reloaded: { levels: ['info'], means: "the clients' file was read again and is in force" },
  clients_refused: { levels: ['error'], means: "the new clients' file has `faults`; the one before stays" },
  keys_old: { levels: ['warn'], means: 'the signing keys are old' },
  keys_rotated: { levels: ['info'], means: 'the server took a step of rotation with its own keys' },
  secrets_reloaded: { levels: ['info'], means: "the server's keys were read again, and are others" },
  secrets_refused: { levels: ['error'], means: 'the new keys have `faults`; the ones before stay' },
  keys_foreign: {
    levels: ['error'],
    means: "the store was written under other keys than the server's: nothing in it opens",
  },
  secrets_warning: { levels: ['warn'], means: 'something about the keys that is no fault yet' },
  store_not_checked: {
    levels: ['warn'],
    means: 'the store did not answer at the start; the server is up and not ready',
  },
  swept: { levels: ['debug'], means: 'expired items of the embedded store were deleted' },
  audit_unwritable: {
    levels: ['error'],
    means: 'the audit file cannot be written: `error` is the system’s code',
  },
  audit_writable: { levels: ['warn'], means: 'it can again; so many `lines` were lost' },
  config_warning: { levels: ['warn'], means: 'something in the configuration that is no fault' },
  draining: { levels: ['info'], means: 'the process ends: it finishes what is in flight' },
  worker_started: { levels: ['info'], means: 'one of `WORKERS` accepts connections' },
  worker_died: {
    levels: ['error'],
    means: 'one of `WORKERS` has died and is started again: `code`, `signal`',
  },
  log_lines_dropped: {
    levels: ['warn'],
    means: 'whoever reads the log was too slow, or away: so many `lines` are missing',
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type LogEvent = keyof typeof LOG_EVENTS;
export type LevelOf<E extends LogEvent> = (typeof LOG_EVENTS)[E]['levels'][number];

/** Tells one line of the log. */
export type Say = <E extends LogEvent>(level: LevelOf<E>, event: E, facts?: object, message?: string) => void;

/** Events of the audit stream; every line has `audit` (the event), `time` and its facts, and never a secret. */
export const AUDIT_EVENTS = {
  sign_in_started: 'a user was sent to a login page of IntelligenceBank',
  signed_in:
    'he came back signed in; `startedFrom` is where the sign-in began, `address` and `browser` where it ended',
  signed_in_again: 'he was signed in in this browser already',
  sign_in_refused: "IB's answer was not taken",
  sign_in_cancelled: 'he cancelled',
  many_accounts: 'one address has finished the sign-ins of many accounts',
  consent_decided: 'he allowed or denied an app something',
  access_taken_back: "he took an app's access back",
  grant_revoked: 'an app gave its access back, or a token was used twice',
  signed_out: 'he signed out',
  backchannel_logout: 'an app was told of a sign-out, or could not be',
  app_registered: 'an app registered itself',
  app_changed: 'it changed its registration',
  app_removed: 'it removed its registration',
  clients_reloaded: "the clients' file was read again",
  clients_refused: "a new clients' file was refused",
  secrets_reloaded: "the server's keys were changed",
  secrets_refused: 'new keys were refused',
  admin_command: 'an admin ran a command that changes something',
} as const satisfies Readonly<Record<string, string>>;

export type AuditEvent = keyof typeof AUDIT_EVENTS;

/** `reason` of a refused token. */
export const REFUSAL_REASONS: Readonly<Record<RefusalReason, string>> = {
  malformed_token: 'no token of this server, or of another kind than is taken here',
  session_over: 'the IntelligenceBank session behind it has reached its end',
  session_gone:
    'the session has ended before: a sign-out, a revocation of its last access, or IB said that it is dead',
  unknown_token: 'never issued, or expired',
  used_token: 'a code or refresh token that was used before',
  access_gone: 'the access it stands on was taken back',
};

/** `outcome` of `store_call`, and `code` of a `StoreError`. */
export const STORE_OUTCOMES: Readonly<Record<StoreCall['outcome'], string>> = {
  ok: 'done',
  condition_failed: 'somebody else was first, as may be',
  throttled: 'the store takes no more at the moment; passes by itself',
  unavailable: 'it does not answer',
  denied: 'it refuses the credentials, or they lack a right',
  failed: 'a fault that does not pass by itself: `error` names it',
};

/** `outcome` of `ib_call` where IntelligenceBank did not answer as it should. */
export const IB_OUTCOMES: Readonly<Record<IbTrouble['reason'], string>> = {
  timeout: 'no answer in time',
  rate_limited: 'IB’s limit (429)',
  server_error: 'IB answered 5xx',
  client_error: 'IB answered 4xx where it should not',
  malformed: 'an answer in another form',
  network: 'no connection, or cut',
  unknown_host: 'there is no such host',
  address_refused: 'the host’s name leads to an address that is not public; nothing was sent',
  circuit_open: 'the host did not answer lately; nothing was sent',
};

/** `outcome` of `proxied`. */
export const PROXY_OUTCOMES: Readonly<Record<ProxyCall['outcome'], string>> = {
  passed: 'IB’s answer was passed on, whatever its status',
  session_ended: 'IB said that the session is dead; it is ended here too',
  limited: 'the user’s limit of calls is used up',
  refused: 'a host or origin that is not allowed, or an answer from which the `sid` cannot be taken',
  not_answering: 'IB does not answer: `cause`',
  hung_up: 'the app went away before the answer',
};
