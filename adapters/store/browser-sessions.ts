/**
 * Browser sessions: one item for all tabs of a browser, whose requests write it at the same time. It is merged, not
 * overwritten, so that what each has added stays.
 */
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { AdapterDeps } from './deps.ts';
import type { Item } from './items.ts';
import { fromItem, type Payload, recordKey, toItem } from './records.ts';
import { idsOf, mergeSessions } from './session-merge.ts';

const MODEL = 'Session';

/** node-oidc-provider's adapter for browser sessions. */
export function createSessionAdapter(deps: AdapterDeps, plain: Adapter): Adapter {
  const { sealer, units } = deps;

  function read(id: string, item: Item | undefined): Payload | undefined {
    const nowSeconds = Math.floor(deps.now() / 1000);
    return fromItem({ model: MODEL, id, item, nowSeconds, sealer });
  }

  return {
    ...plain,

    async find(id) {
      const payload = await plain.find(id);
      if (!payload) return undefined;
      // The item is kept under the session's uid: the secret part of the id must match too.
      return payload.jti === id || idsOf(payload as Payload).includes(id) ? payload : undefined;
    },

    upsert: (id, payload: AdapterPayload, expiresIn) =>
      units.within(async (unit) => {
        const key = recordKey(MODEL, id);
        const mine = payload as Payload;
        const expires = Math.floor(deps.now() / 1000) + (expiresIn ?? 0);
        const base = read(id, unit.seen(key));
        unit.merge(key, toItem({ model: MODEL, id, payload: mine, expires, sealer }), (standing) => {
          const theirs = read(id, standing);
          // Signed out meanwhile: it stays so.
          if (standing === undefined || theirs === undefined) return undefined;
          const merged = mergeSessions({ base: base ?? {}, mine, theirs });
          return toItem({
            model: MODEL,
            id,
            payload: merged,
            expires: Math.max(expires, standing.expires),
            sealer,
          });
        });
      }),
  };
}
