/**
 * How large an RSA key of an app may be. Checking a signature by one takes longer the larger modulus and exponent are: with 3072 bits for
 * both it is a hundred times an ordinary key's, for anybody who sends a request that names the app. A self-registered app chooses its keys.
 */
const MOST_MODULUS_BITS = 8192;
/** The usual exponent is 65537. */
const MOST_EXPONENT_BITS = 32;

/** What is wrong with a key's size, as the end of a sentence, and at which of its members; undefined for all but RSA keys that are too large. */
export function keySizeFault(
  jwk: Readonly<Record<string, unknown>>,
): { readonly member: 'n' | 'e'; readonly message: string } | undefined {
  if (jwk['kty'] !== 'RSA') return undefined;
  if (bitsOf(jwk['n']) > MOST_MODULUS_BITS)
    return { member: 'n', message: `must have at most ${MOST_MODULUS_BITS} bits` };
  if (bitsOf(jwk['e']) > MOST_EXPONENT_BITS)
    return { member: 'e', message: `must have at most ${MOST_EXPONENT_BITS} bits; 65537 (AQAB) is usual` };
  return undefined;
}

/** Of a number as JWKs hold it (RFC 7518 section 2, Base64urlUInt). Zeros in front are read too, but count for nothing. */
function bitsOf(value: unknown): number {
  if (typeof value !== 'string') return 0;
  const hex = Buffer.from(value, 'base64url').toString('hex').replace(/^0+/, '');
  return hex.length * 4;
}
