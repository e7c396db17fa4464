/** What an app's assertion (`private_key_jwt`, RFC 7523 section 3) must say, beyond what the library asks of each. */
import { type Configuration, errors } from 'oidc-provider';

interface AssertionDeps {
  /** The longest time until an assertion expires: so long it is remembered as used. */
  readonly longestSeconds: number;
  /** Unix seconds. */
  readonly nowSeconds: () => number;
}

/** How an assertion may call itself, where it does (RFC 7519 section 5.1, RFC 7523bis). */
const ASSERTION_TYPES: readonly string[] = ['jwt', 'client-authentication+jwt'];

/** Judges an assertion that is signed well and meant for this server, before it is marked as used. */
export function createAssertionCheck({
  longestSeconds,
  nowSeconds,
}: AssertionDeps): NonNullable<Configuration['assertJwtClientAuthClaimsAndHeader']> {
  return async (ctx, { aud, exp }, { typ }) => {
    // A request object or a proof of the same key says what it is (RFC 8725 section 3.11), and proves no client here.
    if (typ !== undefined && !ASSERTION_TYPES.includes(String(typ).toLowerCase())) {
      throw new errors.InvalidClientAuth('type (typ) must be that of a client assertion, or JWT');
    }
    // FAPI 2.0 5.3.2.1; the library's own rule, which this function takes the place of.
    if (ctx.oidc.isFapi('2.0') && aud !== ctx.oidc.issuer) {
      throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier url');
    }
    // The library is content with one that names others too; whoever else may take it could replay it here.
    const ours: ReadonlySet<unknown> = ctx.oidc.clientJwtAuthExpectedAudience();
    if (![aud].flat().every((named) => ours.has(named))) {
      throw new errors.InvalidClientAuth('audience (aud) must not name anybody else');
    }
    // RFC 7523 section 3, 4: "unreasonably far in the future" is the server's to judge.
    if (Number(exp) - nowSeconds() > longestSeconds) {
      throw new errors.InvalidClientAuth(`expiration (exp) must be within ${longestSeconds} seconds`);
    }
  };
}
