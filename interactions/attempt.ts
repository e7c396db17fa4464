/** Names of a login attempt's parts: its generations, and the handle that the page polls with. Pure but for randomness. */
import { randomBytes } from 'node:crypto';
import type { LoginAttempt } from '../adapters/store/contract.ts';

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
