/**
 * Refresh tokens rotate by fact, not by clock. A rotated one may be presented again as long as its successor has not been
 * used, and gives the same successor, whose value is derived from it: a client that lost the answer, or that refreshes
 * from several processes, loses nothing, and there is never a second family. Once the successor has been used, it is reuse.
 */
import type { Adapter } from 'oidc-provider';
import { missing } from './conditions.ts';
import type { AdapterDeps } from './deps.ts';
import { grantIdOf, successorTokenValue } from './handles.ts';
import { type Item, numberOf } from './items.ts';
import { recordKey, standsOn, toItem } from './records.ts';

const MODEL = 'RefreshToken';

const isUsed = (item: Item | undefined): boolean =>
  item !== undefined && numberOf(item, 'consumedAtMs') !== undefined;

/** What the adapter of any model does, and how a token of this one is used up. */
interface Base {
  readonly plain: Adapter;
  readonly consume: (id: string) => Promise<void>;
}

/** node-oidc-provider's adapter for refresh tokens. */
export function createRefreshTokenAdapter(deps: AdapterDeps, { plain, consume }: Base): Adapter {
  const { sealer, units } = deps;
  return {
    ...plain,
    find: (id) =>
      units.within(async (unit) => {
        const payload = await plain.find(id);
        if (!payload?.consumed) return payload ?? undefined;
        const rotated = await unit.get(recordKey(MODEL, id), standsOn(MODEL, id));
        // Derived under the pepper behind the rotated one, which stays the same while peppers change.
        const key = sealer.keyBehind(rotated?.data);
        const grantId = grantIdOf(id) ?? '';
        const successor = successorTokenValue({ model: MODEL, grantId, rotated: id, context: '', key });
        if (isUsed(await unit.get(recordKey(MODEL, successor)))) return payload;
        const { consumed: _consumed, ...usable } = payload;
        return usable;
      }),

    // A slow repetition may come when the successor has been used: it must not stand there as new.
    upsert: (id, payload, expiresIn) =>
      units.within(async (unit) => {
        const expires = Math.floor(deps.now() / 1000) + (expiresIn ?? 0);
        const item = toItem({ model: MODEL, id, payload, expires, sealer });
        unit.put(recordKey(MODEL, id), item, missing);
      }),

    consume,
  };
}
