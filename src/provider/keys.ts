/** What keys are for: cookies, signatures, pairwise subjects. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import Keygrip from 'keygrip';
import type { Configuration } from 'oidc-provider';
import type { Secrets } from '../../adapters/secrets/secrets.ts';
import { CLIENT_SIGNING_ALGS, DPOP_SIGNING_ALGS } from '../../config/clients/supported.ts';

/** Cookies: with the name prefixes that browsers enforce wherever the issuer is https. */
export function cookiesOf(issuer: string, keys: readonly string[]): NonNullable<Configuration['cookies']> {
  const secure = issuer.startsWith('https:');
  const short = { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true } as const;
  return {
    names: {
      session: secure ? '__Host-ib_session' : 'ib_session',
      interaction: secure ? '__Secure-ib_interaction' : 'ib_interaction',
      resume: secure ? '__Secure-ib_resume' : 'ib_resume',
    },
    keys: createCookieKeys(keys),
    long: { ...short, path: '/' },
    short,
  };
}

/**
 * Signs cookies with the first key and takes those of every key. The library's own comparison makes two more HMACs with a key
 * of raw bytes, for which Node throws and catches twice each: 48 µs a cookie for 7.
 */
function createCookieKeys(keys: readonly string[]): Keygrip {
  const signers = keys.map((key) => new Keygrip([key]));
  const cookieKeys = new Keygrip([...keys]);
  cookieKeys.index = (data, digest) => {
    const given = Buffer.from(digest);
    return signers.findIndex((signer) => {
      const own = Buffer.from(signer.sign(data));
      return own.length === given.length && timingSafeEqual(own, given);
    });
  };
  return cookieKeys;
}

type SigningAlg = 'RS256' | 'ES256' | 'EdDSA';

/** What is signed with what: the server's by the keys it has, its clients' by what `supported.ts` takes. */
export function algorithmsOf(secrets: Secrets): NonNullable<Configuration['enabledJWA']> {
  const offered: readonly SigningAlg[] = ['RS256', 'ES256', 'EdDSA'];
  const own = offered.filter((alg) => secrets.signingKeys.some((key) => key.alg === alg));
  return {
    idTokenSigningAlgValues: own,
    userinfoSigningAlgValues: own,
    introspectionSigningAlgValues: own,
    // Asymmetric only: a shared secret as a signing key is a key that two parties hold.
    clientAuthSigningAlgValues: [...CLIENT_SIGNING_ALGS],
    requestObjectSigningAlgValues: [...CLIENT_SIGNING_ALGS],
    dPoPSigningAlgValues: [...DPOP_SIGNING_ALGS],
  };
}

/** A subject that two sectors cannot compare (OpenID Core section 8.1), by a key of its own, so that it stays. */
export function createPairwise({
  pairwiseKey: key,
}: Secrets): NonNullable<Configuration['pairwiseIdentifier']> {
  return async (_ctx, accountId, client) =>
    createHmac('sha256', key)
      .update(`pairwise\0${client.sectorIdentifier}\0${accountId}`)
      .digest('base64url');
}
