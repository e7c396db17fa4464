/**
 * Sealing: an item's key is a hash of the value it is looked up by, and its payload is encrypted under a key derived
 * from that same value and the operator's pepper. A copy of the tables, even with the pepper, opens nothing without
 * the tokens, codes and cookies themselves.
 *
 * Format 1: `[1][length of the pepper's id][pepper's id][IV: 12][AES-256-GCM ciphertext][tag: 16]`, with the item's
 * key as additional data, so that a payload moved to another item does not open.
 */
import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync, randomBytes } from 'node:crypto';

/** A secret of the operator's that salts every derivation; the newest seals, older ones still open. */
export interface Pepper {
  readonly id: string;
  readonly key: Uint8Array;
}

/** A sealed payload that does not open: another format, an unknown pepper, or changed bytes. */
export class SealError extends Error {
  readonly code: 'unknown_format' | 'unknown_pepper' | 'not_authentic';

  constructor(code: SealError['code'], cause?: unknown) {
    super(`sealed payload does not open: ${code}`, { cause });
    this.name = 'SealError';
    this.code = code;
  }
}

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The table key of a record: `Model#` and the SHA-256 of model and id, base64url. */
export function hashedKey(model: string, id: string): string {
  return `${model}#${hash('sha256', `${model}\0${id}`, 'base64url')}`;
}

/** A keyed hash of something that identifies, such as an account: for index attributes. 43 characters. */
export function keyedHash(pepper: Pepper, label: string, value: string): string {
  return createHmac('sha256', pepper.key).update(`${label}\0${value}`).digest('base64url');
}

function contentKey(secret: string, label: string, pepper: Pepper): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, pepper.key, `ib-oauth seal 1\0${label}`, 32));
}

/** What a payload is sealed under: `secret` is the looked-up value, `label` its model, `key` the item's key. */
export interface SealContext {
  readonly secret: string;
  readonly label: string;
  readonly key: string;
}

/** Encrypts a payload under the newest pepper. */
export function seal(payload: unknown, context: SealContext, peppers: readonly Pepper[]): Uint8Array {
  const pepper = peppers[0];
  if (pepper === undefined) throw new SealError('unknown_pepper');
  const id = Buffer.from(pepper.id, 'utf8');
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', contentKey(context.secret, context.label, pepper), iv);
  cipher.setAAD(Buffer.from(context.key, 'utf8'));
  const body = cipher.update(JSON.stringify(payload), 'utf8');
  const last = cipher.final();
  return Buffer.concat([Uint8Array.of(FORMAT, id.length), id, iv, body, last, cipher.getAuthTag()]);
}

/** Decrypts a sealed payload; throws `SealError`. */
export function open(sealed: Uint8Array, context: SealContext, peppers: readonly Pepper[]): unknown {
  if (sealed[0] !== FORMAT) throw new SealError('unknown_format');
  const idEnd = 2 + (sealed[1] ?? 0);
  const id = Buffer.from(sealed.subarray(2, idEnd)).toString('utf8');
  const pepper = peppers.find((candidate) => candidate.id === id);
  if (pepper === undefined) throw new SealError('unknown_pepper');
  const iv = sealed.subarray(idEnd, idEnd + IV_BYTES);
  const tag = sealed.subarray(sealed.length - TAG_BYTES);
  try {
    const decipher = createDecipheriv('aes-256-gcm', contentKey(context.secret, context.label, pepper), iv);
    decipher.setAAD(Buffer.from(context.key, 'utf8'));
    decipher.setAuthTag(tag);
    const body = decipher.update(sealed.subarray(idEnd + IV_BYTES, sealed.length - TAG_BYTES));
    return JSON.parse(Buffer.concat([body, decipher.final()]).toString('utf8'));
  } catch (cause) {
    throw new SealError('not_authentic', cause);
  }
}
