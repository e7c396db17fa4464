/** IB's limit of calls per user, kept before IB is asked. */
import type { Store } from '../../adapters/store/contract.ts';

interface Lease {
  left: number;
  readonly windowEndsAtMs: number;
}

const MOST_LEASES = 50_000;

/**
 * A limiter of calls. A process takes calls from the store's counter in blocks, so that most calls cost no write; what it
 * holds is a grant of the store's, so no number of processes passes the limit. Resolves with 0, or the seconds to wait.
 */
export function createCallLimit(options: {
  readonly store: Pick<Store, 'take'>;
  readonly limit: number;
  readonly block: number;
  readonly now: () => number;
}): (accountId: string) => Promise<number> {
  // Calls at the same moment share one taking: the promise stands for it until it is there.
  const leases = new Map<string, Promise<Lease>>();

  function takeBlock(accountId: string): Promise<Lease> {
    const { limit, block } = options;
    const lease = options.store
      .take({ name: 'proxy', subject: accountId, limit, windowSeconds: 60, block })
      .then(({ granted, windowEndsAtMs }) => ({ left: granted, windowEndsAtMs }));
    if (leases.size >= MOST_LEASES) leases.clear();
    leases.set(accountId, lease);
    // A failed taking is no lease: the next call tries again.
    lease.catch(() => leases.delete(accountId));
    return lease;
  }

  return async (accountId) => {
    for (;;) {
      const held = leases.get(accountId);
      const lease = await (held ?? takeBlock(accountId));
      if (lease.left > 0 && lease.windowEndsAtMs > options.now()) {
        lease.left -= 1;
        return 0;
      }
      // Just taken, and nothing granted: the window is used up. A lease that was held is replaced by a new one.
      if (held === undefined) return Math.max(1, Math.ceil((lease.windowEndsAtMs - options.now()) / 1000));
      if (leases.get(accountId) === held) leases.delete(accountId);
    }
  };
}
