/** IB sessions. The grants that stand on one are a set beside the sealed session. */
import type { IbSession } from '../ib/session.ts';
import { equals, set } from './conditions.ts';
import type { IbSessions } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { setOf } from './items.ts';
import { fromItem, recordKey, toItem } from './records.ts';

const MODEL = 'IbSession';

/** The IB sessions of a store. */
export function createIbSessions(deps: AdapterDeps): IbSessions {
  const { engine, units, sealer } = deps;
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

    end: (id, sid) =>
      units.within(async (unit) => {
        const key = recordKey(MODEL, id);
        // As it stands now: this unit may have read it before IB was asked.
        const [item] = (await unit.guard(() => engine.read([key]))).values();
        unit.remember(key, item);
        if (item?.data === undefined) return true;
        const session = fromItem({ model: MODEL, id, item, nowSeconds: 0, sealer }) as IbSession | undefined;
        if (session !== undefined && session.sid !== sid) return false;
        const condition = equals('data', item.data);
        if (!(await unit.guard(() => engine.decide({ op: 'delete', key, condition }))).held) return false;
        unit.remember(key, undefined);
        // The grants on it are dead already; their items need not wait for their time.
        for (const pk of setOf(item, 'grants')) unit.delete({ table: 'tokens', pk });
        return true;
      }),
  };
}
