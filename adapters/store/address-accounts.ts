/** How many accounts lately signed in from an address: one small item for each address and hour, without a name in it. */
import { createHash } from 'node:crypto';
import { include, set } from './conditions.ts';
import type { Store } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { setOf } from './items.ts';
import { recordKey } from './records.ts';

const MODEL = 'AddressAccounts';
const WINDOW_SECONDS = 3600;
/** 4,096 marks: enough to tell hundreds of accounts apart, and an item that cannot grow without end. */
const MARK_LENGTH = 2;

/** An account's mark in an address's item. Two accounts in some thousands share one. */
function markOf(address: string, accountId: string): string {
  return createHash('sha256').update(`${address}\0${accountId}`).digest('base64url').slice(0, MARK_LENGTH);
}

/** Notes sign-ins with the flush, beside its other writes. */
export function createAddressAccounts(deps: AdapterDeps): Store['noteSignIn'] {
  const { engine, units } = deps;
  return ({ address, accountId, told }) =>
    units.within(async (unit) => {
      const window = Math.floor(deps.now() / 1000 / WINDOW_SECONDS);
      const key = recordKey(MODEL, `${address}\0${window}`);
      const changes = [
        set('expires', (window + 2) * WINDOW_SECONDS),
        include('accounts', markOf(address, accountId)),
      ];
      unit.defer(async () => {
        // A sign-in does not fail for being counted; calls that fail are counted by themselves.
        const decision = await engine.decide({ op: 'update', key, changes }).catch(() => undefined);
        if (decision?.item !== undefined) told(setOf(decision.item, 'accounts').size);
      });
    });
}
