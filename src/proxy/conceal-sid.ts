/**
 * IB puts the caller's sid into addresses of previews. An app must not learn it, so every such address is replaced by
 * one through the proxy, and any other mention of the sid by nothing. Works on a stream, in constant memory, wherever
 * chunks are cut.
 */
import { Transform, type TransformCallback } from 'node:stream';

/** What ends a word: white space, quotes, angle brackets, parentheses; ASCII only, since bytes are read one by one. */
const DELIMITER = /[\t\n\v\f\r "'<>()]/;
const DELIMITERS = new RegExp(`(${DELIMITER.source})`);
/** A word longer than this holds no address; what of it can begin a sid is still kept back. */
const LONGEST_WORD = 16 * 1024;

/** Replaces an address that holds the sid; undefined where it cannot be replaced. */
export type AddressReplacer = (url: URL) => string | undefined;

const UNESCAPES: readonly (readonly [RegExp, string])[] = [
  [/\\\//g, '/'],
  [/\\u0026/gi, '&'],
  [/&amp;/g, '&'],
];

function plainOf(word: string): string {
  return UNESCAPES.reduce((text, [pattern, plain]) => text.replace(pattern, plain), word);
}

/** A word of the text, its sid gone. Addresses are UTF-8 underneath. */
function concealIn(word: string, sid: string, replace: AddressReplacer): string {
  if (!word.includes(sid)) return word;
  const url = URL.parse(plainOf(Buffer.from(word, 'latin1').toString('utf8')));
  const replaced = url === null ? undefined : replace(url);
  return replaced ?? word.replaceAll(sid, '');
}

/**
 * A transform of text that lets no sid through and changes no other byte, whatever the text is written in: each byte is
 * taken as one character (latin1), since sid and delimiters are ASCII.
 */
export function concealSid(sid: string, replace: AddressReplacer): Transform {
  let held = '';

  const conceal = (text: string): string =>
    text.includes(sid)
      ? text
          .split(DELIMITERS)
          .map((word) => concealIn(word, sid, replace))
          .join('')
      : text;

  /** Takes from what is held all that is whole: up to the last delimiter. */
  function release(): string {
    let last = held.length - 1;
    while (last >= 0 && !DELIMITER.test(held.charAt(last))) last -= 1;
    let whole = last + 1;
    if (held.length - whole > LONGEST_WORD) {
      // No address: whole sids go at once, and only what may begin one stays.
      held = held.slice(0, whole) + held.slice(whole).replaceAll(sid, '');
      whole = Math.max(whole, held.length - sid.length + 1);
    }
    const ready = held.slice(0, whole);
    held = held.slice(whole);
    return ready;
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, callback: TransformCallback) {
      held += chunk.toString('latin1');
      callback(null, Buffer.from(conceal(release()), 'latin1'));
    },
    flush(callback: TransformCallback) {
      callback(null, Buffer.from(conceal(held), 'latin1'));
    },
  });
}
