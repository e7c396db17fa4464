/** Puts the store together: engine, units of work, oidc-provider's adapter and the records of our own. */
import type { IbSession } from '../ib/session.ts';
import { createAddressAccounts } from './address-accounts.ts';
import type { Store, StoreStats } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import type { Engine } from './engine.ts';
import { createGrantListing } from './grants.ts';
import { grantIdOf, successorTokenValue } from './handles.ts';
import { createIbSessions } from './ib-sessions.ts';
import { modelOf, type TableRole } from './items.ts';
import { createLimiter } from './limits.ts';
import { createLoginAttempts } from './login-attempts.ts';
import { createOidcAdapter } from './oidc-adapter.ts';
import { checkPeppers } from './pepper-check.ts';
import { createPlatformClients } from './platform-clients.ts';
import { isOutdated, recordKey, resealing, standsOn } from './records.ts';
import { createSealer, pepperIdOf, type SealerOptions } from './seal.ts';
import { createUnitsOfWork } from './unit-of-work.ts';

export interface StoreOptions {
  /** One at least, the one in use first. */
  readonly peppers: SealerOptions['peppers'];
  readonly onUnopened?: SealerOptions['onUnopened'];
  /** Unix milliseconds; the process's clock unless a test sets another. */
  readonly now?: () => number;
  /** Told of an IB session that was deleted with its last Grant; must not reject. */
  readonly onIbSessionEnded?: (session: IbSession) => Promise<void>;
}

const TABLES: readonly TableRole[] = ['state', 'tokens'];

/** The store on an engine, which it closes with itself. */
export function createStore(engine: Engine, options: StoreOptions): Store {
  const units = createUnitsOfWork(engine);
  const { peppers, onUnopened } = options;
  const sealer = createSealer({ peppers, ...(onUnopened === undefined ? {} : { onUnopened }) });
  const deps: AdapterDeps = {
    engine,
    units,
    sealer,
    now: options.now ?? Date.now,
    ...(options.onIbSessionEnded === undefined ? {} : { onIbSessionEnded: options.onIbSessionEnded }),
  };

  return {
    unit: (work) => units.run(work),
    successor: (model, rotated, context) =>
      successorTokenValue({
        model,
        rotated,
        context: model === 'RefreshToken' ? '' : context,
        grantId: grantIdOf(rotated) ?? '',
        key: sealer.keyBehind(units.current()?.seen(recordKey('RefreshToken', rotated))?.data),
      }),
    whenKept(tell) {
      const unit = units.current();
      if (unit === undefined) tell();
      else unit.kept(tell);
    },
    hint(refs) {
      const keys = refs.flatMap((ref) => [recordKey(ref.model, ref.id), ...standsOn(ref.model, ref.id)]);
      units.current()?.hint(keys);
    },
    adapter: createOidcAdapter(deps),
    attempts: createLoginAttempts(deps),
    ibSessions: createIbSessions(deps),
    platformClients: createPlatformClients(deps),
    noteSignIn: createAddressAccounts(deps),
    take: createLimiter(deps),
    ...createGrantListing(deps),
    ...maintenance(deps),
    checkSecrets: () => checkPeppers(engine, peppers()),
    close: async () => {
      await engine.close();
    },
  };
}

/** What operators ask of the store as a whole. Reads every item, page by page; never in a request. */
function maintenance(deps: AdapterDeps): Pick<Store, 'ready' | 'sealAnew' | 'sweep' | 'stats'> {
  const { engine } = deps;
  return {
    ready: () => engine.ready(),
    sealAnew: () => sealAnew(deps),
    async sweep() {
      const nowSeconds = Math.floor(deps.now() / 1000);
      const deleted = await engine.expire(nowSeconds);
      return { deleted, ibSessions: await engine.count('tokens', 'IbSession#', nowSeconds) };
    },
    stats: () => countItems(engine, Math.floor(deps.now() / 1000)),
  };
}

async function sealAnew({ engine, sealer, now }: AdapterDeps): ReturnType<Store['sealAnew']> {
  const nowSeconds = Math.floor(now() / 1000);
  const standing = new Map<string, number>();
  let sealedAnew = 0;
  for (const table of TABLES) {
    for await (const page of engine.scan(table)) {
      for (const item of page) {
        if (item.data === undefined || item.expires <= nowSeconds) continue;
        const key = { table, pk: item.pk };
        const write = isOutdated(modelOf(item.pk), item, sealer) ? resealing(key, item, sealer) : undefined;
        if (write !== undefined && (await engine.decide(write)).held) {
          sealedAnew += 1;
        } else {
          const id = pepperIdOf(item.data);
          standing.set(id, (standing.get(id) ?? 0) + 1);
        }
      }
    }
  }
  return { sealedAnew, standing };
}

async function countItems(engine: Engine, nowSeconds: number): Promise<StoreStats> {
  const stats: Record<string, { live: number; expired: number; bytes: number }> = {};
  for (const table of TABLES) {
    for await (const page of engine.scan(table)) {
      for (const item of page) {
        const entry = (stats[modelOf(item.pk)] ??= { live: 0, expired: 0, bytes: 0 });
        if (item.expires > nowSeconds) entry.live += 1;
        else entry.expired += 1;
        entry.bytes += item.data?.length ?? 0;
      }
    }
  }
  return stats;
}
