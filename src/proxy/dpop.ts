/** Proofs of possession at `/proxy` (RFC 9449 section 7): a token bound to a key works only with that key's proof. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose';
import type { Context } from 'koa';
import { DPOP_SIGNING_ALGS } from '../../config/clients/supported.ts';
import { isSentAsBound } from '../http/bearer.ts';

/** How far the clocks of client and server may differ, and for how long a proof is remembered. */
const PROOF_SECONDS = 60;

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
  const proof = ctx.get('DPoP');
  if (proof === '' || !isSentAsBound(ctx)) return false;
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      algorithms: [...DPOP_SIGNING_ALGS],
      typ: 'dpop+jwt',
    });
    const { jwk } = protectedHeader;
    if (jwk === undefined || (await calculateJwkThumbprint(jwk)) !== token.jkt) return false;
    const { htm, htu, ath, iat, jti } = payload;
    const [path = ''] = (ctx.req.url ?? '').split('?', 1);
    const ours = htm === ctx.method && isAddress(htu, deps.issuer + path) && ath === hashOf(token.value);
    if (!ours || typeof iat !== 'number' || typeof jti !== 'string' || jti === '') return false;
    if (Math.abs(deps.nowSeconds() - iat) > PROOF_SECONDS) return false;
    return deps.isFresh(token.clientId, jti, iat + 2 * PROOF_SECONDS);
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

/** Whether `htu` names an address, in whatever spelling, its query and fragment left aside (RFC 9449 section 4.3). */
function isAddress(htu: unknown, address: string): boolean {
  const named = typeof htu === 'string' ? URL.parse(htu) : null;
  return named !== null && named.origin + named.pathname === URL.parse(address)?.href;
}

function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}
