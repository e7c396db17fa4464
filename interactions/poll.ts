/** Asking IB whether the user has signed in: at most once per interval, whoever asks us, and never losing a success. */
import type { IbTrouble } from '../adapters/ib/client.ts';
import type { AttemptId, LoginAttempt } from '../adapters/store/contract.ts';
import { newGeneration } from './attempt.ts';
import type { InteractionDeps } from './deps.ts';

/** How the login stands after one poll. Intervals in milliseconds. */
export type PollOutcome =
  | { readonly kind: 'pending'; readonly intervalMs: number }
  | { readonly kind: 'too_soon'; readonly intervalMs: number }
  | { readonly kind: 'renewed'; readonly attempt: LoginAttempt }
  | { readonly kind: 'signed_in' }
  | { readonly kind: 'over'; readonly reason: 'too_old' | 'refused' }
  | { readonly kind: 'trouble'; readonly retryAfterMs: number }
  | { readonly kind: 'unknown' };

type PollDeps = Pick<InteractionDeps, 'store' | 'ib' | 'platforms' | 'lifetimes' | 'events' | 'now'>;

/** One poll: asks IB if it is time to, and writes down what came of it before it is told. */
export async function poll(deps: PollDeps, id: AttemptId, generation: string): Promise<PollOutcome> {
  const nowMs = deps.now();
  const claim = await deps.store.attempts.claimPoll(id, generation, nowMs);
  if (claim.outcome === 'unknown') return { kind: 'unknown' };
  const outcome =
    claim.outcome === 'claimed'
      ? await askIb(deps, id, claim.attempt)
      : standing(deps, claim.attempt, generation, nowMs);
  deps.events.polled({ outcome: outcome.kind });
  return outcome;
}

/** How an attempt stands without asking IB. */
function standing(deps: PollDeps, attempt: LoginAttempt, generation: string, nowMs: number): PollOutcome {
  if (attempt.status === 'signed_in') return { kind: 'signed_in' };
  if (attempt.status === 'refused') return { kind: 'over', reason: 'refused' };
  if (attempt.deadlineAtMs <= nowMs) return tooOld(deps, attempt);
  // Another tab of this browser has seen the renewal first.
  if (attempt.generation !== generation) return { kind: 'renewed', attempt };
  return { kind: 'too_soon', intervalMs: Math.max(attempt.nextPollAtMs - nowMs, 1) };
}

function tooOld(deps: PollDeps, attempt: LoginAttempt): PollOutcome {
  deps.events.attemptExpired({ platformHost: hostOf(attempt) });
  return { kind: 'over', reason: 'too_old' };
}

const hostOf = (attempt: LoginAttempt): string => new URL(attempt.platformOrigin).host;

async function askIb(deps: PollDeps, id: AttemptId, attempt: LoginAttempt): Promise<PollOutcome> {
  if (attempt.deadlineAtMs <= deps.now() || attempt.loginToken === undefined) return tooOld(deps, attempt);
  const answer = await deps.ib.checkLogin(platformOf(attempt), attempt.loginToken, attempt.attemptId);
  switch (answer.status) {
    case 'pending':
      return stillPending(deps, id, attempt);
    case 'expired':
      return renew(deps, id, attempt);
    case 'trouble':
      return slowDown(deps, id, attempt, answer);
    case 'refused':
      deps.events.signInRefused({ platformHost: hostOf(attempt), reason: answer.reason });
      await deps.store.attempts.finish(id, {
        ...ended(attempt),
        status: 'refused',
        refusedReason: answer.reason,
      });
      return { kind: 'over', reason: 'refused' };
    case 'signed_in': {
      const finished = await deps.store.attempts.finish(id, {
        ...ended(attempt),
        status: 'signed_in',
        session: answer.session,
      });
      // Somebody else was first, or the user has started over: their record says how it stands.
      return finished ? { kind: 'signed_in' } : afterLostRace(deps, id, attempt);
    }
  }
}

const ended = (attempt: LoginAttempt): LoginAttempt => ({ ...attempt, loginToken: undefined });

function platformOf(attempt: LoginAttempt) {
  return { origin: attempt.platformOrigin, host: hostOf(attempt) };
}

async function afterLostRace(deps: PollDeps, id: AttemptId, attempt: LoginAttempt): Promise<PollOutcome> {
  const current = await deps.store.attempts.current(id);
  return current === undefined
    ? { kind: 'unknown' }
    : standing(deps, current, attempt.generation, deps.now());
}

async function stillPending(deps: PollDeps, id: AttemptId, attempt: LoginAttempt): Promise<PollOutcome> {
  const intervalMs = deps.lifetimes.pollIntervalSeconds * 1000;
  if (attempt.failures > 0) {
    // IB answers again: back to the usual pace.
    await deps.store.attempts.pace(id, {
      ...attempt,
      failures: 0,
      intervalMs,
      nextPollAtMs: deps.now() + intervalMs,
    });
  }
  return { kind: 'pending', intervalMs };
}

async function slowDown(
  deps: PollDeps,
  id: AttemptId,
  attempt: LoginAttempt,
  trouble: IbTrouble,
): Promise<PollOutcome> {
  const { pollIntervalSeconds, pollMaxIntervalSeconds } = deps.lifetimes;
  const failures = attempt.failures + 1;
  const grown = Math.max(pollIntervalSeconds * 2 ** failures, trouble.retryAfterSeconds ?? 0);
  const intervalMs = Math.min(grown, pollMaxIntervalSeconds) * 1000;
  const paced = { ...attempt, failures, intervalMs, nextPollAtMs: deps.now() + intervalMs };
  if (!(await deps.store.attempts.pace(id, paced))) return afterLostRace(deps, id, attempt);
  return { kind: 'trouble', retryAfterMs: intervalMs };
}

/** IB's login token has expired: a new one in its place, for the same request. The old one is gone with the write. */
async function renew(deps: PollDeps, id: AttemptId, attempt: LoginAttempt): Promise<PollOutcome> {
  const answer = await deps.ib.requestLoginToken(platformOf(attempt), attempt.attemptId);
  if (answer.status === 'trouble') return slowDown(deps, id, attempt, answer);
  const intervalMs = deps.lifetimes.pollIntervalSeconds * 1000;
  const next: LoginAttempt = {
    ...attempt,
    generation: newGeneration(),
    loginToken: answer.token,
    renewals: attempt.renewals + 1,
    failures: 0,
    intervalMs,
    nextPollAtMs: deps.now() + intervalMs,
  };
  if (!(await deps.store.attempts.renew(id, attempt.generation, next)))
    return afterLostRace(deps, id, attempt);
  deps.events.loginTokenRenewed({ platformHost: hostOf(attempt), renewals: next.renewals });
  return { kind: 'renewed', attempt: next };
}
