/** IB sessions. The grants that stand on one are a set beside the sealed session. */
import type { IbSession } from '../ib/session.ts';
import { set } from './conditions.ts';
import type { IbSessions } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { setOf } from './items.ts';
import { fromItem, recordKey, toItem } from './records.ts';

const MODEL = 'IbSession';

/** The IB sessions of a store. */
export function createIbSessions(deps: AdapterDeps): IbSessions {
  const { units, sealer } = deps;
  return {
    find: (id) =>
      units.within(async (unit) => {
        const item = await unit.get(recordKey(MODEL, id));
        const nowSeconds = Math.floor(deps.now() / 1000);
        return fromItem({ model: MODEL, id, item, nowSeconds, sealer }) as IbSession | undefined;
      }),

    put: (id, session) =>
      units.within(async (unit) => {
        const item = toItem({ model: MODEL, id, payload: session, expires: session.endsAt, sealer });
        const key = recordKey(MODEL, id);
        unit.remember(key, item);
        const changes = [set('data', item.data ?? new Uint8Array()), set('expires', item.expires)];
        unit.write({ op: 'update', key, changes });
      }),

    end: (id) =>
      units.within(async (unit) => {
        const key = recordKey(MODEL, id);
        const item = await unit.get(key);
        unit.delete(key);
        // The grants on it are dead already; their items need not wait for their time.
        for (const pk of item === undefined ? [] : setOf(item, 'grants'))
          unit.delete({ table: 'tokens', pk });
      }),
  };
}
