/** Grants as users and operators see them: listed under their account, revoked by key, without their ids. */
import type { Store } from './contract.ts';
import { type Item, type Key, modelOf, numberOf, stringOf } from './items.ts';
import type { AdapterDeps } from './oidc-adapter.ts';
import { keyedHash, open } from './seal.ts';
import { removeGrant } from './session-grants.ts';

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
  const { engine, peppers } = deps;

  async function listed(accountId: string): Promise<Listed[]> {
    const nowSeconds = Math.floor(deps.now() / 1000);
    const pages = await Promise.all(
      peppers.map((pepper) => engine.querySubject(keyedHash(pepper, 'subject', accountId), LISTED_GRANTS)),
    );
    return pages
      .flat()
      .filter((item) => item.expires > nowSeconds)
      .map((item) => ({ key: { table: 'tokens', pk: item.pk }, item }));
  }

  async function revoke(key: Key): Promise<void> {
    const [grant] = (await engine.read([key])).values();
    await engine.write([{ op: 'delete', key }]);
    const session = grant === undefined ? undefined : stringOf(grant, 'session');
    if (session === undefined) return;
    const [item] = (await engine.read([{ table: 'tokens', pk: session }])).values();
    if (item !== undefined) await removeGrant(engine, item, key.pk);
  }

  return {
    async grantsOf(accountId) {
      return (await listed(accountId)).map(({ key, item }) => {
        const sealed = item['summary'];
        const context = { secret: accountId, label: 'GrantSummary', key: key.pk };
        const summary = sealed instanceof Uint8Array ? open(sealed, context, peppers) : {};
        const { clientId, createdAt } = summary as { clientId?: string; createdAt?: number };
        return {
          key: key.pk,
          clientId: clientId ?? '',
          createdAt: createdAt ?? 0,
          lastUsedAt: numberOf(item, 'lastUsedAt') ?? 0,
        };
      });
    },

    async revokeGrant(accountId, pk) {
      const mine = (await listed(accountId)).find(({ key }) => key.pk === pk);
      if (mine !== undefined) await revoke(mine.key);
      return mine !== undefined;
    },

    async grantsOfClient(clientId, revoking) {
      const hashes = peppers.map((pepper) => keyedHash(pepper, 'client', clientId));
      const nowSeconds = Math.floor(deps.now() / 1000);
      let count = 0;
      for await (const page of engine.scan('tokens')) {
        for (const item of page) {
          const client = stringOf(item, 'client');
          if (modelOf(item.pk) !== 'Grant' || client === undefined || !hashes.includes(client)) continue;
          if (item.expires <= nowSeconds) continue;
          count += 1;
          if (revoking) await revoke({ table: 'tokens', pk: item.pk });
        }
      }
      return count;
    },
  };
}
