/** Proofs of possession (DPoP, RFC 9449) as they come with a request, for whatever of ours takes one. */
import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose';
import type { Context } from 'koa';
import { DPOP_SIGNING_ALGS } from '../../config/clients/supported.ts';

/** How far the clocks of client and server may differ, and for how long a proof is remembered. */
const PROOF_SECONDS = 60;

/** A proof that is signed well and meant for this very request; not yet whether it is used for the first time. */
export interface Proof {
  /** The thumbprint of its key (RFC 7638). */
  readonly jkt: string;
  /** The hash of the token that it goes with, where it names one. */
  readonly ath: unknown;
  readonly jti: string;
  /** Until when its `jti` has to be remembered, in unix seconds. */
  readonly expires: number;
}

/** The proof of a request, for its method and address, fresh by its own word; undefined where there is none such. */
export async function proofIn(
  ctx: Pick<Context, 'get' | 'method' | 'req'>,
  { issuer, nowSeconds }: { readonly issuer: string; readonly nowSeconds: () => number },
): Promise<Proof | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify(ctx.get('DPoP'), EmbeddedJWK, {
      algorithms: [...DPOP_SIGNING_ALGS],
      typ: 'dpop+jwt',
    });
    const { jwk } = protectedHeader;
    const { htm, htu, ath, iat, jti } = payload;
    const [path = ''] = (ctx.req.url ?? '').split('?', 1);
    if (jwk === undefined || htm !== ctx.method || !isAddress(htu, issuer + path)) return undefined;
    if (typeof iat !== 'number' || typeof jti !== 'string' || jti === '') return undefined;
    if (Math.abs(nowSeconds() - iat) > PROOF_SECONDS) return undefined;
    return { jkt: await calculateJwkThumbprint(jwk), ath, jti, expires: iat + 2 * PROOF_SECONDS };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** Whether `htu` names an address, in whatever spelling, its query and fragment left aside (RFC 9449 section 4.3). */
function isAddress(htu: unknown, address: string): boolean {
  const named = typeof htu === 'string' ? URL.parse(htu) : null;
  return named !== null && named.origin + named.pathname === URL.parse(address)?.href;
}
