/**
 * Budgets of so many requests in a window, over all processes. A process takes from the store's counter before the work,
 * in blocks, so that most requests cost no write; what it holds was granted by the store, so no number of requests at
 * once and no number of processes passes the limit.
 */
import type { Limit, LimitGrant } from '../../adapters/store/contract.ts';

/** A budget that is used up: how long to wait for the next window. */
export interface UsedUp {
  readonly ok: false;
  readonly waitSeconds: number;
}

/** A piece of a budget that is used, or given back, when it is known whether it was needed. */
export interface Held {
  readonly ok: true;
  settle(isUsed: boolean): void;
}

export interface Budget {
  /** Uses a piece. */
  take(subject: string): Promise<{ readonly ok: true } | UsedUp>;
  /** Holds a piece; whoever finds none left waits for those that are held, since they may come back. */
  hold(subject: string): Promise<Held | UsedUp>;
  /** Whether this process has taken anything for the subject in the current window. */
  isBegun(subject: string): boolean;
}

/** What one process holds of a window. */
interface Lease {
  left: number;
  /** Unknown until the store has been asked. */
  windowEndsAtMs: number;
  isSpent: boolean;
  /** Requests at the same moment share one question to the store. */
  asking: Promise<void> | undefined;
  held: number;
  /** Those who wait for a held piece to be settled. */
  waiting: (() => void)[];
}

/** Subjects one process knows. Whoever is forgotten is asked for in the store again. */
const MOST_SUBJECTS = 50_000;

/** A budget; each subject has its own. */
export function createBudget(options: {
  readonly take: (limit: Limit) => Promise<LimitGrant>;
  readonly limit: Omit<Limit, 'subject'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}): Budget {
  const leases = new Map<string, Lease>();
  const windowMs = options.limit.windowSeconds * 1000;

  /** Whether a lease is of the window that the clock shows, which may have been set back. */
  function isCurrent({ windowEndsAtMs }: Lease): boolean {
    const leftMs = windowEndsAtMs - options.now();
    return leftMs === Infinity || (leftMs > 0 && leftMs <= windowMs);
  }

  function leaseOf(subject: string): Lease {
    const known = leases.get(subject);
    if (known !== undefined && isCurrent(known)) return known;
    if (leases.size >= MOST_SUBJECTS) forgetOver(leases, options.now());
    const lease: Lease = {
      left: 0,
      windowEndsAtMs: Infinity,
      isSpent: false,
      asking: undefined,
      held: 0,
      waiting: [],
    };
    leases.set(subject, lease);
    return lease;
  }

  async function ask(subject: string, lease: Lease): Promise<void> {
    try {
      const { granted, windowEndsAtMs } = await options.take({ ...options.limit, subject });
      lease.left += granted;
      lease.windowEndsAtMs = windowEndsAtMs;
      lease.isSpent = granted === 0;
    } catch (error) {
      // A failed question is no lease: the next request asks again.
      if (leases.get(subject) === lease) leases.delete(subject);
      throw error;
    } finally {
      lease.asking = undefined;
    }
  }

  /** The lease that a piece has been taken from. Held from that very moment: whoever looks next must not find it used. */
  async function takeFrom(subject: string, held: 0 | 1): Promise<Lease | UsedUp> {
    for (;;) {
      const lease = leaseOf(subject);
      if (lease.left > 0) {
        lease.left -= 1;
        lease.held += held;
        return lease;
      }
      if (!lease.isSpent) await (lease.asking ??= ask(subject, lease));
      else if (lease.held > 0) await new Promise<void>((resolve) => lease.waiting.push(resolve));
      else return { ok: false, waitSeconds: secondsUntil(lease.windowEndsAtMs, options.now()) };
    }
  }

  return {
    isBegun(subject) {
      const lease = leases.get(subject);
      return lease !== undefined && isCurrent(lease);
    },
    async take(subject) {
      const lease = await takeFrom(subject, 0);
      return 'ok' in lease ? lease : { ok: true };
    },
    async hold(subject) {
      const lease = await takeFrom(subject, 1);
      if ('ok' in lease) return lease;
      return {
        ok: true,
        settle(isUsed) {
          lease.held -= 1;
          if (!isUsed) lease.left += 1;
          for (const wake of lease.waiting.splice(0)) wake();
        },
      };
    },
  };
}

function secondsUntil(ms: number, nowMs: number): number {
  return Math.max(1, Math.ceil((ms - nowMs) / 1000));
}

function forgetOver(leases: Map<string, Lease>, nowMs: number): void {
  for (const [subject, { windowEndsAtMs }] of leases) if (windowEndsAtMs <= nowMs) leases.delete(subject);
  if (leases.size >= MOST_SUBJECTS) leases.clear();
}

/** Grants from counters of this process alone, for what is not worth a call to the store. */
export function createOwnCounters(now: () => number): (limit: Limit) => Promise<LimitGrant> {
  const grantedUntilMs = new Map<string, number>();
  return async ({ subject, limit, windowSeconds }) => {
    const windowMs = windowSeconds * 1000;
    const windowEndsAtMs = (Math.floor(now() / windowMs) + 1) * windowMs;
    if (grantedUntilMs.get(subject) === windowEndsAtMs) return { granted: 0, windowEndsAtMs };
    if (grantedUntilMs.size >= MOST_SUBJECTS) grantedUntilMs.clear();
    grantedUntilMs.set(subject, windowEndsAtMs);
    return { granted: limit, windowEndsAtMs };
  };
}

/** Lets so many of a subject's requests run at the same time; others wait for their turn. */
export function createTurns(most: number): <T>(subject: string, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, { count: number; readonly waiting: (() => void)[] }>();
  return async (subject, work) => {
    const line = running.get(subject) ?? { count: 0, waiting: [] };
    running.set(subject, line);
    if (line.count >= most) await new Promise<void>((resolve) => line.waiting.push(resolve));
    else line.count += 1;
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      if (next !== undefined) next();
      else if ((line.count -= 1) === 0) running.delete(subject);
    }
  };
}
