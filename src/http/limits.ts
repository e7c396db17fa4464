/**
 * Limits on what strangers may cause: sign-ins (each costs IB a call), device codes tried, registrations, failed client
 * authentications. Counted in the store, so over all processes, while the request goes on; whoever is over is turned
 * away by every process that has learned of it, without another call to the store.
 */
import type { Context, Middleware } from 'koa';
import type { Store } from '../../adapters/store/contract.ts';
import type { Lifetimes } from '../../config/lifetimes.ts';
import { RefusedError } from './errors.ts';
import { type Limit, routeOf } from './routes.ts';

interface Rule {
  readonly limit: number;
  readonly windowSeconds: number;
  /** Requests that one entry in the store stands for. */
  readonly block: number;
  /** Whether an answer counts; every one does where absent. */
  readonly counts?: (ctx: Context) => boolean;
}

interface AbuseDeps {
  readonly store: Pick<Store, 'take'>;
  readonly lifetimes: Lifetimes;
  /** How many proxies in front are ours; their `X-Forwarded-For` entries are believed. */
  readonly trustedProxies: number;
  readonly onLimited: (facts: { readonly limit: string }) => void;
  readonly now: () => number;
}

const MOST_SUBJECTS = 100_000;

function rulesOf(lifetimes: Lifetimes): Readonly<Record<Limit, Rule>> {
  const minutes = 10 * 60;
  return {
    sign_in: { limit: lifetimes.signInsPerAddress, windowSeconds: minutes, block: 5 },
    user_code: { limit: lifetimes.userCodesPerAddress, windowSeconds: minutes, block: 1 },
    registration: { limit: lifetimes.registrationsPerAddress, windowSeconds: 3600, block: 1 },
    client_authentication: {
      limit: lifetimes.failedAuthenticationsPerAddress,
      windowSeconds: minutes,
      block: 1,
      counts: ({ status }) => status === 401,
    },
  };
}

/** The address a request came from: the connection's, or what the nearest trusted proxy saw. */
export function clientAddress(ctx: Context, trustedProxies: number): string {
  const peer = ctx.req.socket.remoteAddress ?? '';
  if (trustedProxies === 0) return peer;
  const forwarded = ctx
    .get('X-Forwarded-For')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  return forwarded.at(-trustedProxies) ?? peer;
}

/** Turns away addresses that are over a limit: `RefusedError`, which becomes 429 with `Retry-After`. */
export function createAbuseLimits(deps: AbuseDeps): Middleware {
  const rules = rulesOf(deps.lifetimes);
  const blockedUntilMs = new Map<string, number>();
  const uncounted = new Map<string, number>();

  /** Notes one request, and enters a block of them in the store. */
  async function count(name: Limit, subject: string): Promise<void> {
    const rule = rules[name];
    const key = `${name}\0${subject}`;
    const pending = (uncounted.get(key) ?? 0) + 1;
    if (uncounted.size > MOST_SUBJECTS) uncounted.clear();
    uncounted.set(key, pending % rule.block);
    if (pending % rule.block !== 0) return;
    const { granted, windowEndsAtMs } = await deps.store.take({ ...rule, name, subject });
    if (granted > 0) return;
    if (blockedUntilMs.size > MOST_SUBJECTS) blockedUntilMs.clear();
    blockedUntilMs.set(key, windowEndsAtMs);
  }

  return async (ctx, next) => {
    const { limit: name } = routeOf(ctx);
    if (name === 'none') return next();
    const rule = rules[name];
    const subject = clientAddress(ctx, deps.trustedProxies);
    const waitMs = (blockedUntilMs.get(`${name}\0${subject}`) ?? 0) - deps.now();
    if (waitMs > 0) {
      deps.onLimited({ limit: name });
      throw new RefusedError('too_many_requests', {
        headers: { 'Retry-After': String(Math.ceil(waitMs / 1000)) },
      });
    }
    if (rule.counts === undefined) {
      // Both are over before either is heard: an answer is never written while the request still goes on.
      const results = await Promise.allSettled([next(), count(name, subject)]);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      return;
    }
    await next();
    if (rule.counts(ctx)) await count(name, subject);
  };
}
