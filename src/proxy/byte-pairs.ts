/** Sets of pairs of neighbouring bytes, and the runs of bytes that consist of such pairs alone. */

/** A set of pairs, a bit each. */
export type Pairs = Uint8Array;

const SIZE = (256 * 256) / 8;

/** An empty set, or a copy. */
export function createPairs(from?: Pairs): Pairs {
  return from === undefined ? new Uint8Array(SIZE) : Uint8Array.from(from);
}

/** Whether a pair is in the set. */
export function hasPair(pairs: Pairs, one: number, other: number): boolean {
  const pair = (one << 8) | other;
  return (((pairs[pair >> 3] ?? 0) >> (pair & 7)) & 1) === 1;
}

/** Puts a pair into the set. */
export function addPair(pairs: Pairs, one: number, other: number): void {
  const pair = (one << 8) | other;
  pairs[pair >> 3] = (pairs[pair >> 3] ?? 0) | (1 << (pair & 7));
}

/** Puts all pairs of another set into the set. */
export function addPairs(pairs: Pairs, others: Pairs): void {
  for (let at = 0; at < pairs.length; at += 1) pairs[at] = (pairs[at] ?? 0) | (others[at] ?? 0);
}

/**
 * Calls back with the bounds of each run of at least `shortest` bytes whose neighbours are all in the set. Looks at few
 * bytes where runs are rare: from the end of the shortest run that could begin here, backwards, to the first pair that is
 * not in the set, and goes on from there (Boyer and Moore's leaps).
 */
export function eachRun(
  bytes: Uint8Array,
  { pairs, shortest }: { readonly pairs: Pairs; readonly shortest: number },
  onRun: (start: number, end: number) => void,
): void {
  const { length } = bytes;
  let start = 0;
  while (start + shortest <= length) {
    let at = start + shortest - 1;
    while (at > start && hasPair(pairs, bytes[at - 1] ?? 0, bytes[at] ?? 0)) at -= 1;
    if (at > start) {
      start = at;
      continue;
    }
    let end = start + shortest;
    while (end < length && hasPair(pairs, bytes[end - 1] ?? 0, bytes[end] ?? 0)) end += 1;
    onRun(start, end);
    start = end;
  }
}
