/**
 * Which secrets a store was written under. A fingerprint of each pepper is kept in the store itself, so that a server with
 * other secrets ends at its start, and not in items that nobody can open.
 */
import { include, missing } from './conditions.ts';
import type { Engine } from './engine.ts';
import { StoreError } from './errors.ts';
import { type Item, type Key, setOf } from './items.ts';
import { createSealer, type Pepper } from './seal.ts';

const KEY: Key = { table: 'tokens', pk: 'Store#peppers' };
const FINGERPRINTS = 'fingerprints';
/** The end of time as items know it. */
const NEVER_SECONDS = 32_503_680_000;

/** What tells a pepper from others and says nothing of it. */
function fingerprintOf(pepper: Pepper): string {
  const { hash } = createSealer({ peppers: () => [pepper] });
  return `${pepper.id}:${hash('fingerprint', pepper.id).slice(0, 22)}`;
}

/**
 * Rejects with a `StoreError` where the store was written under other peppers than these; else notes those that are new.
 * One in common is enough: that is what a rotation looks like.
 */
export async function checkPeppers(engine: Engine, peppers: readonly Pepper[]): Promise<void> {
  const mine = peppers.map(fingerprintOf);
  const known = await knownIn(engine);
  if (known === undefined) {
    const item: Item = { pk: KEY.pk, expires: NEVER_SECONDS, [FINGERPRINTS]: new Set(mine) };
    if ((await engine.decide({ op: 'put', key: KEY, item, condition: missing })).held) return;
    // Another server has started on the empty store meanwhile.
    return checkPeppers(engine, peppers);
  }
  if (!mine.some((fingerprint) => known.has(fingerprint))) throw unknownSecrets();
  const added = mine.filter((fingerprint) => !known.has(fingerprint));
  await engine.write(
    added.map((fingerprint) => ({ op: 'update', key: KEY, changes: [include(FINGERPRINTS, fingerprint)] })),
  );
}

async function knownIn(engine: Engine): Promise<ReadonlySet<string> | undefined> {
  const [item] = (await engine.read([KEY])).values();
  return item === undefined ? undefined : setOf(item, FINGERPRINTS);
}

function unknownSecrets(): StoreError {
  return new StoreError({
    code: 'failed',
    operation: 'open',
    engineError: 'OTHER_SECRETS',
    fault:
      'the store was written under other secrets than these; give this server the secrets of the others ' +
      '(SECRETS_FILE, SECRETS_ARN), or a store of its own',
  });
}
