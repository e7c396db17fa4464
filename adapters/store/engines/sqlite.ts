/**
 * The engine on SQLite: one file, opened by every process of one machine that needs it (server, workers, commands). Reads
 * are answered at once; writes of one turn of the event loop take effect in one transaction, on disk before any of them
 * is acknowledged.
 */
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import type { StoreCall } from '../contract.ts';
import type { Engine } from '../engine.ts';
import { StoreError } from '../errors.ts';
import type { TableRole } from '../items.ts';
import { createCommits, retrying } from './sqlite-commits.ts';
import { storeErrorOf } from './sqlite-errors.ts';
import { fileId, openDatabase } from './sqlite-file.ts';
import { createSqliteTable, PAGE_ITEMS } from './sqlite-table.ts';

export interface SqliteOptions {
  /** The folder of the file, or `:memory:`. */
  readonly dataDir: string;
  readonly onCall?: (call: StoreCall) => void;
}

/** Opens the store's file, which is made where it is missing. Rejects with `StoreError`, its `fault` a line for the operator. */
export async function openSqliteEngine(options: SqliteOptions): Promise<Engine> {
  return createEngine(await openDatabase(options.dataDir), options);
}

function createEngine(db: DatabaseSync, { dataDir, onCall = () => undefined }: SqliteOptions): Engine {
  const table = createSqliteTable(db);
  const commits = createCommits(db);
  const reading = createCaller(onCall, retrying);
  const opened = fileId(dataDir);
  const writing = createCaller(onCall, (operation, work) =>
    commits.run(operation, () => {
      checkPlace(operation);
      return work();
    }),
  );

  /** Whoever moves the file away, or puts another in its place, has a server that writes to a nameless one: all of it lost. */
  function checkPlace(operation: string): void {
    if (fileId(dataDir) !== opened)
      throw new StoreError({ code: 'unavailable', operation, engineError: 'FILE_REPLACED' });
  }

  return {
    isWhole: true,

    read: (keys) => reading('read', keys.length, () => table.read(keys)),

    async write(writes) {
      if (writes.length === 0) return;
      await writing('write', writes.length, () => {
        for (const write of writes) table.apply(write);
      });
    },

    decide: (deciding, { claims = [], before = [], after = [] } = {}) =>
      writing('decide', 1 + claims.length + before.length + after.length, () => {
        const lostClaim = claims.findIndex((claim) => !table.apply(claim).held);
        if (lostClaim >= 0) return { held: false, lostClaim };
        const decision = table.apply(deciding);
        if (decision.held) for (const write of [...before, ...after]) table.apply(write);
        return decision;
      }),

    querySubject: (subject, limit, after) =>
      reading('query', limit, () => table.bySubject(subject, limit, after)),

    async *scan(role: TableRole) {
      for (let from: string | undefined = ''; from !== undefined; ) {
        const start: string = from;
        const page = await reading('scan', PAGE_ITEMS, () => table.page(role, start));
        yield page.items;
        from = page.next;
        await setImmediate();
      }
    },

    async count(role, prefix, aliveAfter) {
      let total = 0;
      for (let from: string | undefined = prefix; from !== undefined; ) {
        const start: string = from;
        const page = await reading('count', PAGE_ITEMS, () => table.count(role, prefix, start, aliveAfter));
        total += page.count;
        from = page.next;
        await setImmediate();
      }
      return total;
    },

    async expire(nowSeconds) {
      for (let deleted = 0; ; await setImmediate()) {
        const piece = await writing('expire', PAGE_ITEMS, () => table.expire(nowSeconds));
        deleted += piece;
        if (piece > 0) await reading('vacuum', 0, table.giveBackSpace);
        if (piece < PAGE_ITEMS) return deleted;
      }
    },

    async ready() {
      checkPlace('ready');
      await reading('ready', 1, () => table.read([{ table: 'state', pk: 'Ready#' }]));
    },

    async close() {
      await commits.close();
      db.close();
    },
  };
}

type Runner = <T>(
  operation: string,
  work: () => T,
) => Promise<{ readonly value: T; readonly attempts: number }>;
type Caller = <T>(operation: string, items: number, work: () => T) => Promise<T>;

/** Runs calls one way, and tells of each: its time, outcome and how often it was tried. */
function createCaller(onCall: (call: StoreCall) => void, run: Runner): Caller {
  return async (operation, items, work) => {
    const started = performance.now();
    const report = (outcome: StoreCall['outcome'], attempts: number, error?: string): void =>
      onCall({
        engine: 'SQLite',
        operation,
        items,
        ms: performance.now() - started,
        outcome,
        attempts,
        readUnits: 0,
        writeUnits: 0,
        ...(error === undefined ? {} : { error }),
      });
    try {
      const { value, attempts } = await run(operation, work);
      report('ok', attempts);
      return value;
    } catch (cause) {
      const error = storeErrorOf(operation, cause);
      report(error.code, 1, error.engineError);
      throw error;
    }
  };
}
