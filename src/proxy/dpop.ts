/** Proofs of possession at `/proxy` (RFC 9449 section 7): a token bound to a key works only with that key's proof. */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { isSentAsBound } from '../http/bearer.ts';
import { proofIn } from '../http/proofs.ts';

interface DpopDeps {
  readonly issuer: string;
  /** Whether this client has used the `jti` for the first time; remembers it until the time given. */
  readonly isFresh: (clientId: string, jti: string, expires: number) => Promise<boolean>;
  readonly nowSeconds: () => number;
}

/** Whether a request carries a fresh proof for this token, method and address by the key the token is bound to. */
export async function hasProof(
  deps: DpopDeps,
  ctx: Context,
  token: { readonly value: string; readonly jkt: string; readonly clientId: string },
): Promise<boolean> {
  const proof = isSentAsBound(ctx) ? await proofIn(ctx, deps) : undefined;
  if (proof === undefined || proof.jkt !== token.jkt || proof.ath !== hashOf(token.value)) return false;
  return deps.isFresh(token.clientId, proof.jti, proof.expires);
}

function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}
