/**
 * Where a sid stands in bytes, however it is spelt. Most bytes are never looked at: only runs in which each two neighbours
 * could stand side by side in some spelling are read, one layer of escapes after the other.
 */
import { once } from '../../config/once.ts';
import { addPair, addPairs, createPairs, eachRun, hasPair, type Pairs } from './byte-pairs.ts';
import {
  BETWEEN,
  ENDED_BY_BLANK,
  endsInEscape,
  escapesOf,
  type Layer,
  mayBeEscaped,
  plainLayer,
  readOtherwise,
  unescaped,
} from './escapes.ts';
import { createBeginnings, createMatcher, variantsAt, type Word, wordsOf } from './sid-words.ts';

/** From the first byte to the byte after the last. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface SidFinder {
  /** Where the sid is spelt, in order, none overlapping another. */
  find(bytes: Uint8Array): Range[];
  /** Whether the sid is spelt in a text, such as a header or an address. */
  isIn(text: string): boolean;
  /** Whether a spelling could go on across the border before a byte. */
  joins(bytes: Uint8Array, at: number): boolean;
  /** Where the bytes begin that those to come may complete to a spelling; their number is bounded. */
  unfinished(bytes: Uint8Array): number;
  /** Whether bytes to come may complete a spelling: read as `find` reads, so it is dearer and says it less often. */
  mayGoOn(bytes: Uint8Array): boolean;
}

/** Escapes of escapes are undone this often. */
const MOST_LAYERS = 5;
/** No spelling takes more bytes than so many for each character of the sid, or these where they are more. */
const MOST_BYTES_EACH = 24;
const LEAST_KEPT = 1024;
/** Finders are kept for the sids that were looked for lately. */
const MOST_FINDERS = 500;

/** What is known of spellings whatever the sid. */
interface Alphabet {
  readonly pairs: Pairs;
  /** Bytes with which escapes begin and end. */
  readonly first: ReadonlySet<number>;
  readonly last: ReadonlySet<number>;
  /** What escapes consist of, and what may be escaped again. */
  readonly parts: ReadonlySet<number>;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** An alphabet, with the escapes of more characters. */
function withEscapes(from: Alphabet, characters: Iterable<string>): Alphabet {
  const pairs = createPairs(from.pairs);
  const [first, last, parts] = [new Set(from.first), new Set(from.last), new Set(from.parts)];
  for (const token of Array.from(characters, escapesOf).flat()) {
    const bytes = bytesOf(token);
    addNeighbours(pairs, bytes);
    first.add(bytes[0] ?? 0);
    last.add(bytes[bytes.length - 1] ?? 0);
    for (const byte of bytes) parts.add(byte);
  }
  return { pairs, first, last, parts };
}

function addNeighbours(pairs: Pairs, bytes: Uint8Array): void {
  for (let at = 1; at < bytes.length; at += 1) addPair(pairs, bytes[at - 1] ?? 0, bytes[at] ?? 0);
}

/** Of what most sids, hexadecimal, base64 and escapes consist. */
const USUAL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_%&#;\\={}';

function usualAlphabet(): Alphabet {
  const pairs = createPairs();
  for (const text of [...BETWEEN, ...ENDED_BY_BLANK]) addNeighbours(pairs, bytesOf(text));
  const between = {
    pairs,
    first: new Set(BETWEEN.map((text) => text.charCodeAt(0))),
    last: new Set(BETWEEN.map((text) => text.charCodeAt(text.length - 1))),
    parts: new Set<number>(),
  };
  return withEscapes(between, USUAL);
}

/** The neighbours in words as they are. */
function plainPairs(words: readonly Word[]): Pairs {
  const pairs = createPairs();
  for (const word of words) {
    for (let at = 1; at < word.bytes.length; at += 1) {
      for (const one of variantsAt(word, at - 1)) {
        for (const other of variantsAt(word, at)) addPair(pairs, one, other);
      }
    }
  }
  return pairs;
}

/** The neighbours in all spellings of words, escapes of escapes included: any end may stand before any beginning. */
function spelledPairs(words: readonly Word[], plain: Pairs, usual: Alphabet): Pairs {
  const bytes = new Set<number>();
  for (const word of words) {
    for (let at = 0; at < word.bytes.length; at += 1)
      for (const byte of variantsAt(word, at)) bytes.add(byte);
  }
  const characters = Array.from(bytes, (byte) => String.fromCharCode(byte));
  const { pairs, first, last, parts } = withEscapes(
    usual,
    characters.filter((character) => !USUAL.includes(character)),
  );
  addPairs(pairs, plain);
  const inside = new Set([...parts, ...bytes]);
  for (const end of [...last, ...inside]) for (const begin of first) addPair(pairs, end, begin);
  for (const end of last) for (const byte of inside) addPair(pairs, end, byte);
  return pairs;
}

/** Makes finders, and keeps those of the latest sids. */
export function createSidFinders(): (sid: string) => SidFinder {
  const usual = once(usualAlphabet);
  const finders = new Map<string, SidFinder>();
  return (sid) => {
    const finder = finders.get(sid) ?? createSidFinder(sid, usual());
    // In the order of their latest use: the first is the one to go.
    finders.delete(sid);
    finders.set(sid, finder);
    const [oldest] = finders.keys();
    if (finders.size > MOST_FINDERS && oldest !== undefined) finders.delete(oldest);
    return finder;
  };
}

function createSidFinder(sid: string, usual: Alphabet): SidFinder {
  const words = wordsOf(sid);
  const shortest = Math.min(...words.map(({ bytes }) => bytes.length));
  const plain = { pairs: plainPairs(words), shortest };
  const spelled = { pairs: spelledPairs(words, plain.pairs, usual), shortest };
  const matchEach = createMatcher(words);
  const endsInBeginning = createBeginnings(words);
  const mostKept = Math.max(LEAST_KEPT, MOST_BYTES_EACH * sid.length);

  function find(bytes: Uint8Array): Range[] {
    const found: Range[] = [];
    eachRunOfText(bytes, spelled, (start, end) => {
      const run = bytes.subarray(start, end);
      eachWord(run, (from, to) => found.push({ start: start + from, end: start + to }));
      for (const layer of layersOf(run)) {
        const { starts, ends } = layer;
        eachWord(layer.bytes, (from, to) => {
          found.push({ start: start + (starts[from] ?? 0), end: start + (ends[to - 1] ?? 0) });
        });
      }
    });
    return merged(found);
  }

  function eachWord(bytes: Uint8Array, onWord: (start: number, end: number) => void): void {
    eachRun(bytes, plain, (start, end) => {
      matchEach(bytes.subarray(start, end), (from, to) => onWord(start + from, start + to));
    });
  }

  function unfinished(bytes: Uint8Array): number {
    const least = Math.max(0, bytes.length - mostKept);
    if (endsInNuls(bytes, bytes.length)) return bytes.length;
    let at = Math.max(0, bytes.length - 1);
    while (at > least && hasPair(spelled.pairs, bytes[at - 1] ?? 0, bytes[at] ?? 0)) {
      if (endsInNuls(bytes, at)) return at;
      at -= 1;
    }
    return at;
  }

  return {
    find,
    isIn: (text) => find(Buffer.from(text)).length > 0,
    joins: (bytes, at) =>
      at > 0 &&
      at < bytes.length &&
      hasPair(spelled.pairs, bytes[at - 1] ?? 0, bytes[at] ?? 0) &&
      !endsInNuls(bytes, at),
    unfinished,
    mayGoOn(bytes) {
      const run = bytes.subarray(unfinished(bytes));
      // Not read from its beginning; or a removal would bring together what stands on either side.
      if (run.length >= mostKept || find(run).length > 0) return true;
      return [plainLayer(run), ...layersOf(run)].some(
        (layer) => endsInEscape(layer.bytes) || endsInBeginning(layer.bytes),
      );
    },
  };
}

/** Between two characters of UTF-32 stand three NULs; a longer row of them is no text. */
const LONGEST_ROW = 3;

/** Whether the bytes before a place are a row of NULs. */
function endsInNuls(bytes: Uint8Array, at: number): boolean {
  if (at <= LONGEST_ROW) return false;
  for (let back = 1; back <= LONGEST_ROW + 1; back += 1) if (bytes[at - back] !== 0) return false;
  return true;
}

/** Runs, cut where a row of NULs stands. */
function eachRunOfText(
  bytes: Uint8Array,
  run: { readonly pairs: Pairs; readonly shortest: number },
  onRun: (start: number, end: number) => void,
): void {
  eachRun(bytes, run, (start, end) => {
    let begin = start;
    let nuls = 0;
    for (let at = bytes.subarray(start, end).indexOf(0) + start; at >= start && at < end; at += 1) {
      nuls = bytes[at] === 0 ? nuls + 1 : 0;
      if (nuls <= LONGEST_ROW) continue;
      if (nuls === LONGEST_ROW + 1 && at - LONGEST_ROW - begin >= run.shortest)
        onRun(begin, at - LONGEST_ROW);
      begin = at + 1;
    }
    if (end - begin >= run.shortest) onRun(begin, end);
  });
}

/** All readings of a run but the plain one. Under any number of layers rules of another kind may hold, once. */
function layersOf(run: Uint8Array): Layer[] {
  if (!mayBeEscaped(run)) return [];
  const plain = plainLayer(run);
  const usual = layersUnder(plain);
  const others = [plain, ...usual].flatMap(readOtherwise);
  return [...usual, ...others, ...others.flatMap(layersUnder)];
}

/** What is left of a layer as escapes are undone, time after time. */
function layersUnder(begin: Layer): Layer[] {
  const layers: Layer[] = [];
  let layer = unescaped(begin);
  while (layer !== undefined && layers.length < MOST_LAYERS) {
    layers.push(layer);
    layer = unescaped(layer);
  }
  return layers;
}

function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges.toSorted((one, other) => one.start - other.start)) {
    const last = result.at(-1);
    if (last !== undefined && range.start < last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    } else result.push(range);
  }
  return result;
}
