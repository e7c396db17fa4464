/** node-oidc-provider's own memory adapter behind this product's store: the floor that other stores are compared with. */

import type { IbSession } from '../adapters/ib/session.ts';
import type { AttemptId, LoginAttempt, Store } from '../adapters/store/contract.ts';
import { grantIdOf, successorTokenValue } from '../adapters/store/handles.ts';
// The library does not export it; a benchmark may reach for it.
// @ts-expect-error no types for a deep import
import { createMemoryAdapter } from '../node_modules/oidc-provider/lib/adapters/memory_adapter.js';

/** A store in memory, without sealing, units of work or expiry. Benchmarks only. */
export function createMemoryStore(): Store {
  const attempts = new Map<string, LoginAttempt>();
  const sessions = new Map<string, IbSession>();
  const idOf = ({ uid, browser }: AttemptId): string => `${uid}.${browser}`;
  const put = async (id: AttemptId, attempt: LoginAttempt): Promise<boolean> => {
    attempts.set(idOf(id), attempt);
    return true;
  };
  return {
    unit: (work) => work(),
    successor: (model, rotated, context) =>
      successorTokenValue({
        model,
        rotated,
        context,
        grantId: grantIdOf(rotated) ?? '',
        key: new Uint8Array(32),
      }),
    hint: () => undefined,
    adapter: createMemoryAdapter() as Store['adapter'],
    attempts: {
      find: async (id) => attempts.get(idOf(id)),
      current: async (id) => attempts.get(idOf(id)),
      ref: (id) => ({ model: 'LoginAttempt', id: idOf(id) }),
      start: async (id, attempt) => void (await put(id, attempt)),
      claimPoll: async (id) => {
        const attempt = attempts.get(idOf(id));
        return attempt === undefined ? { outcome: 'unknown' } : { outcome: 'claimed', attempt };
      },
      see: async () => undefined,
      finish: put,
      renew: (id, _generation, next) => put(id, next),
      pace: put,
      remove: async (id) => void attempts.delete(idOf(id)),
    },
    ibSessions: {
      find: async (id) => sessions.get(id),
      put: async (id, session) => void sessions.set(id, session),
      end: async (id) => void sessions.delete(id),
    },
    take: async ({ block }) => ({ granted: block, windowEndsAtMs: Number.MAX_SAFE_INTEGER }),
    grantsOf: async () => [],
    revokeGrant: async () => false,
    grantsOfClient: async () => 0,
    ready: async () => undefined,
    sealAnew: async () => ({ sealedAnew: 0, standing: new Map() }),
    sweep: async () => ({ deleted: 0, ibSessions: 0 }),
    stats: async () => ({}),
    close: async () => undefined,
  };
}
