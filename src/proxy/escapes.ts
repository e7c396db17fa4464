/** How characters are escaped in texts: undone a layer at a time, and which bytes can stand side by side in it. Pure. */

/** HTML's named character references for ASCII; `hyphen` and `dash` are not it, but near enough to be read as it. */
const NAMED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '!': 'excl',
    '"': 'quot QUOT',
    '#': 'num',
    $: 'dollar',
    '%': 'percnt',
    '&': 'amp AMP',
    "'": 'apos',
    '(': 'lpar',
    ')': 'rpar',
    '*': 'ast midast',
    '+': 'plus',
    ',': 'comma',
    '-': 'hyphen dash',
    '.': 'period',
    '/': 'sol',
    ':': 'colon',
    ';': 'semi',
    '<': 'lt LT',
    '=': 'equals',
    '>': 'gt GT',
    '?': 'quest',
    '@': 'commat',
    '[': 'lsqb lbrack',
    '\\': 'bsol',
    ']': 'rsqb rbrack',
    '^': 'Hat',
    _: 'lowbar UnderBar',
    '`': 'grave DiacriticalGrave',
    '{': 'lcub lbrace',
    '|': 'verbar vert VerticalLine',
    '}': 'rcub rbrace',
  }).flatMap(([character, names]) => names.split(' ').map((name) => [name, character] as const)),
);

/** Bytes read up to some layer of escapes, and where in those underneath each begins and ends. */
export interface Layer {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Bytes as they are. */
export function plainLayer(bytes: Uint8Array): Layer {
  const starts = new Uint32Array(bytes.length);
  const ends = new Uint32Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) {
    starts[at] = at;
    ends[at] = at + 1;
  }
  return { bytes, starts, ends };
}

/** What stands between characters and is none. */
const NOTHING = -1;

/** One kind of escape. */
interface Escape {
  /** What stands there; the byte alone where absent. */
  readonly pattern?: RegExp;
  /** The byte it stands for, or NOTHING; undefined for what only looks like an escape. */
  readonly meaning: (match: RegExpExecArray) => number | undefined;
}

/** Escapes by the byte they begin with. */
type Escapes = readonly (Escape | undefined)[];
function byLead(escapes: Readonly<Record<string, Escape>>): Escapes {
  const table = new Array<Escape | undefined>(256).fill(undefined);
  for (const [lead, kind] of Object.entries(escapes)) table[lead.charCodeAt(0)] = kind;
  return table;
}

const LARGEST_BYTE = 255;
const numeral = (digits: string, base: number): number | undefined => {
  const value = Number.parseInt(digits, base);
  return value <= LARGEST_BYTE ? value : undefined;
};
const between = { meaning: () => NOTHING };
const percent: Escape = { pattern: /%(?:u00)?([\da-f]{2})/iy, meaning: ([, hex = '']) => numeral(hex, 16) };

/** Of addresses, of JSON, JavaScript and CSS, of markup; and what only stands between: NULs of UTF-16 and UTF-32, line breaks. */
const ESCAPES = byLead({
  '%': percent,
  '\\': {
    pattern:
      /\\+(?:(?:u0{6}|u00|u\{0{0,6}|x)([\da-f]{2})\}?|(?:0{2,4}([\da-f]{2})|([\da-f]{2})(?![\da-f]))(?: (?=\\))?|([0-3][0-7]{2})|([!-/:-@[-`{-~])|(?:r\\+)?n)/iy,
    meaning: ([, hex, filled, two, octal, itself]) => {
      const digits = hex ?? filled ?? two;
      if (digits !== undefined) return numeral(digits, 16);
      if (octal !== undefined) return numeral(octal, 8);
      return itself?.charCodeAt(0) ?? NOTHING;
    },
  },
  '&': {
    pattern: /&(?:#x0{0,16}([\da-f]{2});?|#0{0,16}([1-9]\d{1,2});?|([a-z]+);)/iy,
    meaning: ([, hex, decimal, name = '']) => {
      if (hex !== undefined) return numeral(hex, 16);
      return decimal === undefined ? NAMED.get(name)?.charCodeAt(0) : numeral(decimal, 10);
    },
  },
  '\0': between,
  '\r': { pattern: /\r\n[ \t]*/y, ...between },
  '\n': { pattern: /\n[ \t]*/y, ...between },
});

/** Apart, since in an address `=` stands before a value and escapes nothing (RFC 2045 section 6.7). */
const QUOTED_PRINTABLE = byLead({
  '=': {
    pattern: /=(?:([\da-f]{2})|\r?\n)/iy,
    meaning: ([, hex]) => (hex === undefined ? NOTHING : numeral(hex, 16)),
  },
});

/** Apart, since two digits are hexadecimal to CSS and octal to C. */
const SHORT_OCTAL = byLead({
  '\\': { pattern: /\\+([0-7]{1,3})/iy, meaning: ([, octal = '']) => numeral(octal, 8) },
});

/** Apart, for addresses in which other escapes stand: what ends one of those may be escaped, and what begins it not. */
const PERCENT = byLead({ '%': percent });

const LEADS = Uint8Array.from({ length: 256 }, (_none, byte) =>
  ESCAPES[byte] === undefined && QUOTED_PRINTABLE[byte] === undefined ? 0 : 1,
);

/** Whether there may be an escape in the bytes. */
export function mayBeEscaped(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) if (LEADS[bytes[at] ?? 0] === 1) return true;
  return false;
}

/** The layer with escapes undone; undefined where there are none. */
function undone(layer: Layer, escapes: Escapes): Layer | undefined {
  if (!mayBeEscaped(layer.bytes)) return undefined;
  const { length } = layer.bytes;
  const bytes = new Uint8Array(length);
  const starts = new Uint32Array(length);
  const ends = new Uint32Array(length);
  const text = Buffer.from(layer.bytes).toString('latin1');
  let size = 0;
  for (let at = 0; at < length; ) {
    const byte = layer.bytes[at] ?? 0;
    const kind = escapes[byte];
    const { meaning, width } = kind === undefined ? { meaning: byte, width: 1 } : read(kind, text, at);
    if (meaning !== NOTHING) {
      bytes[size] = meaning;
      starts[size] = layer.starts[at] ?? 0;
      ends[size] = layer.ends[at + width - 1] ?? 0;
      size += 1;
    }
    at += width;
  }
  return size === length ? undefined : { bytes: bytes.subarray(0, size), starts, ends };
}

/** The escape at a place, or the byte there where it is none. */
function read({ pattern, meaning }: Escape, text: string, at: number): { meaning: number; width: number } {
  if (pattern === undefined) return { meaning: NOTHING, width: 1 };
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  const found = match === null ? undefined : meaning(match);
  return match === null || found === undefined
    ? { meaning: text.charCodeAt(at), width: 1 }
    : { meaning: found, width: match[0].length };
}

/** With one layer of escapes undone; undefined where there is none. */
export function unescaped(layer: Layer): Layer | undefined {
  return undone(layer, ESCAPES);
}

/** Read by rules that would misread others: quoted-printable, octal escapes without leading zeros, addresses alone. */
export function readOtherwise(layer: Layer): Layer[] {
  return [QUOTED_PRINTABLE, SHORT_OCTAL, PERCENT].flatMap((escapes) => undone(layer, escapes) ?? []);
}

/** An escape that bytes to come may complete, or give another end: all but its last bytes, with what may follow those. */
const CUT_ESCAPE =
  /(?:%(?:u0{0,2})?[\da-f]?|&(?:#?x?[\da-f]{0,20}|[a-z]{1,20})|=[\da-f\r]?|\\[\da-fuxr{} ]{0,14}|\r)$/i;
/** More bytes than an escape has, but for the backslashes that it may begin with. */
const LONGEST_ESCAPE = 32;

/** Whether what bytes mean at their end depends on what follows them. */
export function endsInEscape(bytes: Uint8Array): boolean {
  return CUT_ESCAPE.test(Buffer.from(bytes.subarray(-LONGEST_ESCAPE)).toString('latin1'));
}

/** Every way in which an escape writes a character; from these it is known which bytes can stand side by side. */
export function escapesOf(character: string): string[] {
  const code = character.charCodeAt(0);
  const digits = code.toString(16).padStart(2, '0');
  const octal = code.toString(8).padStart(3, '0');
  const names = [...NAMED].filter(([, named]) => named === character).map(([name]) => `&${name};`);
  return [digits, digits.toUpperCase()]
    .flatMap((hex) => [
      `%${hex}`,
      `%u00${hex}`,
      `\\u00${hex}`,
      `\\\\u00${hex}`,
      `\\u{${hex}}`,
      `\\u{00${hex}}`,
      `\\U000000${hex}`,
      `\\${hex}`,
      `\\x${hex}`,
      `\\\\x${hex}`,
      `\\0000${hex}`,
      `&#x${hex};`,
      `&#X${hex};`,
      `&#x00${hex};`,
      `&#X0${hex};`,
      `=${hex}`,
    ])
    .concat(
      `\\${code.toString(8)}`,
      `\\${octal}`,
      `\\\\${octal}`,
      `&#${code};`,
      `&#0${code};`,
      `&#00${code};`,
    )
    .concat(/[!-/:-@[-`{-~]/.test(character) ? [`\\${character}`, `\\\\${character}`] : [], names);
}

/** Hexadecimal digits of CSS, the blank that ends them, and what begins the next: a blank before anything else is a blank. */
export const ENDED_BY_BLANK: readonly string[] = Array.from(
  '0123456789ABCDEFabcdef',
  (digit) => `${digit} \\`,
);

/** What may stand between two characters of a word; NULs on either side, in UTF-16 and UTF-32. */
export const BETWEEN: readonly string[] = [
  '\0',
  '\0\0',
  '\n',
  '\r\n',
  '\n\t',
  '\n ',
  '=\n',
  '=\r\n',
  '\\n',
  '\\r\\n',
  '\\\\n',
];
