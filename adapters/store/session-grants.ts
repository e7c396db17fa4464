/** The Grants that stand on an IB session, noted on it: the session goes with the last of them. */
import type { Engine, Expression } from './engines/dynamodb.ts';
import { ibSessionIdOf } from './handles.ts';
import { type Item, setOf } from './items.ts';
import { recordKey } from './records.ts';

const GRANTS = 'grants';

/** The key of the IB session that a Grant stands on, for ending it where only the Grant's key is known. */
export function sessionOf(grantId: string): { session?: string } {
  const ibSessionId = ibSessionIdOf(grantId);
  return ibSessionId === undefined ? {} : { session: recordKey('IbSession', ibSessionId).pk };
}

/** Notes a Grant on its IB session. If that has ended meanwhile the Grant is dead already: nothing to note. */
export async function addGrant(engine: Engine, ibSessionId: string, grantPk: string): Promise<void> {
  await engine.update(
    recordKey('IbSession', ibSessionId),
    { text: `ADD ${GRANTS} :grant`, values: { ':grant': new Set([grantPk]) } },
    { text: 'attribute_exists(pk)' },
  );
}

/** Takes a Grant off its IB session, and deletes the session with the last one: true then. */
export async function removeGrant(engine: Engine, session: Item, grantPk: string): Promise<boolean> {
  const key = { table: 'tokens', pk: session.pk } as const;
  const mine = new Set([grantPk]);
  const grants = setOf(session, GRANTS);
  const alone = grants.size === 0 || (grants.size === 1 && grants.has(grantPk));
  const onlyMine: Expression = {
    text: `attribute_not_exists(${GRANTS}) OR ${GRANTS} = :grant`,
    values: { ':grant': mine },
  };
  if (alone && (await engine.deleteIf(key, onlyMine))) return true;
  const left = await engine.update(
    key,
    { text: `DELETE ${GRANTS} :grant`, values: { ':grant': mine } },
    { text: 'attribute_exists(pk)' },
  );
  if (left === undefined || setOf(left, GRANTS).size > 0) return false;
  return engine.deleteIf(key, { text: `attribute_not_exists(${GRANTS})` });
}
