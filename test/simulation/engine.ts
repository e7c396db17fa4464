/**
 * The store's engine in the simulation: items in a map, every call of its own going by way of the plan. `ordered` makes the
 * calls that the engine on DynamoDB makes, `whole` those of the one on SQLite.
 */
import { changed, holds } from '../../adapters/store/conditions.ts';
import type { Decision, Engine, Write } from '../../adapters/store/engine.ts';
import { type Item, type Key, keyName, modelOf } from '../../adapters/store/items.ts';
import type { Pass } from './faults.ts';

export type EngineKind = 'ordered' | 'whole';

const modelsOf = (keys: readonly Key[]): string => [...new Set(keys.map(({ pk }) => modelOf(pk)))].join(', ');
const isPlain = (write: Write): boolean => write.op !== 'update' && write.condition === undefined;

/** All that is asked for in one turn takes effect with one call, as on SQLite. */
function createCommits(pass: Pass): <T>(name: string, work: () => T) => Promise<T> {
  interface Job {
    readonly name: string;
    readonly run: () => void;
    readonly done: () => void;
    readonly failed: (error: unknown) => void;
  }
  let waiting: Job[] = [];

  async function workOff(): Promise<void> {
    const jobs = waiting;
    waiting = [];
    const send = async (): Promise<void> => {
      for (const job of jobs) job.run();
    };
    try {
      await pass({ to: 'store', name: jobs.map(({ name }) => name).join(' + '), send });
      for (const job of jobs) job.done();
    } catch (error) {
      for (const job of jobs) job.failed(error);
    }
  }

  return <T>(name: string, work: () => T) =>
    new Promise<T>((resolve, reject) => {
      let value: T;
      const run = (): void => {
        value = work();
      };
      if (waiting.length === 0) setImmediate(() => void workOff());
      waiting.push({ name, run, done: () => resolve(value), failed: reject });
    });
}

/** An engine on items that outlive it, as a process sees it. */
export function createSimulatedEngine(items: Map<string, Item>, kind: EngineKind, pass: Pass): Engine {
  function apply(write: Write): Decision {
    const name = keyName(write.key);
    const standing = items.get(name);
    if (write.condition !== undefined && !holds(write.condition, standing)) return { held: false };
    if (write.op === 'delete') {
      items.delete(name);
      return { held: true };
    }
    const item = write.op === 'put' ? write.item : changed(write.key.pk, standing, write.changes);
    items.set(name, item);
    return { held: true, item };
  }
  const applyAll = (writes: readonly Write[]): void => {
    for (const write of writes) apply(write);
  };

  const commit = createCommits(pass);
  const one = (write: Write): Promise<Decision> =>
    pass({ to: 'store', name: `${write.op} ${modelsOf([write.key])}`, send: async () => apply(write) });

  async function batch(writes: readonly Write[]): Promise<void> {
    const name = `write ${modelsOf(writes.map(({ key }) => key))}`;
    if (kind === 'whole') return commit(name, () => applyAll(writes));
    const half = (): void => applyAll(writes.slice(0, writes.length / 2));
    await pass({ to: 'store', name, send: async () => applyAll(writes), half });
  }

  async function write(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    if (kind === 'whole') return batch(writes);
    const plain = writes.filter(isPlain);
    const batched = plain.length > 1 ? plain : [];
    const single = writes.filter((each) => !batched.includes(each));
    await Promise.all([...(batched.length > 0 ? [batch(batched)] : []), ...single.map(one)]);
  }

  return {
    isWhole: kind === 'whole',
    write,
    read: (keys) =>
      pass({
        to: 'store',
        name: `read ${modelsOf(keys)}`,
        send: async () =>
          new Map(
            keys.flatMap((key) => {
              const item = items.get(keyName(key));
              return item === undefined ? [] : [[keyName(key), item] as const];
            }),
          ),
      }),
    async decide(deciding, { claims = [], before = [], after = [] } = {}) {
      if (kind === 'ordered') {
        await write(before);
        for (const [at, claim] of claims.entries()) {
          if (!(await one(claim)).held) return { held: false, lostClaim: at };
        }
        const decision = await one(deciding);
        if (decision.held) await write(after).catch(() => undefined);
        return decision;
      }
      const all = [...claims, deciding, ...before, ...after];
      return commit(`decide ${modelsOf(all.map(({ key }) => key))}`, () => {
        const lostClaim = claims.findIndex((claim) => !apply(claim).held);
        if (lostClaim >= 0) return { held: false, lostClaim };
        const decision = apply(deciding);
        if (decision.held) applyAll([...before, ...after]);
        return decision;
      });
    },
    querySubject: (subject, limit, after = '') =>
      pass({
        to: 'store',
        name: 'query subject',
        send: async () =>
          [...items.values()]
            .filter((item) => item['subject'] === subject && item.pk > after)
            .toSorted((a, b) => (a.pk < b.pk ? -1 : 1))
            .slice(0, limit),
      }),
    async *scan(table) {
      yield [...items].flatMap(([name, item]) => (name.startsWith(`${table}/`) ? [item] : []));
    },
    count: async () => 0,
    expire: async () => 0,
    ready: async () => undefined,
    close: () => undefined,
  };
}
