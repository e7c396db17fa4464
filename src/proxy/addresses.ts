/** Addresses in texts: where one begins and ends around the sid, in whatever is written without a blank. Pure. */

/** A piece of a text, from its first character to the one after its last. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** How addresses begin, their slashes escaped as in JSON inside JSON. */
const BEGINNING = /https?:(?:\\*\/){2}/gi;

/**
 * What no address goes on across: characters that none holds (RFC 3986 section 2), quotes and angle brackets as escapes and
 * references, and the beginning of the next one in a list. A backslash is none's but where it escapes a slash, or in `\u`
 * what an address holds.
 */
const END =
  /[`{}|^]|\\+(?!\\*(?:\/|u00(?!2[027]|3[ce]|5[ce]|60|7[bcd])))|&(?:quot|apos|lt|gt|nbsp|#0*(?:3[249]|6[02]|160)|#x0*(?:2[027]|3[ce]|a0));?|[,;](?=https?:)/i;

/** A column that follows, or the rest of a sentence. */
const BEHIND = /^[,;]/;
const PUNCTUATION = /[.,;:!?]+$/;

/** The first bracket that closes what the text has not opened; IB's own addresses hold pairs of them. */
function firstUnopened(text: string): number {
  const open = { ')': 0, ']': 0 };
  for (const { 0: bracket, index } of text.matchAll(/[()[\]]/g)) {
    if (bracket === '(') open[')'] += 1;
    else if (bracket === '[') open[']'] += 1;
    else {
      open[bracket as ')' | ']'] -= 1;
      if (open[bracket as ')' | ']'] < 0) return index;
    }
  }
  return text.length;
}

/** Where an address ends that begins where the text does, and holds what ends at `least`. */
function endOf(text: string, least: number): number | undefined {
  const whole = text.slice(0, END.exec(text)?.index);
  const end = firstUnopened(whole);
  if (end < least) return undefined;
  if (BEHIND.test(whole.slice(least))) return least;
  return Math.max(least, whole.slice(0, end).replace(PUNCTUATION, '').length);
}

/** Longer than any that a browser is sent to; reading ends here whatever a text consists of. */
const LONGEST = 4096;
/** An address in the query of another, in the query of another. */
const MOST_NESTED = 3;

/** The pieces of a word, none before `from`, that may be addresses and hold a piece of it; the outer ones first. */
export function addressesAround(word: string, held: Piece, from: number): Piece[] {
  const least = Math.max(from, held.end - LONGEST);
  const beginnings = Array.from(
    word.slice(least, held.start).matchAll(BEGINNING),
    ({ index }) => least + index,
  );
  const few = [...beginnings.slice(0, MOST_NESTED - 1), ...beginnings.slice(MOST_NESTED - 1).slice(-1)];
  return few.flatMap((start) => {
    const end = endOf(word.slice(start, held.end + LONGEST), held.end - start);
    return end === undefined ? [] : [{ start, end: start + end }];
  });
}

/**
 * What to take out of a word with the sid: where it is a parameter of an address, the whole of it, as IB would read an empty
 * one rather than the header.
 */
export function parameterAround(word: string, { start, end }: Piece): Piece {
  const [before, opener = ''] = /(\?|&(?:amp;)?|\\+u0026)sid=$/i.exec(word.slice(0, start)) ?? [];
  if (before === undefined) return { start, end };
  const [next] = /^(?:&(?:amp;)?|\\+u0026)/i.exec(word.slice(end)) ?? [];
  if (next !== undefined) return { start: start - before.length + opener.length, end: end + next.length };
  return /^$|^[#"'`,;.)\]}\\&]/.test(word.slice(end))
    ? { start: start - before.length, end }
    : { start, end };
}

/** An address as JSON and markup escape it. */
export function plainAddress(address: string): string {
  return address
    .replace(/\\+\//g, '/')
    .replace(/\\+u00([\da-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/&(?:amp|#0*38|#x0*26);/gi, '&');
}
