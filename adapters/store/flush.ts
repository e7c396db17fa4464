/** How what a unit of work has put, changed and used up reaches the engine: in one transaction, or in an order. */
import { equals, missing } from './conditions.ts';
import type { Along, Decision, Engine, Write } from './engine.ts';
import { StoreError } from './errors.ts';
import { type Item, type Key, keyName } from './items.ts';

/** What is to stand in place of `standing`, or undefined where nothing is to be written. */
export type Merge = (standing: Item | undefined) => Item | undefined;

/** A conditional write whose loss is the unit's. */
export interface Claim {
  readonly write: Write;
  /** Says what the unit rejects with, where the write does not hold. */
  readonly lost: () => Promise<Error>;
  /** Undoes it; its condition tells it from everybody else's. */
  readonly undo: Write;
}

/** The write that a whole flush stands or falls with. */
export interface Deciding {
  readonly write: Write;
  /** Says what the unit rejects with, where the write does not hold. */
  readonly lost: () => Promise<Error>;
  /**
   * Made when all else has been written, where that is of no use to anybody without the unit's answer. Otherwise what was
   * put goes along with it, and where it does not hold nothing is written.
   */
  readonly isLast: boolean;
}

/** An item that others write as well. */
export interface Merging {
  readonly key: Key;
  /** As this unit has read it. */
  readonly before: Item | undefined;
  readonly item: Item;
  readonly merge: Merge;
}

/** What a unit leaves to its flush. */
export interface Unflushed {
  /** What it has read, or begun to, by the keys' names. */
  readonly cache: ReadonlyMap<string, unknown>;
  readonly writes: ReadonlyMap<string, Write>;
  /** Writes of another kind, each by itself. */
  readonly others: readonly Write[];
  readonly merging: ReadonlyMap<string, Merging>;
  readonly claims: readonly Claim[];
  readonly deciding: Deciding | undefined;
  /** More work, which starts together with the writes. */
  readonly deferred: readonly (() => Promise<void>)[];
}

/** Flushes; a store that failed in it has used up nothing that the request was let in by. */
export async function flush(engine: Engine, state: Unflushed): Promise<void> {
  try {
    await writeAll(engine, state);
  } catch (error) {
    // A store that does not take this either keeps what was claimed: safe, and the client has to sign anew.
    if (error instanceof StoreError)
      await Promise.allSettled(state.claims.map(({ undo }) => engine.write([undo])));
    throw error;
  }
}

async function writeAll(engine: Engine, state: Unflushed): Promise<void> {
  const writes = [...state.writes.values()];
  const { claims, deciding, others } = state;
  const merges = (): Promise<void>[] =>
    [...state.merging.values()].map((merging) => writeMerged(engine, merging));
  const deferred = (): Promise<void>[] => state.deferred.map((start) => start());
  // What nobody has read under its key is new, or is written only if it is: nobody can name it yet.
  const isNew = ({ op, key, condition }: Write): boolean =>
    op === 'put' && (condition === missing || !state.cache.has(keyName(key)));
  const before = writes.filter(isNew);
  const standing = writes.filter((write) => !isNew(write));
  if (deciding !== undefined && !deciding.isLast) {
    await decideAll(engine, [...claims, deciding], { before, after: [...standing, ...others] });
    await Promise.all([...merges(), ...deferred()]);
    return;
  }
  if (engine.isWhole) {
    const all = [...writes, ...others];
    // In one turn, and so in one transaction; but for claims, which the rest waits for.
    if (claims.length > 0) await decideAll(engine, claims, { before: all });
    await Promise.all([...(claims.length > 0 ? [] : [engine.write(all)]), ...merges(), ...deferred()]);
  } else {
    // Nobody can name what is new: where that fails nothing has been claimed.
    await decideAll(engine, claims, { before });
    // What the request has used up stays, for its repetition, until all that it has given is there.
    const given = claims.length > 0 ? others : [...before, ...others];
    await Promise.all([engine.write(given), ...merges()]);
    await Promise.all([engine.write(standing), ...deferred()]);
  }
  if (deciding !== undefined) await decideAll(engine, [deciding]);
}

/** Makes conditional writes in their order; rejects with what the first that does not hold says. */
async function decideAll(
  engine: Engine,
  decisive: readonly Pick<Claim, 'write' | 'lost'>[],
  along: Along = {},
): Promise<void> {
  const last = decisive.at(-1);
  if (last === undefined) return;
  const claims = decisive.slice(0, -1);
  const decision = await decideSurely(engine, last.write, {
    ...along,
    claims: claims.map(({ write }) => write),
  });
  if (decision.held) return;
  const loser = decision.lostClaim === undefined ? last : claims[decision.lostClaim];
  throw await (loser ?? last).lost();
}

/** How often a deciding write is made whose outcome is not known. */
const MOST_TRIES = 3;

/** A deciding write may have taken effect although no answer came: its nonce tells the repetition from somebody else's. */
async function decideSurely(engine: Engine, write: Write, along: Along): Promise<Decision> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await engine.decide(write, along);
    } catch (error) {
      const isUnknown = error instanceof StoreError && error.code === 'unavailable';
      if (!isUnknown || tries === MOST_TRIES) throw error;
    }
  }
}

/** More writers of one item at once than a browser has requests. */
const MOST_MERGES = 64;

/** Writes an item where it stands as it was read, else what it and the one that stands there come to. */
async function writeMerged(engine: Engine, { key, before, item, merge }: Merging): Promise<void> {
  let seen = before;
  let wanted: Item | undefined = item;
  for (let round = 0; round < MOST_MERGES; round += 1) {
    // Sealed data never repeats: it tells one state of an item from every other.
    const condition = seen?.data === undefined ? missing : equals('data', seen.data);
    if ((await engine.decide({ op: 'put', key, item: wanted, condition })).held) return;
    seen = (await engine.read([key])).get(keyName(key));
    // This very write, whose answer was lost.
    if (seen?.data !== undefined && wanted.data !== undefined && isSame(seen.data, wanted.data)) return;
    wanted = merge(seen);
    if (wanted === undefined) return;
  }
  throw new StoreError({ code: 'throttled', operation: 'merge', engineError: 'TooManyWriters' });
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
