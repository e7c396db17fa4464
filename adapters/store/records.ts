/** Models and their items: which key a record has, what is sealed, what stands in clear. Pure but for randomness. */
import { equals, missing, set } from './conditions.ts';
import type { Write } from './engine.ts';
import { grantIdOf, ibSessionIdOf } from './handles.ts';
import { type AttributeScalar, type Item, type Key, modelOf, tableOf } from './items.ts';
import { hashedKey, type SealContext, type Sealer } from './seal.ts';

export type Payload = Record<string, unknown>;

/** Length of a browser session's `uid`, the first part of its id. */
const SESSION_UID_LENGTH = 43;

/**
 * What a record is looked up by: its id, but for browser sessions, whose id is `uid` + secret. Their item is kept under
 * the uid, so that it is found from the cookie and from the uid alike with one read and no index.
 */
function lookupValue(model: string, id: string): string {
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

/**
 * What decides something and stands in clear for conditions and indexes, by model. Whoever can write to the table, and
 * has no pepper, makes a record absent by changing one of these, or its `expires`, and cannot make it say something else.
 * Marks that are set without writing the payload anew, such as `consumedAtMs`, cannot be among them.
 */
const BOUND: Readonly<Record<string, readonly string[]>> = {
  LoginAttempt: ['attemptId', 'generation', 'status'],
  Grant: ['subject', 'client', 'session'],
};

/** Records that may outlive peppers: they have no end of their own, or a distant one. */
const LASTING: ReadonlySet<string> = new Set([
  'Client',
  'RegistrationAccessToken',
  'InitialAccessToken',
  'PlatformClient',
]);

/** What a record is sealed with besides its pepper. */
function contextOf(model: string, id: string, item: Item): SealContext {
  return { ...sealedBeside(model, item), secret: lookupValue(model, id) };
}

function sealedBeside(model: string, item: Item): Omit<SealContext, 'secret'> {
  const marks = (BOUND[model] ?? []).map((attribute) => {
    const value = item[attribute];
    return typeof value === 'string' || typeof value === 'number' ? value : undefined;
  });
  return { label: model, key: item.pk, bound: [item.expires, ...marks], lasting: LASTING.has(model) };
}

/** An item for a record: payload sealed under the value it is looked up by, the rest in clear. */
export function toItem(facts: {
  readonly model: string;
  readonly id: string;
  readonly payload: unknown;
  readonly expires: number;
  readonly clear?: Readonly<Record<string, AttributeScalar | undefined>>;
  readonly sealer: Sealer;
}): Item {
  const { pk } = recordKey(facts.model, facts.id);
  const item = { ...facts.clear, pk, expires: Math.floor(facts.expires) };
  return { ...item, data: facts.sealer.seal(facts.payload, contextOf(facts.model, facts.id, item)) };
}

/** Whether an item is of the kind that outlives peppers, and it is time to seal it anew. */
export function isOutdated(model: string, item: Item, sealer: Sealer): boolean {
  return LASTING.has(model) && item.data !== undefined && sealer.isOutdated(item.data);
}

/** The write that puts an item's payload under the pepper in use, unless somebody else has changed it since. */
export function resealing(key: Key, item: Item, sealer: Sealer): Write | undefined {
  const data = item.data && sealer.reseal(item.data, sealedBeside(modelOf(item.pk), item));
  return data === undefined ? undefined : replacing(key, item, data);
}

/** The same where the payload is at hand, whatever format it was sealed in. */
export function sealingAnew(
  key: Key,
  item: Item,
  facts: { readonly model: string; readonly id: string; readonly payload: Payload; readonly sealer: Sealer },
): Write {
  const { model, id, payload, sealer } = facts;
  return replacing(key, item, sealer.seal(payload, contextOf(model, id, item)));
}

function replacing(key: Key, { data: former }: Item, data: Uint8Array): Write {
  const condition = former === undefined ? missing : equals('data', former);
  return { op: 'update', key, changes: [set('data', data)], condition };
}

/** A record's payload, or undefined where the item is gone, its time has passed, or it does not open. */
export function fromItem(facts: {
  readonly model: string;
  readonly id: string;
  readonly item: Item | undefined;
  readonly nowSeconds: number;
  readonly sealer: Sealer;
}): Payload | undefined {
  const { item, model, id } = facts;
  if (item?.data === undefined || item.expires <= facts.nowSeconds) return undefined;
  return facts.sealer.open(item.data, contextOf(model, id, item)) as Payload | undefined;
}
