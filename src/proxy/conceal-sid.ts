/**
 * IB puts the caller's sid into addresses of previews, and may put it anywhere. An app must not learn it: in texts an
 * address that holds it is replaced by one through the proxy, and any other mention by nothing; in other bodies its bytes
 * are overwritten, so that their length stays. Works on a stream, in bounded memory, wherever chunks are cut.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { addressesAround, parameterAround, plainAddress } from './addresses.ts';
import type { Range, SidFinder } from './find-sid.ts';

/** What ends a word: white space, quotes, angle brackets. */
const DELIMITERS = Uint8Array.from({ length: 256 }, (_none, byte) =>
  '\t\n\v\f\r "\'<>'.includes(String.fromCharCode(byte)) ? 1 : 0,
);
/** A longer word holds no address. */
const LONGEST_WORD = 16 * 1024;
/** After so many rounds of removing, what is left of a sid inside a sid is overwritten. */
const MOST_ROUNDS = 3;
const FILLER = 0x2a;

/** Replaces an address that holds the sid; undefined where it cannot be replaced. */
export type AddressReplacer = (url: URL) => string | undefined;

const isDelimiter = (byte: number | undefined): boolean => DELIMITERS[byte ?? 0] === 1;

/** A transform of texts, in whatever they are written: no byte but those of the sid, and of addresses with it, changes. */
export function concealSid(finder: SidFinder, replace: AddressReplacer): Transform {
  return transformOf(
    (bytes) => concealed(bytes, finder, replace),
    (bytes) => endOfWords(bytes, finder),
  );
}

/** A transform of anything else: as many bytes come out as went in. */
export function maskSid(finder: SidFinder): Transform {
  return transformOf(
    (bytes) => masked(bytes, finder.find(bytes)),
    (bytes) => endOfSpellings(bytes, finder),
  );
}

/** Holds back what is not whole. Bytes that need no change are passed on as they are, not copied. */
function transformOf(change: (bytes: Buffer) => Buffer, wholeUntil: (bytes: Buffer) => number): Transform {
  let held: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, callback: TransformCallback) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const end = wholeUntil(bytes);
      // A copy: a view would keep the whole chunk in memory.
      held = Buffer.from(bytes.subarray(end));
      callback(null, end === 0 ? undefined : change(bytes.subarray(0, end)));
    },
    flush(callback: TransformCallback) {
      callback(null, held.length === 0 ? undefined : change(held));
    },
  });
}

/** Up to where no spelling of the sid is cut. */
function endOfSpellings(bytes: Buffer, finder: SidFinder): number {
  const end = finder.unfinished(bytes);
  if (!finder.joins(bytes, end)) return end;
  // A run longer than any spelling: only a sid that is there already may stand across.
  return finder.find(bytes).find((range) => range.start < end && end < range.end)?.start ?? end;
}

/** Up to where neither a spelling nor a word that may be an address is cut. */
function endOfWords(bytes: Buffer, finder: SidFinder): number {
  // An event, a line: whoever waits for it need not wait for the next one.
  if (isDelimiter(bytes[bytes.length - 1]) && !finder.mayGoOn(bytes)) return bytes.length;
  const end = endOfSpellings(bytes, finder);
  const least = Math.max(0, bytes.length - LONGEST_WORD);
  for (let at = end; at > least; at -= 1) {
    if (isDelimiter(bytes[at - 1]) && !finder.joins(bytes, at)) return at;
  }
  return least === 0 ? 0 : end;
}

function concealed(bytes: Buffer, finder: SidFinder, replace: AddressReplacer, round = 1): Buffer {
  const ranges = finder.find(bytes);
  if (ranges.length === 0) return bytes;
  if (round > MOST_ROUNDS) return masked(bytes, ranges);
  const parts: Buffer[] = [];
  let done = 0;
  for (const word of wordsAround(bytes, ranges)) {
    parts.push(bytes.subarray(done, word.start), withoutSid(bytes, word, replace));
    done = word.end;
  }
  parts.push(bytes.subarray(done));
  // What stood on either side of a sid may be one now.
  return concealed(Buffer.concat(parts), finder, replace, round + 1);
}

interface Word extends Range {
  readonly ranges: Range[];
}

/** The words in which the sid stands. */
function wordsAround(bytes: Buffer, ranges: readonly Range[]): Word[] {
  const words: Word[] = [];
  for (const range of ranges) {
    const last = words.at(-1);
    if (last !== undefined && range.start < last.end) {
      last.ranges.push(range);
      words[words.length - 1] = { ...last, end: Math.max(last.end, range.end) };
      continue;
    }
    const least = Math.max(last?.end ?? 0, range.start - LONGEST_WORD);
    const most = Math.min(bytes.length, range.end + LONGEST_WORD);
    let { start, end } = range;
    while (start > least && !isDelimiter(bytes[start - 1])) start -= 1;
    while (end < most && !isDelimiter(bytes[end])) end += 1;
    words.push({ start, end, ranges: [range] });
  }
  return words;
}

/** A word without the sid: an address in place of one that holds it, or what else it consists of. */
function withoutSid(bytes: Buffer, { start, end, ranges }: Word, replace: AddressReplacer): Buffer {
  if (end - start > LONGEST_WORD) return withoutRanges(bytes.subarray(start, end), rangesFrom(ranges, start));
  const word = bytes.subarray(start, end);
  // A character a byte, so that places in the one are places in the other.
  const text = word.toString('latin1');
  const parts: Buffer[] = [];
  let done = 0;
  for (const range of rangesFrom(ranges, start)) {
    // It went with the address of the one before.
    if (range.start < done) continue;
    const { piece, left } = insteadOf(word, { text, range, from: done }, replace);
    parts.push(word.subarray(done, piece.start), left);
    done = piece.end;
  }
  parts.push(word.subarray(done));
  return Buffer.concat(parts);
}

function rangesFrom(ranges: readonly Range[], origin: number): Range[] {
  return ranges.map(({ start, end }) => ({ start: start - origin, end: end - origin }));
}

function withoutRanges(bytes: Buffer, ranges: readonly Range[]): Buffer {
  const parts: Buffer[] = [];
  let done = 0;
  for (const { start, end } of ranges) {
    parts.push(bytes.subarray(done, start), leftOf(bytes.subarray(start, end)));
    done = end;
  }
  parts.push(bytes.subarray(done));
  return Buffer.concat(parts);
}

/** What goes with a sid of a word, and what is left in its place. */
function insteadOf(
  word: Buffer,
  { text, range, from }: { readonly text: string; readonly range: Range; readonly from: number },
  replace: AddressReplacer,
): { readonly piece: Range; readonly left: Buffer } {
  for (const piece of addressesAround(text, range, from)) {
    const url = URL.parse(plainAddress(word.toString('utf8', piece.start, piece.end)));
    const replaced = url === null ? undefined : replace(url);
    if (replaced !== undefined) return { piece, left: Buffer.from(replaced) };
  }
  const left = leftOf(word.subarray(range.start, range.end));
  const piece = left.length > 0 ? range : parameterAround(text, range);
  return { piece: piece.start < from ? range : piece, left };
}

/** Nothing; in UTF-16, whose characters would be cut elsewhere then, as many bytes. */
function leftOf(sid: Buffer): Buffer {
  return sid.includes(0) ? masked(sid, [{ start: 0, end: sid.length }]) : Buffer.alloc(0);
}

/** The bytes with ranges of them overwritten, but for the NULs of UTF-16. */
function masked(bytes: Buffer, ranges: readonly Range[]): Buffer {
  if (ranges.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at += 1) if (copy[at] !== 0) copy[at] = FILLER;
  }
  return copy;
}
