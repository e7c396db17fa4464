/** An engine that its first user opens: who asks for nothing that is stored waits for nothing that stores. */
import type { Engine } from './engine.ts';

/** Passes each verb on to an engine like `isWhole`. What failed to open is tried again by the next verb, not remembered. */
export function createLateEngine(isWhole: boolean, open: () => Promise<Engine>): Engine {
  let opening: Promise<Engine> | undefined;
  const opened = (): Promise<Engine> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    isWhole,
    read: async (keys) => (await opened()).read(keys),
    async write(writes) {
      // Each request ends with the writes that it has, and many have none.
      if (writes.length > 0) await (await opened()).write(writes);
    },
    decide: async (write, along) => (await opened()).decide(write, along),
    querySubject: async (subject, limit, after) => (await opened()).querySubject(subject, limit, after),
    async *scan(table) {
      yield* (await opened()).scan(table);
    },
    count: async (table, prefix, aliveAfter) => (await opened()).count(table, prefix, aliveAfter),
    expire: async (nowSeconds) => (await opened()).expire(nowSeconds),
    ready: async () => (await opened()).ready(),
    close: async () => (await opening)?.close(),
  };
}
