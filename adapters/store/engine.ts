/**
 * What an engine does for the store: a few verbs over items under keys, and nothing about what is stored. Every engine
 * passes the one suite in `test/adapters/store`. Every method rejects with `StoreError` only.
 */
import type { Change, Condition } from './conditions.ts';
import type { Item, Key, TableRole } from './items.ts';

/** A write of one item. With a condition that does not hold it is left out, and the writes beside it are not. */
export type Write =
  | { readonly op: 'put'; readonly key: Key; readonly item: Item; readonly condition?: Condition }
  | { readonly op: 'delete'; readonly key: Key; readonly condition?: Condition }
  | {
      readonly op: 'update';
      readonly key: Key;
      readonly changes: readonly Change[];
      readonly condition?: Condition;
    };

/** Writes that take effect with a deciding one. */
export interface Along {
  /** Conditional writes that must hold before the deciding one is made, in this order; nothing comes after one that does not. */
  readonly claims?: readonly Write[];
  /**
   * Items under keys that nobody has been told of yet. They are there before the decision is, so that nothing is used up
   * without them; where the decision falls otherwise they may stay, of no use to anyone, until they expire.
   */
  readonly before?: readonly Write[];
  /**
   * What is no longer needed, or only noted: where an engine has no transactions (DynamoDB, by choice: see
   * `docs/decisions`), a crash in the wrong moment, or a store that then fails, leaves it undone, and the decision stands.
   * Nothing that an answer promises goes here.
   */
  readonly after?: readonly Write[];
}

/** What a deciding write came to. */
export interface Decision {
  /** Whether all conditions held and everything was written; nothing an observer could see was, otherwise, but for claims that held. */
  readonly held: boolean;
  /** The item as it stands after a write that held; absent after a delete or where it did not hold. */
  readonly item?: Item;
  /** Which claim did not hold, where it was one of them. */
  readonly lostClaim?: number;
}

export interface Engine {
  /** What is asked for in one turn takes effect together, or none of it; otherwise whoever writes keeps an order. */
  readonly isWhole: boolean;
  /** Strongly consistent; absent keys are absent from the map (by `keyName`). */
  read(keys: readonly Key[]): Promise<ReadonlyMap<string, Item>>;
  /** Each write by itself, in no order; as few calls as the engine can. */
  write(writes: readonly Write[]): Promise<void>;
  /** One conditional write, and what takes effect together with it: all of it or none. Of many at once one holds. */
  decide(write: Write, along?: Along): Promise<Decision>;
  /**
   * The items of one `subject`, up to `limit` of them, from behind the key `after` on where it is given: `pk`, `expires`
   * and what listings show. May lag behind writes.
   */
  querySubject(subject: string, limit: number, after?: string): Promise<readonly Item[]>;
  /** All items, page by page; only for operators' commands. */
  scan(table: TableRole): AsyncIterable<readonly Item[]>;
  /** How many items under keys that begin with `prefix` expire after a time (unix seconds). Reads them all, in pages. */
  count(table: TableRole, prefix: string, aliveAfter: number): Promise<number>;
  /** Deletes the items that have expired by a time, in small pieces; resolves with their number. */
  expire(nowSeconds: number): Promise<number>;
  /** Resolves when the engine answers. */
  ready(): Promise<void>;
  close(): void | Promise<void>;
}
