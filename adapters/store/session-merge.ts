/**
 * What two requests of one browser have made of its session at the same time, as one session: what either has added,
 * changed or removed since both read it. Pure.
 */
import type { Payload } from './records.ts';

/** Three states of a session: as both requests read it, as this one leaves it, as the other one has left it. */
export interface Versions {
  readonly base: Payload;
  readonly mine: Payload;
  readonly theirs: Payload;
}

/** One session of both. Where both have changed the same fact, this request's word is the last. */
export function mergeSessions({ base, mine, theirs }: Versions): Payload {
  const merged = byActive(merge(byAccount(base), byAccount(mine), byAccount(theirs)) as Payload);
  // Both have given the browser a new id, and either answer may be the last to arrive there.
  const isTwice = base['jti'] !== mine['jti'] && base['jti'] !== theirs['jti'];
  return isTwice ? { ...merged, otherIds: [theirs['jti'], ...idsOf(theirs)] } : merged;
}

/** The ids besides its own that a session is known by. */
export function idsOf(session: Payload): readonly unknown[] {
  const { otherIds } = session;
  return Array.isArray(otherIds) ? otherIds : [];
}

const isObject = (value: unknown): value is Payload =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The apps of the active account stand beside the account; for merging, each account's apps stand with its sign-in. */
function byAccount(session: Payload): Payload {
  const { accountId, authorizations, signIns, ...rest } = session;
  if (typeof accountId !== 'string' || !isObject(signIns) || !isObject(signIns[accountId])) return session;
  const active = { ...signIns[accountId], authorizations };
  return { ...rest, accountId, signIns: { ...signIns, [accountId]: active } };
}

function byActive(session: Payload): Payload {
  const { accountId, signIns } = session;
  if (typeof accountId !== 'string' || !isObject(signIns) || !isObject(signIns[accountId])) return session;
  const { authorizations, ...signIn } = signIns[accountId];
  return {
    ...session,
    ...(authorizations === undefined ? {} : { authorizations }),
    signIns: { ...signIns, [accountId]: signIn },
  };
}

function merge(base: unknown, mine: unknown, theirs: unknown): unknown {
  if (isEqual(mine, base)) return theirs;
  if (isEqual(theirs, base) || !isObject(mine) || !isObject(theirs)) return mine;
  const before = isObject(base) ? base : {};
  const merged: Payload = {};
  for (const name of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const value = merge(before[name], mine[name], theirs[name]);
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

/** By what they say, whatever the order of their members: sessions come from JSON, and go back to it. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, index) => isEqual(value, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => isEqual(a[name], b[name]));
}
