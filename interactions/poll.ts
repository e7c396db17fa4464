/** Asking IB whether the user has signed in: at most once per interval, whoever asks us, and never losing a success. */
import type { IbTrouble } from '../adapters/ib/call.ts';
import type { AttemptId, LoginAttempt } from '../adapters/store/contract.ts';
import { askAbout } from './ask.ts';
import { isOver, newGeneration, platformOf } from './attempt.ts';
import type { InteractionDeps } from './deps.ts';
import { settle, type Verdict } from './settle.ts';

/** How the login stands after one poll. Intervals in milliseconds. */
export type PollOutcome =
  | { readonly kind: 'pending'; readonly intervalMs: number }
  | { readonly kind: 'too_soon'; readonly intervalMs: number }
  /** There is a new login link: the last one expired, or the user is asked once more, for the attempt's `askedAgain`. */
  | { readonly kind: 'renewed'; readonly attempt: LoginAttempt }
  | { readonly kind: 'signed_in' }
  /** Signed in twice, and both logins are older than the request allows: the app is told. */
  | { readonly kind: 'older_login' }
  | { readonly kind: 'over'; readonly reason: 'too_old' | 'refused' }
  | { readonly kind: 'trouble'; readonly retryAfterMs: number }
  | { readonly kind: 'unknown' };

export type PollDeps = Pick<InteractionDeps, 'store' | 'ib' | 'platforms' | 'lifetimes' | 'events' | 'now'>;

/** A poll's handle, and whether the user has just looked at the page. */
export interface PollAsk {
  readonly generation: string;
  readonly isLooking: boolean;
}

/** One poll: asks IB if it is time to, and writes down what came of it before it is told. */
export async function poll(deps: PollDeps, id: AttemptId, ask: PollAsk): Promise<PollOutcome> {
  const nowMs = deps.now();
  const { pollLookMs, loginUnseenSeconds } = deps.lifetimes;
  const claim = await deps.store.attempts.claimPoll(id, {
    ...ask,
    nowMs,
    lookMs: pollLookMs,
    unseenMs: loginUnseenSeconds * 1000,
  });
  if (claim.outcome === 'unknown') return { kind: 'unknown' };
  const outcome =
    claim.outcome === 'claimed'
      ? await askIb(deps, id, claim.attempt)
      : standing(deps, claim.attempt, ask, nowMs);
  deps.events.polled({ outcome: outcome.kind });
  return outcome;
}

/** How an attempt stands without asking IB. */
function standing(deps: PollDeps, attempt: LoginAttempt, ask: PollAsk, nowMs: number): PollOutcome {
  if (attempt.status === 'signed_in') return { kind: 'signed_in' };
  if (attempt.status === 'refused') {
    return attempt.refusedReason === 'older_login'
      ? { kind: 'older_login' }
      : { kind: 'over', reason: 'refused' };
  }
  if (isOver(attempt, deps.lifetimes, nowMs)) return tooOld(deps, attempt);
  // Another tab of this browser has seen the renewal first.
  if (attempt.generation !== ask.generation) return { kind: 'renewed', attempt };
  const lookAtMs = Math.max(attempt.retryAtMs, attempt.seenAtMs + deps.lifetimes.pollLookMs);
  const readyAtMs = Math.min(attempt.nextPollAtMs, ask.isLooking ? lookAtMs : attempt.nextPollAtMs);
  return { kind: 'too_soon', intervalMs: Math.max(readyAtMs - nowMs, 1) };
}

function tooOld(deps: PollDeps, attempt: LoginAttempt): PollOutcome {
  deps.events.attemptExpired({ platformHost: platformOf(attempt).host });
  return { kind: 'over', reason: 'too_old' };
}

async function askIb(deps: PollDeps, id: AttemptId, attempt: LoginAttempt): Promise<PollOutcome> {
  if (isOver(attempt, deps.lifetimes, deps.now())) return tooOld(deps, attempt);
  const { session } = attempt;
  const asked = await askAbout(deps, attempt);
  // A session that is kept until IB can be asked about it gives way to a login that needs no question.
  const isKept = session !== undefined && asked.status !== 'signed_in';
  const answer = isKept ? ({ status: 'overdue', session } as const) : asked;
  switch (answer.status) {
    case 'pending':
    case 'expired':
      return isDue(deps, attempt, answer.status) ? renew(deps, id, attempt) : stillPending(deps, id, attempt);
    case 'trouble':
      // A host that lives and refuses the token may mean that it has expired, in words of its own.
      return answer.reason === 'client_error' && isDue(deps, attempt, 'pending')
        ? renew(deps, id, attempt)
        : slowDown(deps, id, attempt, answer);
    default:
      return concluded(deps, id, attempt, await settle(deps, attempt, answer));
  }
}

/** Whether the newest login token is old enough to be followed by another, for what IB says of it. */
function isDue(deps: PollDeps, { loginTokens }: LoginAttempt, said: 'pending' | 'expired'): boolean {
  const { loginTokenSeconds, loginTokenOldSeconds } = deps.lifetimes;
  const [newest] = loginTokens;
  const ageMs = deps.now() - (newest?.issuedAtMs ?? 0);
  return ageMs >= (said === 'expired' ? loginTokenSeconds : loginTokenOldSeconds) * 1000;
}

/** Writes down what a session, or a refusal, means for the attempt. */
async function concluded(
  deps: PollDeps,
  id: AttemptId,
  attempt: LoginAttempt,
  verdict: Verdict,
): Promise<PollOutcome> {
  switch (verdict.kind) {
    case 'trouble':
      return slowDown(deps, id, { ...attempt, session: verdict.session }, verdict.trouble);
    case 'again':
      return renew(deps, id, attempt, verdict.reason);
    case 'signed_in':
      return end(deps, id, { ...attempt, status: 'signed_in', session: verdict.session });
    case 'refused': {
      const { reason } = verdict;
      deps.events.signInRefused({ platformHost: platformOf(attempt).host, reason });
      return end(deps, id, { ...attempt, status: 'refused', refusedReason: reason, session: undefined });
    }
  }
}

async function end(deps: PollDeps, id: AttemptId, attempt: LoginAttempt): Promise<PollOutcome> {
  const ended = { ...attempt, loginTokens: [] };
  // Somebody else was first, or the user has started over: their record says how it stands.
  if (!(await deps.store.attempts.finish(id, ended))) return afterLostRace(deps, id, attempt);
  return standing(deps, ended, { generation: attempt.generation, isLooking: false }, deps.now());
}

async function afterLostRace(deps: PollDeps, id: AttemptId, attempt: LoginAttempt): Promise<PollOutcome> {
  const current = await deps.store.attempts.current(id);
  const ask = { generation: attempt.generation, isLooking: false };
  return current === undefined ? { kind: 'unknown' } : standing(deps, current, ask, deps.now());
}

async function stillPending(deps: PollDeps, id: AttemptId, attempt: LoginAttempt): Promise<PollOutcome> {
  const paced = pacedAt(deps, attempt, {
    failures: 0,
    intervalMs: deps.lifetimes.pollIntervalSeconds * 1000,
  });
  // IB answers again: back to the usual pace.
  if (attempt.failures > 0) await deps.store.attempts.pace(id, paced);
  return { kind: 'pending', intervalMs: paced.intervalMs };
}

type Pace = Pick<LoginAttempt, 'failures' | 'intervalMs'> & { readonly retryMs?: number };

function pacedAt(deps: PollDeps, attempt: LoginAttempt, { retryMs = 0, ...pace }: Pace): LoginAttempt {
  const nowMs = deps.now();
  const retryAtMs = retryMs === 0 ? 0 : nowMs + retryMs;
  return { ...attempt, ...pace, nextPollAtMs: nowMs + pace.intervalMs, retryAtMs };
}

async function slowDown(
  deps: PollDeps,
  id: AttemptId,
  attempt: LoginAttempt,
  trouble: IbTrouble,
): Promise<PollOutcome> {
  // Nothing was sent: neither IB nor the record has learned anything, unless there is a session to be kept.
  if (trouble.reason === 'circuit_open' && attempt.session === undefined)
    return { kind: 'trouble', retryAfterMs: attempt.intervalMs };
  const { pollIntervalSeconds, pollMaxIntervalSeconds } = deps.lifetimes;
  const failures = attempt.failures + 1;
  const wished = Math.min(trouble.retryAfterSeconds ?? 0, pollMaxIntervalSeconds);
  const grown = Math.min(pollIntervalSeconds * 2 ** failures, pollMaxIntervalSeconds);
  const intervalMs = Math.max(grown, wished) * 1000;
  const paced = pacedAt(deps, attempt, { failures, intervalMs, retryMs: wished * 1000 });
  if (!(await deps.store.attempts.pace(id, paced))) return afterLostRace(deps, id, attempt);
  return { kind: 'trouble', retryAfterMs: intervalMs };
}

/**
 * A new login token for the same request, before those the attempt has; in their place where the user is asked once more,
 * as they would bring the same session again.
 */
async function renew(
  deps: PollDeps,
  id: AttemptId,
  attempt: LoginAttempt,
  askedAgain?: LoginAttempt['askedAgain'],
): Promise<PollOutcome> {
  const platform = platformOf(attempt);
  const answer = await deps.ib.requestLoginToken(platform, attempt.attemptId);
  if (answer.status === 'trouble') return slowDown(deps, id, attempt, answer);
  const token = { value: answer.token, issuedAtMs: deps.now() };
  const next: LoginAttempt = {
    ...pacedAt(deps, attempt, { failures: 0, intervalMs: deps.lifetimes.pollIntervalSeconds * 1000 }),
    generation: newGeneration(),
    ...(askedAgain === undefined
      ? { loginTokens: [token, ...attempt.loginTokens] }
      : { loginTokens: [token], askedAgain, session: undefined }),
  };
  if (!(await deps.store.attempts.renew(id, attempt.generation, next)))
    return afterLostRace(deps, id, attempt);
  const renewals = next.loginTokens.length - 1;
  deps.events.loginTokenRenewed({ platformHost: platform.host, renewals, reason: askedAgain ?? 'expired' });
  return { kind: 'renewed', attempt: next };
}
