/** The table of the SQLite engine: its statements, all synchronous and prepared once, and the rows' form. */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { changed, holds } from '../conditions.ts';
import type { Decision, Write } from '../engine.ts';
import { type AttributeScalar, type Item, type Key, keyName, type TableRole } from '../items.ts';

/** Items in one page of a scan, and expired ones deleted in one transaction: a millisecond or two of the event loop. */
export const PAGE_ITEMS = 200;
/** Keys in one statement; more are read by several. */
const MOST_KEYS = 16;
/** Pages given back to the file system at once. */
const VACUUM_PAGES = 128;
/** What stands behind every text that begins with a prefix of ours. */
const LAST = '\uffff';

const COLUMNS = 'key, expires, subject, attributes, data';

/** What a page of a listing holds, and where the next begins. */
interface Page {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

export interface SqliteTable {
  read(keys: readonly Key[]): ReadonlyMap<string, Item>;
  /** Makes one write where its condition holds. To be called in a transaction. */
  apply(write: Write): Decision;
  bySubject(subject: string, limit: number, after?: string): readonly Item[];
  page(role: TableRole, after: string): Page;
  /** Counts items under keys with a prefix, from one key on, that expire after a time. */
  count(
    role: TableRole,
    prefix: string,
    after: string,
    aliveAfter: number,
  ): { readonly count: number; readonly next: string | undefined };
  /** Deletes some expired items; how many. */
  expire(nowSeconds: number): number;
  /** Shortens the file by some of the pages that nothing uses any more. */
  giveBackSpace(): void;
}

/** The statements on a database whose schema is made. */
export function createSqliteTable(db: DatabaseSync): SqliteTable {
  const reads = new Map<number, StatementSync>();
  const put = db.prepare(
    `INSERT INTO items (${COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET ` +
      'expires = excluded.expires, subject = excluded.subject, attributes = excluded.attributes, data = excluded.data',
  );
  const remove = db.prepare('DELETE FROM items WHERE key = ?');
  const bySubject = db.prepare(
    `SELECT ${COLUMNS} FROM items WHERE subject = ? AND key > ? ORDER BY key LIMIT ?`,
  );
  const page = db.prepare(
    `SELECT ${COLUMNS} FROM items WHERE key > ? AND key < ? ORDER BY key LIMIT ${PAGE_ITEMS}`,
  );
  const live = db.prepare(
    `SELECT key, expires FROM items WHERE key > ? AND key < ? ORDER BY key LIMIT ${PAGE_ITEMS}`,
  );
  const expire = db.prepare(
    `DELETE FROM items WHERE rowid IN (SELECT rowid FROM items WHERE expires <= ? LIMIT ${PAGE_ITEMS})`,
  );
  const vacuum = db.prepare(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);

  function reader(count: number): StatementSync {
    const known = reads.get(count);
    if (known !== undefined) return known;
    const places = Array.from({ length: count }, () => '?').join(', ');
    const made = db.prepare(`SELECT ${COLUMNS} FROM items WHERE key IN (${places})`);
    reads.set(count, made);
    return made;
  }

  function rowsAt(names: readonly string[]): Row[] {
    return reader(names.length).all(...names) as Row[];
  }

  function standing({ key }: Write): Item | undefined {
    const [row] = rowsAt([keyName(key)]);
    return row === undefined ? undefined : itemOf(row);
  }

  return {
    read(keys) {
      const found = new Map<string, Item>();
      for (let at = 0; at < keys.length; at += MOST_KEYS) {
        for (const row of rowsAt(keys.slice(at, at + MOST_KEYS).map(keyName)))
          found.set(row.key, itemOf(row));
      }
      return found;
    },
    apply(write) {
      const { op, key, condition } = write;
      const name = keyName(key);
      const before = condition === undefined && op !== 'update' ? undefined : standing(write);
      if (condition !== undefined && !holds(condition, before)) return { held: false };
      if (op === 'delete') {
        remove.run(name);
        return { held: true };
      }
      const item = op === 'put' ? write.item : changed(key.pk, before, write.changes);
      put.run(name, ...valuesOf(item));
      return { held: true, item };
    },
    bySubject(subject, limit, after) {
      const from = after === undefined ? '' : keyName({ table: 'tokens', pk: after });
      return (bySubject.all(subject, from, limit) as Row[]).map(itemOf);
    },
    page(role, after) {
      const rows = page.all(after === '' ? `${role}/` : after, `${role}/${LAST}`) as Row[];
      return { items: rows.map(itemOf), next: rows.length < PAGE_ITEMS ? undefined : rows.at(-1)?.key };
    },
    count(role, prefix, after, aliveAfter) {
      const from = after === prefix ? `${role}/${prefix}` : after;
      const rows = live.all(from, `${role}/${prefix}${LAST}`) as Pick<Row, 'key' | 'expires'>[];
      const count = rows.filter(({ expires }) => expires > aliveAfter).length;
      return { count, next: rows.length < PAGE_ITEMS ? undefined : rows.at(-1)?.key };
    },
    expire: (nowSeconds) => Number(expire.run(nowSeconds).changes),
    giveBackSpace() {
      vacuum.all();
    },
  };
}

/** One row of the table. `attributes` is JSON of what is neither indexed nor sealed. */
interface Row extends Record<string, SQLOutputValue> {
  readonly key: string;
  readonly expires: number;
  readonly subject: string | null;
  readonly attributes: string | null;
  readonly data: Uint8Array<ArrayBuffer> | null;
}

/** What JSON has no form for: sets and bytes. */
type Packed = string | number | { readonly set: string[] } | { readonly bytes: string };

function packed(value: AttributeScalar): Packed {
  if (value instanceof Set) return { set: [...value] };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  return value as string | number;
}

function unpacked(value: Packed): AttributeScalar {
  if (typeof value !== 'object') return value;
  return 'set' in value ? new Set(value.set) : new Uint8Array(Buffer.from(value.bytes, 'base64'));
}

function valuesOf(item: Item): [number, string | null, string | null, Uint8Array | null] {
  const { pk: _pk, expires, data, subject, ...others } = item;
  let rest: Record<string, Packed> | undefined;
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) (rest ??= {})[name] = packed(value);
  }
  return [
    expires,
    typeof subject === 'string' ? subject : null,
    rest === undefined ? null : JSON.stringify(rest),
    data ?? null,
  ];
}

function itemOf(row: Row): Item {
  const { key, expires, subject, attributes, data } = row;
  const item: Record<string, AttributeScalar> = { pk: key.slice(key.indexOf('/') + 1), expires };
  if (data !== null) item['data'] = data;
  if (subject !== null) item['subject'] = subject;
  if (attributes !== null) {
    const rest = JSON.parse(attributes) as Record<string, Packed>;
    for (const [name, value] of Object.entries(rest)) item[name] = unpacked(value);
  }
  return item as Item;
}
