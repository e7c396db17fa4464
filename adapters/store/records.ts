/** Models and their items: which key a record has, what is sealed, what stands in clear. Pure but for randomness. */
import { grantIdOf, ibSessionIdOf } from './handles.ts';
import { type AttributeScalar, type Item, type Key, tableOf } from './items.ts';
import { hashedKey, open, type Pepper, seal } from './seal.ts';

export type Payload = Record<string, unknown>;

/** Length of a browser session's `uid`, the first part of its id. */
const SESSION_UID_LENGTH = 43;

/**
 * What a record is looked up by: its id, but for browser sessions, whose id is `uid` + secret. Their item is kept under
 * the uid, so that it is found from the cookie and from the uid alike with one read and no index.
 */
export function lookupValue(model: string, id: string): string {
  return model === 'Session' ? id.slice(0, SESSION_UID_LENGTH) : id;
}

/** The key of a record's item. */
export function recordKey(model: string, id: string): Key {
  return { table: tableOf(model), pk: hashedKey(model, lookupValue(model, id)) };
}

/** The records that a token, code or Grant stands on: its Grant and IB session, by the handles in its value. */
export function standsOn(model: string, id: string): Key[] {
  const grantId = model === 'Grant' ? id : grantIdOf(id);
  if (grantId === undefined) return [];
  const ibSessionId = ibSessionIdOf(grantId);
  return [
    ...(model === 'Grant' ? [] : [recordKey('Grant', grantId)]),
    ...(ibSessionId === undefined ? [] : [recordKey('IbSession', ibSessionId)]),
  ];
}

/** An item for a record: payload sealed under the value it is looked up by, the rest in clear. */
export function toItem(facts: {
  readonly model: string;
  readonly id: string;
  readonly payload: unknown;
  readonly expires: number;
  readonly clear?: Readonly<Record<string, AttributeScalar | undefined>>;
  readonly peppers: readonly Pepper[];
}): Item {
  const { pk } = recordKey(facts.model, facts.id);
  const secret = lookupValue(facts.model, facts.id);
  const data = seal(facts.payload, { secret, label: facts.model, key: pk }, facts.peppers);
  return { ...facts.clear, pk, expires: facts.expires, data };
}

/** A record's payload, or undefined where the item is gone or its time has passed. Throws `SealError`. */
export function fromItem(facts: {
  readonly model: string;
  readonly id: string;
  readonly item: Item | undefined;
  readonly nowSeconds: number;
  readonly peppers: readonly Pepper[];
}): Payload | undefined {
  const { item, model, id } = facts;
  if (item?.data === undefined || item.expires <= facts.nowSeconds) return undefined;
  const secret = lookupValue(model, id);
  return open(item.data, { secret, label: model, key: item.pk }, facts.peppers) as Payload;
}
