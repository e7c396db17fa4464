/** Addresses of IB's files that work for a while without a token, for pictures in a page: sealed, so they tell nothing. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** What a signed address stands for. */
export interface SignedTarget {
  readonly grantId: string;
  readonly origin: string;
  /** Path and query, without a sid. */
  readonly path: string;
}

export interface SignedUrls {
  /** A handle that works until the given life time has passed. */
  sign(target: SignedTarget): string;
  /** What a handle stands for; undefined where it is forged or over. */
  open(handle: string): SignedTarget | undefined;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Signs with the first key; opens with any. */
export function createSignedUrls(options: {
  readonly keys: readonly Uint8Array[];
  readonly lifetimeSeconds: number;
  readonly nowSeconds: () => number;
}): SignedUrls {
  const keys = options.keys.map(
    (key) => new Uint8Array(hkdfSync('sha256', key, '', 'ib-oauth signed url 1', 32)),
  );

  function openWith(key: Uint8Array, sealed: Buffer): unknown {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const body = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES));
    return JSON.parse(Buffer.concat([body, decipher.final()]).toString('utf8'));
  }

  return {
    sign({ grantId, origin, path }) {
      const [key] = keys;
      if (key === undefined) throw new TypeError('signing needs a key');
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const expires = options.nowSeconds() + options.lifetimeSeconds;
      const body = cipher.update(JSON.stringify([expires, grantId, origin, path]), 'utf8');
      return Buffer.concat([iv, body, cipher.final(), cipher.getAuthTag()]).toString('base64url');
    },
    open(handle) {
      const sealed = Buffer.from(handle, 'base64url');
      if (sealed.length <= IV_BYTES + TAG_BYTES) return undefined;
      for (const key of keys) {
        try {
          const [expires, grantId, origin, path] = openWith(key, sealed) as [number, string, string, string];
          return expires > options.nowSeconds() ? { grantId, origin, path } : undefined;
        } catch {
          // Sealed with another key, or forged: the next key tells.
        }
      }
      return undefined;
    },
  };
}
