/** The Grants that stand on an IB session, noted on it: the session goes with the last of them. */
import { absent, all, any, equals, exclude, exists, include } from './conditions.ts';
import type { Engine, Write } from './engine.ts';
import { ibSessionIdOf } from './handles.ts';
import { type Item, type Key, setOf, stringOf } from './items.ts';
import { recordKey } from './records.ts';

const GRANTS = 'grants';

/** The key of the IB session that a Grant stands on, for ending it where only the Grant's key is known. */
export function sessionOf(grantId: string): { session?: string } {
  const ibSessionId = ibSessionIdOf(grantId);
  return ibSessionId === undefined ? {} : { session: recordKey('IbSession', ibSessionId).pk };
}

/** The write that notes a Grant on its IB session. If that has ended meanwhile the Grant is dead already: nothing to note. */
export function addingGrant(ibSessionId: string, grantPk: string): Write {
  const key = recordKey('IbSession', ibSessionId);
  return { op: 'update', key, changes: [include(GRANTS, grantPk)], condition: exists };
}

/** Takes a Grant back, with all that stands on it, and the IB session with the last one. */
export async function revokeGrant(engine: Engine, grantKey: Key): Promise<void> {
  const [grant] = (await engine.read([grantKey])).values();
  await engine.write([{ op: 'delete', key: grantKey }]);
  const session = grant === undefined ? undefined : stringOf(grant, 'session');
  if (session === undefined) return;
  const [item] = (await engine.read([{ table: 'tokens', pk: session }])).values();
  if (item !== undefined) await removeGrant(engine, item, grantKey.pk);
}

/** Takes a Grant off its IB session, and deletes the session with the last one: true then. */
export async function removeGrant(engine: Engine, session: Item, grantPk: string): Promise<boolean> {
  const key = { table: 'tokens', pk: session.pk } as const;
  const grants = setOf(session, GRANTS);
  const alone = grants.size === 0 || (grants.size === 1 && grants.has(grantPk));
  // Who comes second finds nothing to end.
  const onlyMine = all(exists, any(absent(GRANTS), equals(GRANTS, new Set([grantPk]))));
  if (alone && (await engine.decide({ op: 'delete', key, condition: onlyMine })).held) return true;
  const { item } = await engine.decide({
    op: 'update',
    key,
    changes: [exclude(GRANTS, grantPk)],
    condition: exists,
  });
  if (item === undefined || setOf(item, GRANTS).size > 0) return false;
  return (await engine.decide({ op: 'delete', key, condition: all(exists, absent(GRANTS)) })).held;
}
