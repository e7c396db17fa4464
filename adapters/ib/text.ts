/** Bodies of IB's as texts, in whatever they are written: JSON is UTF-8 (RFC 8259 section 8.1), and not every server knows. Pure. */

/** Byte order marks, and what they stand for. */
const MARKS: readonly (readonly [mark: readonly number[], encoding: string])[] = [
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

/** A decoder by a name of the encoding standard; undefined for what is none. */
function decoderOf(encoding: string): TextDecoder | undefined {
  try {
    return new TextDecoder(encoding);
  } catch {
    return undefined;
  }
}

function charsetOf(contentType: string): string {
  const [, charset = ''] = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType) ?? [];
  return charset.toLowerCase();
}

/**
 * The text of a body, without a byte order mark. UTF-8 wherever it is that, whatever is said of it, as IB's own clients
 * read it; UTF-16 by its mark or name; else what the `Content-Type` names.
 */
export function textOf(bytes: Uint8Array, contentType: string): string {
  const marked = MARKS.find(([mark]) => mark.every((byte, at) => bytes[at] === byte))?.[1];
  const charset = charsetOf(contentType);
  const wide = marked ?? (charset.startsWith('utf-16') ? charset : undefined);
  if (wide !== undefined) return (decoderOf(wide) ?? new TextDecoder()).decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return (decoderOf(charset) ?? new TextDecoder()).decode(bytes);
  }
}
