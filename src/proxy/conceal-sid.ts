/**
 * IB puts the caller's sid into addresses of previews. An app must not learn it, so every such address is replaced by
 * one through the proxy, and any other mention of the sid by nothing. Works on a stream, in constant memory, wherever
 * chunks are cut.
 */
import { Transform, type TransformCallback } from 'node:stream';

/** What ends a word: white space, quotes, angle brackets, parentheses. */
const DELIMITER = /[\s"'<>()]/;
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

/** A word of the text, its sid gone. */
function concealIn(word: string, sid: string, replace: AddressReplacer): string {
  if (!word.includes(sid)) return word;
  const url = URL.parse(plainOf(word));
  const replaced = url === null ? undefined : replace(url);
  return replaced ?? word.replaceAll(sid, '');
}

/** A transform of UTF-8 text that lets no sid through. */
export function concealSid(sid: string, replace: AddressReplacer): Transform {
  const decoder = new TextDecoder('utf-8');
  let held = '';

  function release(text: string): string {
    held += text;
    let last = held.length - 1;
    while (last >= 0 && !DELIMITER.test(held.charAt(last))) last -= 1;
    // Up to the last delimiter all words are whole. An overlong word goes on, but for an end that may begin a sid.
    const whole = held.length - (last + 1) > LONGEST_WORD ? held.length - sid.length : last + 1;
    const ready = held.slice(0, whole);
    held = held.slice(whole);
    return ready;
  }

  const conceal = (text: string): string =>
    text.includes(sid)
      ? text
          .split(/([\s"'<>()])/)
          .map((word) => concealIn(word, sid, replace))
          .join('')
      : text;

  return new Transform({
    transform(chunk: Buffer, _encoding, callback: TransformCallback) {
      callback(null, conceal(release(decoder.decode(chunk, { stream: true }))));
    },
    flush(callback: TransformCallback) {
      const rest = held + decoder.decode();
      callback(null, conceal(rest));
    },
  });
}
