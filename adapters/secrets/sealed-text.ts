/** Short texts that others carry for this server and cannot read or make: sealed under its peppers, for one purpose each. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export interface SealedTexts {
  seal(value: unknown): string;
  /** What was sealed; undefined where the text is forged, or its pepper is gone. */
  open(text: string): unknown;
}

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Seals with the first pepper, opens with any. Texts of one purpose do not open for another. */
export function createSealedTexts(
  peppers: readonly { readonly key: Uint8Array }[],
  purpose: string,
): SealedTexts {
  const keys = peppers.map(
    ({ key }) => new Uint8Array(hkdfSync('sha256', key, '', `ib-oauth ${purpose}`, 32)),
  );

  function openWith(key: Uint8Array, sealed: Buffer): unknown {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const body = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES));
    return JSON.parse(Buffer.concat([body, decipher.final()]).toString('utf8'));
  }

  return {
    seal(value) {
      const [key] = keys;
      if (key === undefined) throw new TypeError('sealing needs a pepper');
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
      const body = cipher.update(JSON.stringify(value), 'utf8');
      return Buffer.concat([iv, body, cipher.final(), cipher.getAuthTag()]).toString('base64url');
    },
    open(text) {
      const sealed = Buffer.from(text, 'base64url');
      if (sealed.length <= IV_BYTES + TAG_BYTES) return undefined;
      for (const key of keys) {
        try {
          return openWith(key, sealed);
        } catch {
          // Sealed with another pepper, or forged: the next one tells.
        }
      }
      return undefined;
    },
  };
}
