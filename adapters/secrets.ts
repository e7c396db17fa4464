import type { JWK } from 'jose';
import type { SecretsSource } from '../config/config.ts';

/** The server's own keys. Printing or serialising it shows no key. */
export interface Secrets {
  /** Private JWKs with `kid`, `alg` and `use`; the first of an `alg` signs, the others only verify. */
  readonly signingKeys: readonly JWK[];
  /** Newest first: the first signs cookies, the others still verify. */
  readonly cookieKeys: readonly string[];
  /** Newest first, 32 bytes each; the id stands beside what was hashed with it. */
  readonly peppers: readonly { readonly id: string; readonly key: Uint8Array }[];
}

/** Reads the server's keys from where the operator put them. */
export async function loadSecrets(source: SecretsSource): Promise<Secrets> {
  throw new Error(`not built yet: ${source.kind}`);
}
