/** Puts the store together: engine, units of work, oidc-provider's adapter and the records of our own. */
import type { IbSession } from '../ib/session.ts';
import type { Store, StoreCall, StoreStats } from './contract.ts';
import type { Engine } from './engine.ts';
import { createDynamoDbEngine, type DynamoDbOptions } from './engines/dynamodb.ts';
import { createGrantListing } from './grants.ts';
import { grantIdOf, successorTokenValue } from './handles.ts';
import { createIbSessions } from './ib-sessions.ts';
import { modelOf, type TableRole } from './items.ts';
import { createLimiter } from './limits.ts';
import { createLoginAttempts } from './login-attempts.ts';
import { type AdapterDeps, createOidcAdapter } from './oidc-adapter.ts';
import { isOutdated, recordKey, resealing, standsOn } from './records.ts';
import { createSealer, pepperIdOf, type SealerOptions } from './seal.ts';
import { createUnitsOfWork } from './unit-of-work.ts';

export interface StoreOptions {
  readonly tables: Readonly<Record<TableRole, string>>;
  /** One at least, the one in use first. */
  readonly peppers: SealerOptions['peppers'];
  readonly onUnopened?: SealerOptions['onUnopened'];
  readonly refreshLeewaySeconds: number;
  readonly client?: DynamoDbOptions['client'];
  readonly onCall?: (call: StoreCall) => void;
  /** Unix milliseconds; the process's clock unless a test sets another. */
  readonly now?: () => number;
  /** Told of an IB session that was deleted with its last Grant; must not reject. */
  readonly onIbSessionEnded?: (session: IbSession) => Promise<void>;
}

const TABLES: readonly TableRole[] = ['state', 'tokens'];

/** Opens the store on DynamoDB, or on what speaks its protocol. Nothing is sent until first used. */
export function createStore(options: StoreOptions): Store {
  const engine = createDynamoDbEngine({
    tables: options.tables,
    ...(options.client === undefined ? {} : { client: options.client }),
    ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
  });
  const units = createUnitsOfWork(engine);
  const { peppers, onUnopened } = options;
  const sealer = createSealer({ peppers, ...(onUnopened === undefined ? {} : { onUnopened }) });
  const deps: AdapterDeps = {
    engine,
    units,
    sealer,
    refreshLeewaySeconds: options.refreshLeewaySeconds,
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
    hint(refs) {
      const keys = refs.flatMap((ref) => [recordKey(ref.model, ref.id), ...standsOn(ref.model, ref.id)]);
      units.current()?.hint(keys);
    },
    adapter: createOidcAdapter(deps),
    attempts: createLoginAttempts(deps),
    ibSessions: createIbSessions(deps),
    take: createLimiter(deps),
    ...createGrantListing(deps),
    ...maintenance(deps),
    close: async () => {
      await engine.close();
    },
  };
}

const SWEEP_BATCH = 25;

/** What operators ask of the store as a whole. Reads every item, page by page; never in a request. */
function maintenance(deps: AdapterDeps): Pick<Store, 'ready' | 'sealAnew' | 'sweep' | 'stats'> {
  const { engine } = deps;
  return {
    async ready() {
      await engine.read(TABLES.map((table) => ({ table, pk: 'Ready#' })));
    },
    sealAnew: () => sealAnew(deps),
    async sweep() {
      const nowSeconds = Math.floor(deps.now() / 1000);
      let deleted = 0;
      let ibSessions = 0;
      for (const table of TABLES) {
        for await (const page of engine.scan(table)) {
          const over = page.filter((item) => item.expires <= nowSeconds);
          for (let at = 0; at < over.length; at += SWEEP_BATCH) {
            await engine.write(
              over.slice(at, at + SWEEP_BATCH).map(({ pk }) => ({ op: 'delete', key: { table, pk } })),
            );
          }
          deleted += over.length;
          ibSessions += page.filter(
            ({ pk, expires }) => expires > nowSeconds && modelOf(pk) === 'IbSession',
          ).length;
        }
      }
      return { deleted, ibSessions };
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
