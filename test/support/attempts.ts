/** Login attempts for tests of the store. */
import { randomBytes } from 'node:crypto';
import type { LoginAttempt, PollWish } from '../../adapters/store/contract.ts';

/** A pending attempt that begins now, its first poll due. */
export function pendingAttempt(nowMs: number, facts: Partial<LoginAttempt> = {}): LoginAttempt {
  return {
    attemptId: randomBytes(8).toString('hex'),
    generation: 'g1',
    platformOrigin: 'https://acme.intelligencebank.com',
    loginTokens: [{ value: 'secret-login-token', issuedAtMs: nowMs }],
    startedAtMs: nowMs,
    startedFrom: { address: '192.0.2.1', browser: 'Browser/1' },
    deadlineAtMs: nowMs + 900_000,
    expires: Math.floor(nowMs / 1000) + 3600,
    status: 'pending',
    refusedReason: undefined,
    askedAgain: undefined,
    recency: undefined,
    failures: 0,
    intervalMs: 2000,
    nextPollAtMs: nowMs,
    seenAtMs: nowMs,
    retryAtMs: 0,
    session: undefined,
    ...facts,
  };
}

/** A page's wish to poll. */
export function pollWish(nowMs: number, { generation }: LoginAttempt): PollWish {
  return { generation, nowMs, isLooking: false, lookMs: 400, unseenMs: 300_000 };
}
