/** Items as this store sees them, and DynamoDB's wire form of them. Pure. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** The two tables: short-lived state of flows, and what outlives them. */
export type TableRole = 'state' | 'tokens';

export interface Key {
  readonly table: TableRole;
  readonly pk: string;
}

export type AttributeScalar = string | number | Uint8Array | ReadonlySet<string>;

/** An item: `pk`, `expires` (unix seconds), the sealed `data`, and what conditions and indexes need in clear. */
export interface Item {
  readonly pk: string;
  readonly expires: number;
  readonly data?: Uint8Array;
  readonly [attribute: string]: AttributeScalar | undefined;
}

/** Which table a model's items live in. Unknown models are short-lived state. */
const TOKEN_MODELS: ReadonlySet<string> = new Set([
  'Grant',
  'AccessToken',
  'RefreshToken',
  'ClientCredentials',
  'RegistrationAccessToken',
  'InitialAccessToken',
  'Client',
  'IbSession',
]);

/** The table of a model's items. */
export function tableOf(model: string): TableRole {
  return TOKEN_MODELS.has(model) ? 'tokens' : 'state';
}

/** A string that names a key across both tables, for maps. */
export function keyName(key: Key): string {
  return `${key.table}/${key.pk}`;
}

/** The model part of a key. */
export function modelOf(pk: string): string {
  return pk.slice(0, pk.indexOf('#'));
}

function toValue(value: AttributeScalar): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (value instanceof Uint8Array) return { B: value };
  return { SS: [...value] };
}

/** Values of an expression or item, in DynamoDB's form; undefined ones are left out. */
export function toAttributes(
  values: Readonly<Record<string, AttributeScalar | undefined>>,
): Record<string, AttributeValue> {
  const out: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) out[name] = toValue(value);
  }
  return out;
}

function fromValue(value: AttributeValue): AttributeScalar | undefined {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.B !== undefined) return value.B;
  if (value.SS !== undefined) return new Set(value.SS);
  return undefined;
}

/** An item from DynamoDB's form; undefined where it lacks what every item of ours has. */
export function fromAttributes(attributes: Record<string, AttributeValue> | undefined): Item | undefined {
  if (attributes === undefined) return undefined;
  const out: Record<string, AttributeScalar | undefined> = {};
  for (const [name, value] of Object.entries(attributes)) out[name] = fromValue(value);
  const { pk, expires } = out;
  if (typeof pk !== 'string' || typeof expires !== 'number') return undefined;
  return out as Item;
}

/** A number attribute, or undefined. */
export function numberOf(item: Item, attribute: string): number | undefined {
  const value = item[attribute];
  return typeof value === 'number' ? value : undefined;
}

/** A string attribute, or undefined. */
export function stringOf(item: Item, attribute: string): string | undefined {
  const value = item[attribute];
  return typeof value === 'string' ? value : undefined;
}

/** A string set attribute; empty where absent, as DynamoDB keeps no empty sets. */
export function setOf(item: Item, attribute: string): ReadonlySet<string> {
  const value = item[attribute];
  return value instanceof Set ? value : new Set();
}
