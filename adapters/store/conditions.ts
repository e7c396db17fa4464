/**
 * Conditions and changes of the store's writes as values, and what they mean. An engine compiles them into its own
 * language, or asks `holds` and `changed` here. Pure; knows nothing of what is stored.
 */
import type { AttributeScalar, Item } from './items.ts';

/** What must hold of the item that stands under a key. An attribute that is absent, or no item, fails every comparison. */
export type Condition =
  | { readonly is: 'present' | 'absent'; readonly attribute: string }
  | { readonly is: 'equal'; readonly attribute: string; readonly value: AttributeScalar }
  | { readonly is: 'above' | 'at_most'; readonly attribute: string; readonly value: number }
  | { readonly is: 'all'; readonly of: readonly Condition[] }
  | { readonly is: 'any'; readonly of: readonly Condition[] };

/** One change of an item. An item that is not there is made of its changes. */
export type Change =
  | { readonly to: 'set' | 'set_if_absent'; readonly attribute: string; readonly value: AttributeScalar }
  /** Sets a number to another attribute's plus an amount. */
  | { readonly to: 'sum'; readonly attribute: string; readonly of: string; readonly plus: number }
  /** Adds to a number; an absent one counts as 0. */
  | { readonly to: 'add'; readonly attribute: string; readonly amount: number }
  /** Adds to, or removes from, a set; an empty set is an absent one. */
  | { readonly to: 'include' | 'exclude'; readonly attribute: string; readonly members: ReadonlySet<string> };

/** The attribute that every item has. */
const KEY = 'pk';

/** An item stands under the key. */
export const exists: Condition = { is: 'present', attribute: KEY };
/** No item stands under the key. */
export const missing: Condition = { is: 'absent', attribute: KEY };
/** The item lacks this attribute, or there is no item. */
export const absent = (attribute: string): Condition => ({ is: 'absent', attribute });
/** The attribute is this value; sets are equal with equal members. */
export const equals = (attribute: string, value: AttributeScalar): Condition => ({
  is: 'equal',
  attribute,
  value,
});
/** The attribute is a greater number. */
export const above = (attribute: string, value: number): Condition => ({ is: 'above', attribute, value });
/** The attribute is this number or a smaller one. */
export const atMost = (attribute: string, value: number): Condition => ({ is: 'at_most', attribute, value });
/** Every one of them holds. */
export const all = (...of: readonly Condition[]): Condition => ({ is: 'all', of });
/** One of them holds at least. */
export const any = (...of: readonly Condition[]): Condition => ({ is: 'any', of });

/** Sets an attribute. */
export const set = (attribute: string, value: AttributeScalar): Change => ({ to: 'set', attribute, value });
/** Sets an attribute where it has no value yet. */
export const setIfAbsent = (attribute: string, value: AttributeScalar): Change => ({
  to: 'set_if_absent',
  attribute,
  value,
});
/** Sets a number to another attribute's plus an amount. */
export const setSum = (attribute: string, of: string, plus: number): Change => ({
  to: 'sum',
  attribute,
  of,
  plus,
});
/** Adds to a number. */
export const add = (attribute: string, amount: number): Change => ({ to: 'add', attribute, amount });
/** Adds one member to a set. */
export const include = (attribute: string, member: string): Change => ({
  to: 'include',
  attribute,
  members: new Set([member]),
});
/** Removes one member from a set. */
export const exclude = (attribute: string, member: string): Change => ({
  to: 'exclude',
  attribute,
  members: new Set([member]),
});

/** Whether a condition holds of an item, or of there being none. */
export function holds(condition: Condition, item: Item | undefined): boolean {
  if (condition.is === 'all') return condition.of.every((part) => holds(part, item));
  if (condition.is === 'any') return condition.of.some((part) => holds(part, item));
  const value = item?.[condition.attribute];
  switch (condition.is) {
    case 'present':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'equal':
      return value !== undefined && isSame(value, condition.value);
    case 'above':
      return typeof value === 'number' && value > condition.value;
    case 'at_most':
      return typeof value === 'number' && value <= condition.value;
  }
}

function isSame(a: AttributeScalar, b: AttributeScalar): boolean {
  if (a instanceof Set && b instanceof Set) return a.size === b.size && a.isSubsetOf(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}

/** The item that changes make of one, or of nothing. All read the item as it was, as DynamoDB does. */
export function changed(pk: string, item: Item | undefined, changes: readonly Change[]): Item {
  const next: Record<string, AttributeScalar | undefined> = { ...item, pk };
  for (const change of changes) {
    const value = valueAfter(change, item);
    if (value === undefined) delete next[change.attribute];
    else next[change.attribute] = value;
  }
  return next as Item;
}

function valueAfter(change: Change, item: Item | undefined): AttributeScalar | undefined {
  const before = item?.[change.attribute];
  switch (change.to) {
    case 'set':
      return change.value;
    case 'set_if_absent':
      return before ?? change.value;
    case 'sum': {
      const addend = item?.[change.of];
      if (typeof addend !== 'number') throw new TypeError(`${change.of} is no number`);
      return addend + change.plus;
    }
    case 'add':
      return (typeof before === 'number' ? before : 0) + change.amount;
    case 'include':
      return before instanceof Set ? before.union(change.members) : change.members;
    case 'exclude': {
      const left = before instanceof Set ? before.difference(change.members) : new Set<string>();
      return left.size === 0 ? undefined : left;
    }
  }
}
