/**
 * Limits on what strangers may cause, by the network they come from: sign-ins (each costs IB a call) and pushed requests, user codes tried,
 * registrations, failed client authentications. What a request may use is taken before it is worked on, so that a burst
 * passes no limit; what it did not use is given back.
 */
import type { Context, Middleware } from 'koa';
import type { Store } from '../../adapters/store/contract.ts';
import type { Lifetimes } from '../../config/lifetimes.ts';
import { clientAddress, networkOf } from './address.ts';
import { createBudget, createOwnCounters, createTurns, type UsedUp } from './budget.ts';
import { RefusedError } from './errors.ts';
import { type Limit, routeOf } from './routes.ts';

interface Rule {
  readonly limit: number;
  readonly windowSeconds: number;
  /** Requests that one call to the store stands for. */
  readonly block: number;
  /** Whether an answer has used what was taken for it; every one has where absent. */
  readonly uses?: (ctx: Context) => boolean;
  /** Who has used nothing in this window is let through, a few requests at a time: honest ones cost the store no call. */
  readonly trusts?: boolean;
  /** Counted in this process alone. */
  readonly isLocal?: boolean;
  /** Whom it counts, where that is not a network. */
  readonly subject?: (ctx: Context) => string;
}

export interface LimitsDeps {
  readonly store: Pick<Store, 'take'>;
  readonly lifetimes: Lifetimes;
  /** Accepted registrations an hour. */
  readonly registrationsPerHour: number;
  /** How many proxies in front are ours; their `X-Forwarded-For` entries are believed. */
  readonly trustedProxies: number;
  /** Whether this request asked IB nothing, since the platform does not answer. */
  readonly leftIbAlone: (ctx: Context) => boolean;
  /** Whether the user code of this request was one that waits for its user. */
  readonly foundUserCode: (ctx: Context) => boolean;
  /** Whether the app of this request has proved who it is. */
  readonly isConfidential: (ctx: Context) => boolean;
  readonly onLimited: (facts: { readonly limit: string }) => void;
  readonly now: () => number;
}

const TEN_MINUTES = 600;
const HOUR = 3600;

function rulesOf({
  lifetimes,
  registrationsPerHour,
  leftIbAlone,
  foundUserCode,
  isConfidential,
}: LimitsDeps): Record<Limit, Rule> {
  return {
    // Who tries again and again while IB is away must not be turned away when it is back, nor fall silent for whoever watches.
    sign_in: {
      limit: lifetimes.signInsPerAddress,
      windowSeconds: TEN_MINUTES,
      block: 20,
      uses: (ctx) => !leftIbAlone(ctx),
    },
    // A confidential app pushes for all its users from one address, and has proved itself.
    pushed_request: {
      limit: lifetimes.signInsPerAddress,
      windowSeconds: TEN_MINUTES,
      block: 20,
      uses: (ctx) => !isConfidential(ctx),
      trusts: true,
    },
    user_code: {
      limit: lifetimes.userCodesPerAddress,
      windowSeconds: TEN_MINUTES,
      block: 1,
      uses: (ctx) => !foundUserCode(ctx),
    },
    client_authentication: {
      limit: lifetimes.failedAuthenticationsPerAddress,
      windowSeconds: TEN_MINUTES,
      block: 1,
      uses: ({ status }) => status === 401,
      trusts: true,
    },
    registration: {
      limit: registrationsPerHour,
      windowSeconds: HOUR,
      block: 1,
      uses: ({ status }) => status === 201,
    },
    refused_registration: {
      limit: lifetimes.refusedRegistrationsPerAddress,
      windowSeconds: HOUR,
      block: 1,
      uses: ({ status }) => status >= 400 && status < 500,
      trusts: true,
    },
    // Its own subject, so that a browser that waits uses up nothing that others need.
    poll: {
      limit: lifetimes.pollsPerAttempt,
      windowSeconds: TEN_MINUTES,
      block: 1,
      isLocal: true,
      subject: (ctx) => String(ctx.query['token']).slice(0, LONGEST_UID),
    },
  };
}

/**
 * How many requests of a network that is trusted are worked on at once, before it is known whether they fail. It bounds the
 * work, not the guesses; a backend that refreshes for all its users comes from one address, and may wait for IB each time.
 */
const AT_ONCE = 32;

/** Of a poll's handle: the interaction's uid. */
const LONGEST_UID = 43;

/** A rule at work: runs the rest of a request of a subject, or throws `RefusedError`. */
type Guard = (subject: string, ctx: Context, rest: () => Promise<void>) => Promise<void>;

/** Turns away whoever is over a limit: `RefusedError`, which becomes 429 with `Retry-After`. */
export function createLimits(deps: LimitsDeps): Middleware {
  const rules = rulesOf(deps);
  const guards = Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, guardOf(deps, name as Limit, rule)]),
  ) as Record<Limit, Guard>;
  return (ctx, next) => {
    const network = networkOf(clientAddress(ctx, deps.trustedProxies));
    return routeOf(ctx).limits.reduceRight<() => Promise<void>>(
      (rest, name) => () => guards[name](rules[name].subject?.(ctx) ?? network, ctx, rest),
      next,
    )();
  };
}

function guardOf(deps: LimitsDeps, name: Limit, rule: Rule): Guard {
  const { limit, windowSeconds, block, uses } = rule;
  const budget = createBudget({
    take: rule.isLocal === true ? createOwnCounters(deps.now) : deps.store.take,
    limit: { name, limit, windowSeconds, block },
    now: deps.now,
  });
  const orRefuse = <T extends { readonly ok: true }>(taken: T | UsedUp): T => {
    if (taken.ok) return taken;
    deps.onLimited({ limit: name });
    throw new RefusedError('too_many_requests', { headers: { 'Retry-After': String(taken.waitSeconds) } });
  };
  if (uses === undefined) {
    return async (subject, _ctx, rest) => {
      orRefuse(await budget.take(subject));
      await rest();
    };
  }
  const holding: Guard = async (subject, ctx, rest) => {
    const held = orRefuse(await budget.hold(subject));
    let isUsed = false;
    try {
      await rest();
      isUsed = uses(ctx);
    } finally {
      held.settle(isUsed);
    }
  };
  if (rule.trusts !== true) return holding;
  const inTurn = createTurns(AT_ONCE);
  return (subject, ctx, rest) =>
    inTurn(subject, async () => {
      if (budget.isBegun(subject)) return holding(subject, ctx, rest);
      await rest();
      // Before the answer is told: over the limit nobody learns what a guess came to.
      if (uses(ctx)) orRefuse(await budget.take(subject));
    });
}
