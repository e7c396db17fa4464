/** A login attempt and its parts: handles that the page polls with, generations, when it is over. Pure but for randomness. */
import { randomBytes } from 'node:crypto';
import type { PlatformUrl } from '../adapters/ib/platform-url.ts';
import type { LoginAttempt } from '../adapters/store/contract.ts';
import type { Lifetimes } from '../config/lifetimes.ts';

/** The handle of an attempt's current login token, as the page polls with it. */
export function handleOf(uid: string, attempt: LoginAttempt): string {
  return `${uid}.${attempt.generation}`;
}

/** Takes a handle apart; undefined for what is none of ours. */
export function parseHandle(handle: unknown): { uid: string; generation: string } | undefined {
  if (typeof handle !== 'string') return undefined;
  const match = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{22})$/.exec(handle);
  const [, uid, generation] = match ?? [];
  return uid === undefined || generation === undefined ? undefined : { uid, generation };
}

/** A new generation's name: 128 random bits. */
export function newGeneration(): string {
  return randomBytes(16).toString('base64url');
}

/** The platform an attempt is at. */
export function platformOf({ platformOrigin }: LoginAttempt): PlatformUrl {
  return { origin: platformOrigin, host: new URL(platformOrigin).host };
}

/** Whether a pending attempt is over: too old, or its page was left. */
export function isOver(
  attempt: LoginAttempt,
  { loginUnseenSeconds }: Pick<Lifetimes, 'loginUnseenSeconds'>,
  nowMs: number,
): boolean {
  const leftAtMs = attempt.seenAtMs + loginUnseenSeconds * 1000;
  return Math.min(attempt.deadlineAtMs, leftAtMs) <= nowMs || attempt.loginTokens.length === 0;
}
