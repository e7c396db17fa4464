/** The words by which a sid is recognised, escapes undone: itself in any case, backwards, in hexadecimal, inside base64. Pure. */

/** A word of fewer characters would be found where nothing was meant. */
const SHORTEST_DERIVED = 8;

/** Which bytes count as one. */
interface Fold {
  /** The byte that stands for each. */
  readonly to: Uint8Array;
  /** Those that each stands for. */
  readonly from: readonly (readonly number[])[];
}

/** A word, each of its bytes as the one that stands for it. */
export interface Word {
  readonly bytes: Uint8Array;
  readonly fold: Fold;
}

function foldOf(same: readonly (readonly [one: string, other: string])[]): Fold {
  const to = Uint8Array.from({ length: 256 }, (_none, byte) => byte);
  for (const [one, other] of same) to[one.charCodeAt(0)] = other.charCodeAt(0);
  const from: number[][] = Array.from(to, () => []);
  for (const [byte, standsFor] of to.entries()) from[standsFor]?.push(byte);
  return { to, from };
}

/** Either case of a letter. */
const IN_ANY_CASE = foldOf(
  Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ', (letter) => [letter, letter.toLowerCase()]),
);
/** Either alphabet of base64 (RFC 4648 sections 4 and 5). */
const IN_ANY_ALPHABET = foldOf([
  ['-', '+'],
  ['_', '/'],
]);

function wordOf(text: string, fold: Fold): Word {
  const bytes = Buffer.from(text, 'latin1');
  for (const [at, byte] of bytes.entries()) bytes[at] = fold.to[byte] ?? byte;
  return { bytes, fold };
}

/** What may stand at a place of a word. */
export function variantsAt({ bytes, fold }: Word, at: number): readonly number[] {
  return fold.from[bytes[at] ?? 0] ?? [];
}

/**
 * The part of a base64 text that is the same whatever stands around the bytes, where `before` bytes of their first group of
 * three precede them: characters that they share with their neighbours are left out, and so is padding.
 */
function base64Core(content: Uint8Array, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), content]);
  const bits = (count: number): number => (count * 8) / 6;
  return bytes.toString('base64').slice(Math.ceil(bits(before)), Math.floor(bits(bytes.length)));
}

/** Wherever the bytes begin in their group of three. */
function base64Cores(content: Uint8Array): string[] {
  return [0, 1, 2].map((before) => base64Core(content, before));
}

/** In UTF-16, from the first byte that is not NUL to the last: whichever end comes first. */
function inUtf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').subarray(0, -1);
}

/** All words of a sid. What UTF-7 makes of it is base64 of UTF-16 (RFC 2152). */
export function wordsOf(sid: string): Word[] {
  const cases = [...new Set([sid, sid.toLowerCase(), sid.toUpperCase()])];
  const bytes = cases.flatMap((text) => [Buffer.from(text), inUtf16(text)]);
  const coded = bytes.flatMap(base64Cores);
  const codedTwice = cases.flatMap((text) =>
    base64Cores(Buffer.from(text)).flatMap((core) => base64Cores(Buffer.from(core))),
  );
  const derived = [
    ...bytes.map((one) => wordOf(one.toString('hex'), IN_ANY_CASE)),
    ...[...coded, ...codedTwice].map((text) => wordOf(text, IN_ANY_ALPHABET)),
  ];
  const backwards = [...sid].reverse().join('');
  return [
    wordOf(sid, IN_ANY_CASE),
    wordOf(backwards, IN_ANY_CASE),
    ...derived.filter(({ bytes: { length } }) => length >= SHORTEST_DERIVED),
  ];
}

/** Finds the words in bytes, each wherever it stands. */
export function createMatcher(
  words: readonly Word[],
): (bytes: Uint8Array, onWord: (start: number, end: number) => void) => void {
  const byFirst = new Array<Word[] | undefined>(256).fill(undefined);
  for (const word of words) {
    for (const byte of variantsAt(word, 0)) (byFirst[byte] ??= []).push(word);
  }
  return (bytes, onWord) => {
    for (let at = 0; at < bytes.length; at += 1) {
      for (const word of byFirst[bytes[at] ?? 0] ?? []) {
        if (standsAt(word, bytes, at)) onWord(at, at + word.bytes.length);
      }
    }
  };
}

/** Tells whether bytes end in the beginning of a word. */
export function createBeginnings(words: readonly Word[]): (bytes: Uint8Array) => boolean {
  const isCut = (word: Word, bytes: Uint8Array): boolean => {
    const most = Math.min(word.bytes.length - 1, bytes.length);
    for (let length = 1; length <= most; length += 1) {
      if (beginsAt(word, bytes, bytes.length - length)) return true;
    }
    return false;
  };
  return (bytes) => words.some((word) => isCut(word, bytes));
}

/** Whether a word begins at a place and goes on to the end of the bytes, or to its own. */
function beginsAt({ bytes: wanted, fold: { to } }: Word, bytes: Uint8Array, start: number): boolean {
  const length = Math.min(wanted.length, bytes.length - start);
  for (let at = 0; at < length; at += 1) {
    if (to[bytes[start + at] ?? 0] !== wanted[at]) return false;
  }
  return true;
}

function standsAt({ bytes: wanted, fold: { to } }: Word, bytes: Uint8Array, start: number): boolean {
  if (start + wanted.length > bytes.length) return false;
  for (let at = 1; at < wanted.length; at += 1) {
    if (to[bytes[start + at] ?? 0] !== wanted[at]) return false;
  }
  return true;
}
