/** Ways to write a secret, for tests: written apart from what looks for it, so that a misreading shows. */

const code = (character: string): number => character.charCodeAt(0);
const hex = (character: string, digits = 2): string => code(character).toString(16).padStart(digits, '0');
const each = (write: (character: string, at: number) => string) => (secret: string) =>
  Buffer.from(Array.from(secret, write).join(''));
const base64 =
  (before: string, after = '"}') =>
  (secret: string) =>
    Buffer.from(Buffer.from(before + secret + after).toString('base64'));

const wide = (secret: string): Buffer =>
  Buffer.concat(Array.from(secret, (one) => Buffer.from([code(one), 0, 0, 0])));

/** Each gives the bytes of one spelling. */
export const SPELLINGS: Readonly<Record<string, (secret: string) => Buffer>> = {
  'as it is': (secret) => Buffer.from(secret),
  'in capitals': (secret) => Buffer.from(secret.toUpperCase()),
  'in small letters': (secret) => Buffer.from(secret.toLowerCase()),
  'in both cases by turns': each((one, at) => (at % 2 === 0 ? one.toUpperCase() : one.toLowerCase())),
  'UTF-16, little end first': (secret) => Buffer.from(secret, 'utf16le'),
  'UTF-16, big end first': (secret) => Buffer.from(secret, 'utf16le').swap16(),
  'UTF-32, little end first': (secret) => wide(secret),
  'UTF-32, big end first': (secret) => wide(secret).swap32(),
  'UTF-7': (secret) => Buffer.from(`+${Buffer.from(secret, 'utf16le').swap16().toString('base64')}-`),
  backwards: (secret) => Buffer.from([...secret].reverse().join('')),
  percent: each((one) => `%${hex(one)}`),
  'percent in capitals': each((one) => `%${hex(one).toUpperCase()}`),
  'percent here and there': each((one, at) => (at % 3 === 0 ? `%${hex(one)}` : one)),
  'percent twice': each((one) => `%25${hex(one)}`),
  'percent three times': each((one) => `%2525${hex(one)}`),
  'percent of UTF-16': each((one) => `%${hex(one)}%00`),
  'percent u': each((one) => `%u${hex(one, 4)}`),
  'JSON escapes': each((one) => `\\u${hex(one, 4)}`),
  'JSON escapes in capitals': each((one) => `\\u${hex(one, 4).toUpperCase()}`),
  'JSON in JSON': each((one) => `\\\\u${hex(one, 4)}`),
  'JavaScript escapes': each((one) => `\\x${hex(one)}`),
  'JavaScript code points': each((one) => `\\u{${hex(one)}}`),
  'octal escapes': each((one) => `\\${code(one).toString(8).padStart(3, '0')}`),
  'octal escapes, as short as can be': each((one) => `\\${code(one).toString(8)}`),
  'code points of eight digits': each((one) => `\\U${hex(one, 8)}`),
  'CSS escapes, as short as can be': each((one) => `\\${hex(one)}`),
  'CSS escapes that a blank ends': each((one) => `\\${hex(one)} `),
  'CSS escapes': each((one) => `\\${hex(one, 6)}`),
  'decimal references': each((one) => `&#${code(one)};`),
  'decimal references without end': each((one) => `&#0${code(one)}`),
  'hexadecimal references': each((one) => `&#x${hex(one)};`),
  'hexadecimal references in capitals': each((one) => `&#X${hex(one).toUpperCase()};`),
  'octal escapes in an address': each((one) =>
    encodeURIComponent(`\\${code(one).toString(8).padStart(3, '0')}`),
  ),
  'quoted-printable in an address': each((one) => encodeURIComponent(`=${hex(one)}`)),
  'CSS escapes in an address': each((one) => `\\${hex(one)}%20`),
  'references in an address': each((one) => `&#x${hex(one)}%3B`),
  'references with many zeros': each((one, at) =>
    at % 2 === 0 ? `&#x${hex(one, 16)};` : `&#${String(code(one)).padStart(16, '0')};`,
  ),
  'references of references': each((one) => `&amp;#${code(one)};`),
  'percent of references': each((one) => encodeURIComponent(`&#${code(one)};`)),
  'percent in UTF-16': (secret) => Buffer.from(each((one) => `%${hex(one)}`)(secret).toString(), 'utf16le'),
  'quoted-printable': each((one, at) => `=${hex(one).toUpperCase()}${at % 20 === 19 ? '=\r\n' : ''}`),
  hexadecimal: (secret) => Buffer.from(Buffer.from(secret).toString('hex')),
  'hexadecimal in capitals': (secret) => Buffer.from(Buffer.from(secret).toString('hex').toUpperCase()),
  'hexadecimal of UTF-16': (secret) => Buffer.from(Buffer.from(secret, 'utf16le').toString('hex')),
  'base64, first byte first': base64(''),
  'base64, one byte before': base64('x'),
  'base64, two bytes before': base64('xy'),
  'base64 without padding': (secret) => Buffer.from(base64('x', '')(secret).toString().replaceAll('=', '')),
  'base64 of UTF-16': (secret) => Buffer.from(Buffer.from(secret, 'utf16le').toString('base64')),
  'base64 of UTF-16, two bytes before': (secret) =>
    Buffer.from(Buffer.from(`x${secret}.`, 'utf16le').toString('base64')),
  'base64 of base64': (secret) => Buffer.from(base64('xy')(secret).toString('base64')),
  'base64 of base64 in capitals': (secret) =>
    Buffer.from(base64('x')(secret.toUpperCase()).toString('base64')),
  'base64 of capitals': (secret) => base64('xy')(secret.toUpperCase()),
  'base64 for addresses': (secret) => Buffer.from(Buffer.from(`???>>>${secret}`).toString('base64url')),
  'base64 in lines': (secret) =>
    Buffer.from(base64('x'.repeat(40))(secret).toString().replace(/.{19}/g, '$&\r\n')),
  'base64 in percent': (secret) => each((one) => `%${hex(one)}`)(base64('x')(secret).toString()),
};

/** Whether a secret can be read out of bytes, by one who knows the spellings above. */
export function tells(bytes: Buffer, secret: string): boolean {
  const wanted = secret.toLowerCase();
  const seen = new Set<string>();
  const look = (text: string, depth: number): boolean => {
    if (seen.has(text)) return false;
    seen.add(text);
    if (text.toLowerCase().includes(wanted)) return true;
    if (depth === 0) return false;
    return READINGS.some((reading) => look(reading(text), depth - 1));
  };
  return look(bytes.toString('latin1'), 3);
}

const digits = (pattern: RegExp, base: number) => (text: string) =>
  text.replace(pattern, (_match, value: string) => String.fromCharCode(Number.parseInt(value, base)));

const READINGS: readonly ((text: string) => string)[] = [
  (text) => text.replaceAll('\0', ''),
  (text) => text.replace(/=?\r\n/g, ''),
  digits(/%u?(?:00)?([0-9a-f]{2})/gi, 16),
  digits(/\\+(?:u|x|u\{)?0*([0-9a-f]{2})\}? ?/gi, 16),
  digits(/\\([0-7]{2,3})/g, 8),
  digits(/&#0*(\d{2,3});?/g, 10),
  digits(/&#x0*([0-9a-f]{2});?/gi, 16),
  (text) => [...text].reverse().join(''),
  digits(/=([0-9a-f]{2})/gi, 16),
  (text) => text.replaceAll('&amp;', '&'),
  (text) => text.replace(/(?:[0-9a-f]{2}){8,}/gi, (run) => Buffer.from(run, 'hex').toString('latin1')),
  ...[0, 1, 2, 3].map(
    (skip) => (text: string) =>
      text.replace(/[\w+/-]{12,}/g, (run) => Buffer.from(run.slice(skip), 'base64').toString('latin1')),
  ),
];
