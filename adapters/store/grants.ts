/** Grants as users and operators see them: listed under their account, revoked by key, without their ids. */
import type { GrantSummary, Store } from './contract.ts';
import { type Item, type Key, modelOf, numberOf, stringOf } from './items.ts';
import type { AdapterDeps } from './oidc-adapter.ts';
import { revokeGrant } from './session-grants.ts';

/** More apps than any user has; a listing shows so many at most. */
const LISTED_GRANTS = 200;

interface Listed {
  readonly key: Key;
  readonly item: Item;
}

/** Lists and revokes grants. Revoking the last one on an IB session ends the session too. */
export function createGrantListing(
  deps: AdapterDeps,
): Pick<Store, 'grantsOf' | 'revokeGrant' | 'grantsOfClient'> {
  const { engine, sealer } = deps;

  async function listed(accountId: string): Promise<Listed[]> {
    const nowSeconds = Math.floor(deps.now() / 1000);
    const pages = await Promise.all(
      sealer.hashes('subject', accountId).map((hash) => engine.querySubject(hash, LISTED_GRANTS)),
    );
    return pages
      .flat()
      .filter((item) => item.expires > nowSeconds)
      .map((item) => ({ key: { table: 'tokens', pk: item.pk }, item }));
  }

  return {
    async grantsOf(accountId) {
      return (await listed(accountId)).flatMap(({ key, item }) => {
        const sealed = item['summary'];
        const context = { secret: accountId, label: 'GrantSummary', key: key.pk };
        const summary = sealed instanceof Uint8Array ? sealer.open(sealed, context) : undefined;
        // One that does not open is absent, here as everywhere: its Grant does not open either.
        if (summary === undefined) return [];
        const { clientId = '', createdAt = 0, from } = summary as Partial<GrantSummary>;
        const lastUsedAt = numberOf(item, 'lastUsedAt') ?? 0;
        return [{ key: key.pk, clientId, createdAt, lastUsedAt, from }];
      });
    },

    async revokeGrant(accountId, pk) {
      const mine = (await listed(accountId)).find(({ key }) => key.pk === pk);
      if (mine !== undefined) await revokeGrant(engine, mine.key);
      return mine !== undefined;
    },

    async grantsOfClient(clientId, revoking) {
      const hashes = sealer.hashes('client', clientId);
      const nowSeconds = Math.floor(deps.now() / 1000);
      let count = 0;
      for await (const page of engine.scan('tokens')) {
        for (const item of page) {
          const client = stringOf(item, 'client');
          if (modelOf(item.pk) !== 'Grant' || client === undefined || !hashes.includes(client)) continue;
          if (item.expires <= nowSeconds) continue;
          count += 1;
          if (revoking) await revokeGrant(engine, { table: 'tokens', pk: item.pk });
        }
      }
      return count;
    },
  };
}
