/**
 * What the tokens of a request stand on and were found to be: whose story its lines belong to, and why one was refused.
 * Every token passes through the store's adapter, so it is watched there.
 */
import { hash } from 'node:crypto';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { isSessionAlive } from '../../adapters/ib/session.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { grantIdOf, isPrefixedModel, isTokenValueOf } from '../../adapters/store/handles.ts';

/** Enough to tell apart the grants that one log speaks of. */
const DIGEST_LENGTH = 12;

/** What has been seen of a request's token, Grant and IB session so far. */
export interface Seen {
  token?: 'malformed' | 'unknown' | 'used' | 'live';
  grant?: 'gone' | 'live';
  session?: 'gone' | 'over' | 'live';
}

/** Why a token was refused, where its own state says so. */
export type RefusalReason =
  | 'malformed_token'
  | 'session_over'
  | 'session_gone'
  | 'unknown_token'
  | 'used_token'
  | 'access_gone';

/** One look at something: what was seen, and whose it is. */
export interface Sight extends Seen {
  readonly grantId?: string | undefined;
  readonly accountId?: string | undefined;
}

/** What a grant is called in the log: its id is part of every token's value. */
export function grantDigest(grantId: string): string {
  return hash('sha256', grantId, 'hex').slice(0, DIGEST_LENGTH);
}

/** The reason that stands behind the others. */
export function reasonOf({ token, grant, session }: Seen): RefusalReason | undefined {
  if (token === 'malformed') return 'malformed_token';
  if (session === 'over') return 'session_over';
  if (session === 'gone') return 'session_gone';
  if (token === 'unknown') return 'unknown_token';
  if (token === 'used') return 'used_token';
  return grant === 'gone' ? 'access_gone' : undefined;
}

/** A store whose tokens, Grants and IB sessions are told of as they are looked up and written. */
export function withTokenTrail(store: Store, saw: (sight: Sight) => void, nowSeconds: () => number): Store {
  return {
    ...store,
    adapter(model) {
      const adapter = store.adapter(model);
      return model === 'Grant' || isPrefixedModel(model) ? watched(model, adapter, saw) : adapter;
    },
    ibSessions: {
      ...store.ibSessions,
      async find(ibSessionId) {
        const session = await store.ibSessions.find(ibSessionId);
        const isOver = session !== undefined && !isSessionAlive(session, nowSeconds());
        saw({ session: session === undefined ? 'gone' : isOver ? 'over' : 'live' });
        return session;
      },
    },
  };
}

function watched(model: string, adapter: Adapter, saw: (sight: Sight) => void): Adapter {
  const isGrant = model === 'Grant';
  const grantOf = (id: string): string | undefined => (isGrant ? id : grantIdOf(id));
  return {
    ...adapter,
    async find(id) {
      if (isPrefixedModel(model) && !isTokenValueOf(model, id)) {
        // Perhaps a token of another kind, which is looked for next.
        saw({ token: 'malformed' });
        return adapter.find(id);
      }
      saw({ grantId: grantOf(id) });
      const payload = (await adapter.find(id)) ?? undefined;
      saw({
        accountId: payload?.accountId,
        ...(isGrant ? { grant: payload === undefined ? 'gone' : 'live' } : { token: tokenState(payload) }),
      });
      return payload;
    },
    upsert(id, payload, expiresIn) {
      saw({ grantId: grantOf(id), accountId: payload.accountId });
      return adapter.upsert(id, payload, expiresIn);
    },
  };
}

function tokenState(payload: AdapterPayload | undefined): NonNullable<Seen['token']> {
  if (payload === undefined) return 'unknown';
  return payload['consumed'] ? 'used' : 'live';
}
