/** The words by which a sid is recognised, escapes undone: itself in any case, backwards, in hexadecimal, inside base64. Pure. */

/** A word of fewer characters would be found where nothing was meant. */
const SHORTEST_DERIVED = 8;

/** A word, character by character: each is what may stand there. */
export type Word = readonly string[];

/** Either case of a letter. */
function inAnyCase(text: string): Word {
  return Array.from(text, (character) => {
    const lower = character.toLowerCase();
    const upper = character.toUpperCase();
    return lower === upper ? character : lower + upper;
  });
}

const BASE64_VARIANTS: Readonly<Record<string, string>> = { '+': '+-', '/': '/_' };

/** Either alphabet of base64 (RFC 4648 sections 4 and 5). */
function inAnyAlphabet(text: string): Word {
  return Array.from(text, (character) => BASE64_VARIANTS[character] ?? character);
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
    ...bytes.map((one) => inAnyCase(one.toString('hex'))),
    ...[...coded, ...codedTwice].map(inAnyAlphabet),
  ];
  const backwards = [...sid].reverse().join('');
  return [
    inAnyCase(sid),
    inAnyCase(backwards),
    ...derived.filter(({ length }) => length >= SHORTEST_DERIVED),
  ];
}

/** Finds any of the words. */
export function patternOf(words: readonly Word[]): RegExp {
  const alternatives = words.map((word) => word.map(characterPattern).join(''));
  return new RegExp(alternatives.join('|'), 'g');
}

function characterPattern(variants: string): string {
  if (/^\w$/.test(variants)) return variants;
  return `[${variants.replace(/[\\\]^-]/g, '\\$&')}]`;
}
