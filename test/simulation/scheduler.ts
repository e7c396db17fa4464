/** Lets several actors run at once, one call at a time, in an order that a seed gives. */
import { setTimeout } from 'node:timers/promises';
import type { World } from './world.ts';

/** Numbers from 0 to below 1, the same for one seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of several, by chance. */
export function oneOf<T>(random: () => number, among: readonly T[]): T {
  const chosen = among[Math.floor(random() * among.length)];
  if (chosen === undefined) throw new TypeError('nothing to choose from');
  return chosen;
}

interface Waiting {
  readonly actor: string;
  readonly call: string;
  readonly go: () => void;
}

/** What an actor does between two calls takes no longer: signing with a key, an answer of IB's. */
const QUIET_MS = 2;
/** An actor that makes no call for so long waits for what another one has asked for. */
const STILL_MS = 80;

/** Runs actors by name until all have ended; what each has thrown, if anything. */
export async function runTogether(
  world: World,
  random: () => number,
  actors: Readonly<Record<string, () => Promise<void>>>,
): Promise<readonly unknown[]> {
  const waiting: Waiting[] = [];
  const running = new Set(Object.keys(actors));
  const thrown: unknown[] = [];
  world.onTurn = (actor, call) => new Promise<void>((go) => void waiting.push({ actor, call, go }));

  const works = Object.entries(actors).map(([name, work]) =>
    world.actors
      .run(name, work)
      .catch((error: unknown) => thrown.push(error))
      .finally(() => running.delete(name)),
  );
  let stillSince = performance.now();
  let known = 0;
  const isStill = (): boolean => {
    if (waiting.length !== known) stillSince = performance.now();
    known = waiting.length;
    return known > 0 && performance.now() - stillSince > STILL_MS;
  };
  while (running.size > 0) {
    const isQuiet = [...running].every((name) => waiting.some(({ actor }) => actor === name));
    await setTimeout(QUIET_MS);
    if ((!isQuiet && !isStill()) || waiting.length === 0) continue;
    const inOrder = waiting.toSorted((a, b) => `${a.actor} ${a.call}`.localeCompare(`${b.actor} ${b.call}`));
    const next = oneOf(random, inOrder);
    waiting.splice(waiting.indexOf(next), 1);
    next.go();
  }
  for (const { go } of waiting) go();
  world.onTurn = undefined;
  await Promise.all(works);
  return thrown;
}
