/** One request's dealings with the store: reads are cached, writes are joined and flushed once. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Condition, exists } from './conditions.ts';
import type { Engine, Write } from './engine.ts';
import { StoreError } from './errors.ts';
import { type Claim, type Deciding, flush, type Merge, type Merging, type Unflushed } from './flush.ts';
import { type Item, type Key, keyName } from './items.ts';

export interface UnitOfWork {
  /** An item as this unit sees it: its own unflushed write first, then what it has read, then the table. */
  get(key: Key, along?: readonly Key[]): Promise<Item | undefined>;
  /** An item as this unit has read it already, if it has. */
  seen(key: Key): Item | undefined;
  /** Keys to fetch with the next read that goes out. */
  hint(keys: readonly Key[]): void;
  /** Written with the flush, under a condition if need be: where that does not hold then, it is left out. */
  put(key: Key, item: Item, condition?: Condition): void;
  /**
   * Like `put`, where others write the same item after this unit has read it: of what stands there by then and what this
   * unit would write, `merge` makes one, or nothing to write where the item is gone.
   */
  merge(key: Key, item: Item, merge: Merge): void;
  delete(key: Key): void;
  /** A write of another kind, flushed with the others, each by itself. */
  write(write: Write): void;
  /**
   * A write that must hold before anything that stands is changed, such as of what may be used once; taken back where the
   * flush then fails.
   */
  claim(claim: Claim): void;
  /** The write that the whole flush stands or falls with. One in a unit. */
  decide(write: Write, facts: Omit<Deciding, 'write'>): void;
  /** More work of the flush, which starts together with the writes; not where a decision was lost. */
  defer(work: () => Promise<void>): void;
  /** Told when everything has been written. */
  kept(tell: () => void): void;
  /** What an immediate conditional write left behind, so that later reads of this unit see it. */
  remember(key: Key, item: Item | undefined): void;
  /** Runs an immediate engine call and notes its failure, which then fails the unit. */
  guard<T>(call: () => Promise<T>): Promise<T>;
}

interface State extends Unflushed {
  readonly cache: Map<string, Promise<Item | undefined>>;
  /** What the cache's promises have come to. */
  readonly seen: Map<string, Item | undefined>;
  readonly writes: Map<string, Write>;
  readonly others: Write[];
  readonly merging: Map<string, Merging>;
  readonly claims: Claim[];
  deciding: Deciding | undefined;
  readonly deferred: (() => Promise<void>)[];
  readonly tellings: (() => void)[];
  /** Keys that are asked for in this turn, and the one read that brings them. */
  asked: { readonly keys: Key[]; readonly answer: Promise<ReadonlyMap<string, Item>> } | undefined;
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
      others: [],
      merging: new Map(),
      claims: [],
      deciding: undefined,
      deferred: [],
      tellings: [],
      asked: undefined,
      hints: [],
      failure: undefined,
    };
    const unit = createUnit(engine, state);
    return storage.run({ state, unit }, async () => {
      // Whatever became of a failure on its way up through the library, it is the one to be told.
      const value = await work().catch((error: unknown) => {
        throw state.failure ?? error;
      });
      if (state.failure !== undefined) throw state.failure;
      await flush(engine, state);
      for (const tell of state.tellings) tell();
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

type Reading = Pick<UnitOfWork, 'get' | 'seen' | 'hint' | 'remember' | 'guard'>;

function createUnit(engine: Engine, state: State): UnitOfWork {
  return {
    ...createReading(engine, state),
    ...createWriting(state),
    kept(tell) {
      state.tellings.push(tell);
    },
  };
}

function createReading(engine: Engine, state: State): Reading {
  async function guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      // node-oidc-provider turns what an adapter throws into its own error answer; noting it here lets the unit fail.
      if (error instanceof StoreError) state.failure ??= error;
      throw error;
    }
  }

  /** All that this turn asks for comes with one read. */
  function asking(): NonNullable<State['asked']> {
    if (state.asked !== undefined) return state.asked;
    const keys: Key[] = [];
    const answer = Promise.resolve().then(() => {
      state.asked = undefined;
      return guard(() => engine.read(keys));
    });
    state.asked = { keys, answer };
    return state.asked;
  }

  function fetch(keys: readonly Key[]): void {
    for (const key of keys) {
      const name = keyName(key);
      if (state.cache.has(name)) continue;
      const asked = asking();
      asked.keys.push(key);
      const item = asked.answer.then((found) => {
        state.seen.set(name, found.get(name));
        return found.get(name);
      });
      // Whoever asks for the item sees the rejection; an item nobody asks for must not end the process.
      item.catch(() => undefined);
      state.cache.set(name, item);
    }
  }

  return {
    guard,
    async get(key, along = []) {
      const merging = state.merging.get(keyName(key));
      if (merging !== undefined) return merging.item;
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
    remember(key, item) {
      state.cache.set(keyName(key), Promise.resolve(item));
      state.seen.set(keyName(key), item);
    },
  };
}

function createWriting(state: State): Omit<UnitOfWork, keyof Reading | 'kept'> {
  function put(key: Key, item: Item, condition?: Condition): void {
    const under = condition === undefined ? {} : { condition };
    state.writes.set(keyName(key), { op: 'put', key, item, ...under });
  }

  return {
    put,
    merge(key, item, merge) {
      const name = keyName(key);
      // Not read here: nothing of it is kept, whoever wrote it.
      if (!state.seen.has(name)) return put(key, item);
      state.writes.delete(name);
      state.merging.set(name, { key, before: state.seen.get(name), item, merge });
    },
    delete(key) {
      state.merging.delete(keyName(key));
      state.writes.set(keyName(key), { op: 'delete', key });
    },
    write(write) {
      const at = state.others.findIndex(({ key }) => keyName(key) === keyName(write.key));
      const before = state.others[at];
      if (before?.op === 'update' && write.op === 'update' && write.condition === exists) {
        // One write of one item: what the first makes exists for the second.
        state.others[at] = { ...before, changes: [...before.changes, ...write.changes] };
      } else state.others.push(write);
    },
    claim(claim) {
      state.claims.push(claim);
    },
    decide(write, facts) {
      if (state.deciding !== undefined) throw new TypeError('a unit of work has one deciding write');
      state.deciding = { write, ...facts };
    },
    defer(work) {
      state.deferred.push(work);
    },
  };
}
