/** Items as this store sees them. Pure. */

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
  'PlatformClient',
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

/** A string set attribute; empty where absent, as there are no empty sets. */
export function setOf(item: Item, attribute: string): ReadonlySet<string> {
  const value = item[attribute];
  return value instanceof Set ? value : new Set();
}
