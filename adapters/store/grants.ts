/** Grants as users and operators see them: listed under their account, revoked by key, without their ids. */
import type { AdapterPayload } from 'oidc-provider';
import type { IbSession } from '../ib/session.ts';
import type { EndingSignIn, GrantSummary, Store } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { type Item, type Key, keyName, modelOf, numberOf, setOf, stringOf } from './items.ts';
import { fromItem, recordKey } from './records.ts';
import type { Sealer } from './seal.ts';
import { removeGrant, revokeGrant } from './session-grants.ts';

/** Items of one user that are read at once. */
const PAGE_ITEMS = 100;

/** What stands with a Grant for those who know its account and not its id, sealed under the account. */
export interface GrantNote {
  readonly clientId: string;
  readonly createdAt: number;
  readonly from: GrantSummary['from'];
  /** Given `offline_access`: the app keeps its access when the user signs out in the browser. */
  readonly outlivesBrowser: boolean;
}

const LABEL = 'GrantSummary';

/** The sealed note of a Grant. */
export function sealedNote(
  sealer: Sealer,
  accountId: string,
  pk: string,
  payload: AdapterPayload,
): Uint8Array {
  const { openid } = payload as { openid?: { scope?: string } };
  const note: GrantNote = {
    clientId: payload.clientId ?? '',
    createdAt: payload.iat ?? 0,
    from: payload['from'] as GrantSummary['from'],
    outlivesBrowser: openid?.scope?.split(' ').includes('offline_access') === true,
  };
  return sealer.seal(note, { secret: accountId, label: LABEL, key: pk });
}

/** Undefined where it does not open: then its Grant does not either. */
function noteOf(sealer: Sealer, accountId: string, item: Item): GrantNote | undefined {
  const { summary } = item;
  if (!(summary instanceof Uint8Array)) return undefined;
  return sealer.open(summary, { secret: accountId, label: LABEL, key: item.pk }) as GrantNote | undefined;
}

/** Lists and revokes grants. Revoking the last one on an IB session ends the session too. */
export function createGrantListing(
  deps: AdapterDeps,
): Pick<Store, 'grantsOf' | 'revokeGrantsOf' | 'grantsOfClient' | 'signOut'> {
  const { engine, sealer } = deps;

  /** All grants of an account, page by page. */
  async function* listed(accountId: string): AsyncGenerator<Item> {
    const nowSeconds = Math.floor(deps.now() / 1000);
    for (const hash of sealer.hashes('subject', accountId)) {
      for (let after: string | undefined; ; ) {
        const page = await engine.querySubject(hash, PAGE_ITEMS, after);
        for (const item of page) if (item.expires > nowSeconds) yield item;
        after = page.at(-1)?.pk;
        if (page.length < PAGE_ITEMS) break;
      }
    }
  }

  return {
    async grantsOf(accountId) {
      const grants: GrantSummary[] = [];
      for await (const item of listed(accountId)) {
        const note = noteOf(sealer, accountId, item);
        if (note === undefined) continue;
        const { clientId, createdAt, from } = note;
        const lastUsedAt = numberOf(item, 'lastUsedAt') ?? 0;
        grants.push({ clientId, createdAt, lastUsedAt, from });
      }
      return grants;
    },

    async revokeGrantsOf(accountId, { clientId, onRevoked } = {}) {
      let count = 0;
      for await (const item of listed(accountId)) {
        if (clientId !== undefined && noteOf(sealer, accountId, item)?.clientId !== clientId) continue;
        await revokeGrant(engine, keyOf(item.pk));
        count += 1;
        onRevoked?.(count);
      }
      return count;
    },

    async grantsOfClient(clientId, revoking, onRevoked) {
      const hashes = sealer.hashes('client', clientId);
      const nowSeconds = Math.floor(deps.now() / 1000);
      let count = 0;
      for await (const page of engine.scan('tokens')) {
        for (const item of page) {
          const client = stringOf(item, 'client');
          if (modelOf(item.pk) !== 'Grant' || client === undefined || !hashes.includes(client)) continue;
          if (item.expires <= nowSeconds) continue;
          if (revoking) await revokeGrant(engine, keyOf(item.pk));
          count += 1;
          onRevoked?.(count);
        }
      }
      return count;
    },

    // What the store could not do must fail the request: the library takes any error for one of its own.
    signOut: (signIn) => deps.units.within((unit) => unit.guard(() => signOut(deps, signIn))),
  };
}

const keyOf = (pk: string): Key => ({ table: 'tokens', pk });

/** Ends what stands on a sign-in, by the set that is kept on its IB session, until only what outlives the browser is left. */
async function signOut(deps: AdapterDeps, { ibSessionId, accountId }: EndingSignIn): Promise<void> {
  const { engine, sealer } = deps;
  const key = recordKey('IbSession', ibSessionId);
  for (let spared: ReadonlySet<string> = new Set(); ; ) {
    const session = (await engine.read([key])).get(keyName(key));
    if (session === undefined) return;
    const standing = [...setOf(session, 'grants')].filter((pk) => !spared.has(pk));
    if (standing.length === 0) return;
    const grants = await engine.read(standing.map(keyOf));
    const outliving = [...grants.values()].filter(
      (item) => noteOf(sealer, accountId, item)?.outlivesBrowser === true,
    );
    spared = new Set([...spared, ...outliving.map(({ pk }) => pk)]);
    const nowSeconds = Math.floor(deps.now() / 1000);
    const facts = { model: 'IbSession', id: ibSessionId, item: session, nowSeconds, sealer };
    for (const pk of standing) {
      if (spared.has(pk)) continue;
      await engine.write([{ op: 'delete', key: keyOf(pk) }]);
      const isGone = await removeGrant(engine, session, pk);
      const ended = isGone ? (fromItem(facts) as IbSession | undefined) : undefined;
      if (ended !== undefined) await deps.onIbSessionEnded?.(ended);
    }
  }
}
