/** One request's dealings with the store: reads are cached, writes are joined and flushed once. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Engine, Write } from './engine.ts';
import { StoreError } from './errors.ts';
import { type Item, type Key, keyName } from './items.ts';

export interface UnitOfWork {
  /** An item as this unit sees it: its own unflushed write first, then what it has read, then the table. */
  get(key: Key, along?: readonly Key[]): Promise<Item | undefined>;
  /** An item as this unit has read it already, if it has. */
  seen(key: Key): Item | undefined;
  /** Keys to fetch with the next read that goes out. */
  hint(keys: readonly Key[]): void;
  put(key: Key, item: Item): void;
  delete(key: Key): void;
  /** A write that the flush starts together with the batch, such as a conditional one. */
  defer(write: () => Promise<void>): void;
  /** What an immediate conditional write left behind, so that later reads of this unit see it. */
  remember(key: Key, item: Item | undefined): void;
  /** Runs an immediate engine call and notes its failure, which then fails the unit. */
  guard<T>(call: () => Promise<T>): Promise<T>;
}

interface State {
  readonly cache: Map<string, Promise<Item | undefined>>;
  /** What the cache's promises have come to. */
  readonly seen: Map<string, Item | undefined>;
  readonly writes: Map<string, Write>;
  readonly deferred: (() => Promise<void>)[];
  hints: Key[];
  failure: StoreError | undefined;
}

export interface UnitsOfWork {
  /** Runs `work` in a new unit and flushes it; nested calls join the outer unit. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` with the unit of the current request, or in one of its own where there is none. */
  within<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T>;
  /** The current request's unit, if any. */
  current(): UnitOfWork | undefined;
}

/** Units of work over an engine, carried from call to call by async context. */
export function createUnitsOfWork(engine: Engine): UnitsOfWork {
  const storage = new AsyncLocalStorage<{ state: State; unit: UnitOfWork }>();

  async function run<T>(work: () => Promise<T>): Promise<T> {
    if (storage.getStore() !== undefined) return work();
    const state: State = {
      cache: new Map(),
      seen: new Map(),
      writes: new Map(),
      deferred: [],
      hints: [],
      failure: undefined,
    };
    const unit = createUnit(engine, state);
    return storage.run({ state, unit }, async () => {
      const value = await work();
      if (state.failure !== undefined) throw state.failure;
      await flush(engine, state);
      return value;
    });
  }

  return {
    run,
    within: (work) => run(() => work(current())),
    current: () => storage.getStore()?.unit,
  };

  function current(): UnitOfWork {
    const entered = storage.getStore();
    if (entered === undefined) throw new TypeError('no unit of work is running');
    return entered.unit;
  }
}

async function flush(engine: Engine, state: State): Promise<void> {
  const writes = [...state.writes.values()];
  await Promise.all([engine.write(writes), ...state.deferred.map((write) => write())]);
}

function createUnit(engine: Engine, state: State): UnitOfWork {
  async function guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      // node-oidc-provider turns what an adapter throws into its own error answer; noting it here lets the unit fail.
      if (error instanceof StoreError) state.failure ??= error;
      throw error;
    }
  }

  function fetch(keys: readonly Key[]): void {
    const missing = [...new Map(keys.map((key) => [keyName(key), key])).values()].filter(
      (key) => !state.cache.has(keyName(key)),
    );
    if (missing.length === 0) return;
    const answer = guard(() => engine.read(missing));
    for (const key of missing) {
      const item = answer.then((found) => {
        state.seen.set(keyName(key), found.get(keyName(key)));
        return found.get(keyName(key));
      });
      // Whoever asks for the item sees the rejection; an item nobody asks for must not end the process.
      item.catch(() => undefined);
      state.cache.set(keyName(key), item);
    }
  }

  return {
    guard,
    async get(key, along = []) {
      const write = state.writes.get(keyName(key));
      if (write !== undefined) return write.op === 'put' ? write.item : undefined;
      if (!state.cache.has(keyName(key))) {
        fetch([key, ...along, ...state.hints]);
        state.hints = [];
      }
      return state.cache.get(keyName(key));
    },
    seen: (key) => state.seen.get(keyName(key)),
    hint(keys) {
      state.hints.push(...keys);
    },
    put(key, item) {
      state.writes.set(keyName(key), { op: 'put', key, item });
    },
    delete(key) {
      state.writes.set(keyName(key), { op: 'delete', key });
    },
    defer(write) {
      state.deferred.push(write);
    },
    remember(key, item) {
      state.cache.set(keyName(key), Promise.resolve(item));
      state.seen.set(keyName(key), item);
    },
  };
}
