/**
 * What any store of this product promises. The verbs of the engines below it are in `engine.ts`.
 *
 * - **Visibility.** Every read in a request path is strongly consistent: what one process has flushed, the next
 *   request sees, whichever process answers it. Only the operator's listings use an index that may lag.
 * - **Expiry.** An item whose `expires` has passed is never returned, however late DynamoDB deletes it.
 * - **One unit of work a request.** Reads are cached in it, writes are joined and flushed once, after the
 *   handler and before the answer. A failed flush fails the request; a rejected handler writes nothing.
 * - **Used up with what it gives.** `consume` takes effect in the flush, together with all that the request has put, or not
 *   at all. Of any number at once with one code one unit is kept; the others reject with `errors.InvalidGrant` and have
 *   written nothing, and what the code has given is taken back. A refresh token may be consumed again until its successor
 *   has been, and has one successor whatever happens. Of two with one pushed request the later rejects with
 *   `errors.InvalidRequestUri`.
 * - **Proofs are used once.** A `jti` is looked up, and claimed with the flush before anything that stands is changed. Of any
 *   number of units with one, one is kept and the others reject with `ProofUsedError`; one that fails leaves it unused.
 * - **Atomic verbs.** `begin`, `claimPoll`, `finish`, `renew` and `pace` are conditional writes that take effect at once. Of any
 *   number of concurrent callers one wins, and each learns it.
 * - **Merged.** A browser's session is written by its tabs at once: what each has added stays, and what has been signed out
 *   does not come back.
 * - **Retries.** A conditional write carries a nonce of its caller, so that repeating it after an unknown outcome
 *   (time-out, cut connection) is recognised as the same write. Flushed writes are plain puts and deletes under
 *   keys the caller chose: repeating them is harmless.
 * - **Revocation.** A token lives only as long as its Grant and its IB session. Both are read with it, in the same
 *   batch; deleting either ends all tokens under it at once, however many there are.
 * - **Sealing.** Keys are hashes and payloads are encrypted under the very value they are looked up by.
 */
import type { Adapter } from 'oidc-provider';
import type { IbSession } from '../ib/session.ts';
import type { StoreErrorCode } from './errors.ts';

/** A record's model name and the secret value that it is looked up by. */
export interface Ref {
  readonly model: string;
  readonly id: string;
}

/** Which attempt: the interaction's uid and the secret of the browser that started it. Neither alone finds it. */
export interface AttemptId {
  readonly uid: string;
  readonly browser: string;
}

/** Where a request came from, as far as the server sees it. */
export interface Visitor {
  readonly address: string;
  /** The browser's own description of itself (`User-Agent`), shortened. */
  readonly browser: string;
}

/** A login token of IB's (`content`), a secret of its attempt. */
export interface LoginToken {
  readonly value: string;
  readonly issuedAtMs: number;
}

/** How one login attempt at IB stands. Times are unix milliseconds. */
export interface LoginAttempt {
  /** Changes when the user starts over, with the same or another platform. */
  readonly attemptId: string;
  /** Changes each time IB's login token is renewed; the poll handle carries it. */
  readonly generation: string;
  readonly platformOrigin: string;
  /**
   * The login tokens that may bring the sign-in, the newest first: the user may sit in the tab of an earlier one. None once
   * the attempt has ended.
   */
  readonly loginTokens: readonly LoginToken[];
  readonly startedAtMs: number;
  readonly startedFrom: Visitor;
  /** After this the attempt is over, though the interaction may begin another. */
  readonly deadlineAtMs: number;
  /** When the record itself ends, with its interaction; unix seconds. */
  readonly expires: number;
  readonly status: 'pending' | 'signed_in' | 'refused';
  readonly refusedReason: string | undefined;
  /** Why the user was asked to sign in once more; that happens once. */
  readonly askedAgain: 'session_over' | 'older_login' | undefined;
  /** IB's login must be this recent; absent: any will do. */
  readonly recency: Recency | undefined;
  /** Consecutive times that IB did not answer sensibly. */
  readonly failures: number;
  readonly intervalMs: number;
  readonly nextPollAtMs: number;
  /** When the page was seen last: shown, or granted a poll. */
  readonly seenAtMs: number;
  /** Until when IB itself wants not to be asked; 0 where it does not say. */
  readonly retryAtMs: number;
  /**
   * Set when signed in: IB's first success, kept here until the user has decided about the app. In a pending attempt: a
   * session whose numbers say that it is over, while IB cannot be asked whether it is.
   */
  readonly session: IbSession | undefined;
}

/** How recent a login at IB has to be. Unix seconds. */
export interface Recency {
  /** A login since then was made for this request. */
  readonly since: number;
  /** An older one will do up to this age, where the request allows any age. */
  readonly maxAgeSeconds: number | undefined;
}

/** One wish to ask IB how a login stands. */
export interface PollWish {
  /** The generation of the handle it comes with. */
  readonly generation: string;
  readonly nowMs: number;
  /** The user looks at the page now: not held up by an interval that grew while IB was away, only by IB's own wish. */
  readonly isLooking: boolean;
  /** The least time since the page was seen, where the user looks. */
  readonly lookMs: number;
  /** A page not seen for so long has been left: its attempt is over. */
  readonly unseenMs: number;
}

/** Outcome of asking for the right to poll IB once. */
export type PollClaim =
  | { readonly outcome: 'claimed'; readonly attempt: LoginAttempt }
  | { readonly outcome: 'not_yet'; readonly attempt: LoginAttempt }
  | { readonly outcome: 'unknown' };

/** Login attempts: one item per interaction and browser, replaced when the user starts over. */
export interface LoginAttempts {
  find(id: AttemptId): Promise<LoginAttempt | undefined>;
  /** Reads past the unit's cache: how the attempt stands this moment, after a lost race. */
  current(id: AttemptId): Promise<LoginAttempt | undefined>;
  /** The record of an attempt, for `Store.hint`. */
  ref(id: AttemptId): Ref;
  /**
   * Stores an attempt at once in place of the one that was read before, or where there was none: false where another request has
   * begun, renewed or ended one since.
   */
  begin(id: AttemptId, attempt: LoginAttempt, before: LoginAttempt | undefined): Promise<boolean>;
  /** Stores an attempt with the flush, replacing the interaction's earlier one and with it all its state. */
  start(id: AttemptId, attempt: LoginAttempt): Promise<void>;
  /**
   * Atomically takes the right to ask IB once: granted only for the attempt's current generation, while it is pending and
   * its page has not been left, and no sooner than `intervalMs` after the last grant. Reads the attempt in the same call.
   */
  claimPoll(id: AttemptId, wish: PollWish): Promise<PollClaim>;
  /** Notes that the page was shown, if the attempt is still pending. */
  see(id: AttemptId, attempt: LoginAttempt, nowMs: number): Promise<void>;
  /** Records the end of the attempt, once: false when it had already ended or the user has started over. */
  finish(id: AttemptId, attempt: LoginAttempt): Promise<boolean>;
  /** Replaces an expired login token, if `generation` is still the current one. */
  renew(id: AttemptId, generation: string, next: LoginAttempt): Promise<boolean>;
  /** Sets how IB answered and when to ask next, if the attempt's generation is still the current one. */
  pace(id: AttemptId, attempt: LoginAttempt): Promise<boolean>;
  /** Removes the attempt with the flush. */
  remove(id: AttemptId): Promise<void>;
}

/** IB sessions by handle. A sign-in has one; the grants of several apps may stand on it. */
export interface IbSessions {
  find(ibSessionId: string): Promise<IbSession | undefined>;
  /** Writes the session with the flush; the grants that stand on an existing one stay with it. */
  put(ibSessionId: string, session: IbSession): Promise<void>;
  /**
   * Deletes the session at once, and with it the life of every grant and token that stands on it; false, and nothing is
   * deleted, where it has another `sid` by now: its user has signed in again.
   */
  end(ibSessionId: string, sid: string): Promise<boolean>;
}

/** Which customer of IB's a platform's domain answered for, by its host. */
export interface PlatformClients {
  /** The `clientid` of its first sign-in; undefined where there was none. */
  clientidOf(host: string): Promise<string | undefined>;
  /** Writes it with the flush. */
  remember(host: string, clientid: string): Promise<void>;
}

/** A sign-in that has finished, for counting the accounts of an address. */
export interface SignInNote {
  readonly address: string;
  readonly accountId: string;
  /** Told how many different accounts, about, have finished sign-ins from this address in this hour. */
  readonly told: (accounts: number) => void;
}

/** A limit of calls in fixed windows, kept in the store so that it holds over all processes. */
export interface Limit {
  /** What is limited, such as `proxy`. */
  readonly name: string;
  /** Whom: an account, an address. Stored as a hash. */
  readonly subject: string;
  readonly limit: number;
  readonly windowSeconds: number;
  /** How many calls to take at once; what is left of them may be used within the window without asking again. */
  readonly block: number;
}

/** How many calls were granted; 0 says that the window is used up, and when the next begins. */
export interface LimitGrant {
  readonly granted: number;
  readonly windowEndsAtMs: number;
}

/** One app's access of one user, as a listing shows it. */
export interface GrantSummary {
  readonly clientId: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** Where the browser was when the app was allowed. */
  readonly from: Visitor | undefined;
}

/** A sign-in of a browser that ends. */
export interface EndingSignIn {
  readonly ibSessionId: string;
  readonly accountId: string;
}

export interface StoreStats {
  readonly [model: string]: { readonly live: number; readonly expired: number; readonly bytes: number };
}

/** One call to the engine, for metrics, logs and the benchmarks. */
export interface StoreCall {
  readonly engine: 'DynamoDB' | 'SQLite';
  readonly operation: string;
  readonly items: number;
  readonly ms: number;
  readonly outcome: 'ok' | 'condition_failed' | StoreErrorCode;
  /** Requests that were sent for it; none where it was not tried, since the store does not answer. */
  readonly attempts: number;
  /** Name of the engine's own error, where the call failed. */
  readonly error?: string;
  readonly readUnits: number;
  readonly writeUnits: number;
}

export interface Store {
  /** Runs `work` as one unit; resolves with its value after the flush, rejects with `StoreError` if the store failed in it. */
  unit<T>(work: () => Promise<T>): Promise<T>;
  /**
   * The value for a token that replaces a rotated refresh token: the same each time, so that a client that repeats a
   * refresh whose answer it lost gets the same pair. `context` is what else shapes the token, such as a narrower scope.
   */
  successor(model: 'AccessToken' | 'RefreshToken', rotated: string, context: string): string;
  /** Tells something once all that the current unit writes has been written; at once outside of one. */
  whenKept(tell: () => void): void;
  /** Names records that this unit will want, so that the next read brings them in the same batch. */
  hint(refs: readonly Ref[]): void;
  /** node-oidc-provider's adapter for one model. */
  readonly adapter: (model: string) => Adapter;
  readonly attempts: LoginAttempts;
  readonly ibSessions: IbSessions;
  readonly platformClients: PlatformClients;
  /** Counts a finished sign-in with the flush; never fails it. */
  noteSignIn(note: SignInNote): Promise<void>;
  /** Takes calls from a limit, at once. Never grants more than the limit over all processes. */
  take(limit: Limit): Promise<LimitGrant>;
  /** The apps that hold a grant of this account. Read from an index that may lag. */
  grantsOf(accountId: string): Promise<readonly GrantSummary[]>;
  /** Revokes all grants of an account, or its grants of one client, however many; resolves with their number. */
  revokeGrantsOf(
    accountId: string,
    options?: { readonly clientId?: string; readonly onRevoked?: (count: number) => void },
  ): Promise<number>;
  /** Counts, or revokes, all grants of a client. For operators: reads every item of the token table. */
  grantsOfClient(clientId: string, revoke: boolean, onCounted?: (count: number) => void): Promise<number>;
  /**
   * The user has signed out in the browser: revokes, at once, every grant on that sign-in but those that were given
   * `offline_access`. Which there are the store knows itself. May be repeated.
   */
  signOut(signIn: EndingSignIn): Promise<void>;
  /**
   * Seals what outlives peppers under the one in use, where it stands on a retired one, and counts the live items that
   * stand on each, by its id. For operators: reads every item.
   */
  sealAnew(): Promise<{ readonly sealedAnew: number; readonly standing: ReadonlyMap<string, number> }>;
  /** Rejects where the store was written under other secrets than these; else notes those that are new. */
  checkSecrets(): Promise<void>;
  /** Resolves when the store answers. */
  ready(): Promise<void>;
  /** Deletes expired items, and counts the IB sessions that live; for engines without TTL and for operators. Bounded pages, reads every item. */
  sweep(): Promise<{ readonly deleted: number; readonly ibSessions: number }>;
  stats(): Promise<StoreStats>;
  close(): Promise<void>;
}
