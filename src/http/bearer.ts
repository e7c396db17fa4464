/** Bearer tokens at the endpoints that stand on an IB session: the token of a session that has ended is told apart. */
import type { Context, Middleware } from 'koa';
import { isSessionAlive } from '../../adapters/ib/session.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { grantIdOf, ibSessionIdOf, isTokenValueOf } from '../../adapters/store/handles.ts';
import { DPOP_SIGNING_ALGS } from '../../config/clients/supported.ts';
import { bodyOf } from './bodies.ts';
import { routeOf } from './routes.ts';

/** The token of an `Authorization` header, Bearer or DPoP (RFC 6750 section 2.1, RFC 9449 section 7.1). */
export function bearerToken(ctx: Context): string | undefined {
  const [scheme = '', value, ...rest] = ctx.get('Authorization').split(' ');
  if (value === undefined || rest.length > 0) return undefined;
  return /^(bearer|dpop)$/i.test(scheme) ? value : undefined;
}

/** The token of a form (RFC 6750 section 2.2), where no header holds one. What is sent in two ways is refused by whoever reads it. */
function formToken(ctx: Context): string | undefined {
  if (ctx.get('Authorization') !== '' || !ctx.is('application/x-www-form-urlencoded')) return undefined;
  return new URLSearchParams(bodyOf(ctx).toString()).get('access_token') ?? undefined;
}

/** Whether a token was sent as one that is bound to a key (RFC 9449 section 7.1). */
export function isSentAsBound(ctx: Context): boolean {
  return /^dpop /i.test(ctx.get('Authorization'));
}

/**
 * Answers 401 `invalid_token` in the form of RFC 6750 section 3, with the protected resource's metadata (RFC 9728); to who came with
 * a proof, in that of RFC 9449 section 7.1.
 */
export function writeInvalidToken(ctx: Context, issuer: string, description: string): void {
  const isBound = isSentAsBound(ctx);
  const challenge = {
    realm: issuer,
    error: 'invalid_token',
    error_description: description,
    ...(isBound ? { algs: DPOP_SIGNING_ALGS.join(' ') } : {}),
    resource_metadata: `${issuer}/.well-known/oauth-protected-resource`,
  };
  const facts = Object.entries(challenge).map(([name, value]) => `${name}="${value}"`);
  ctx.status = 401;
  ctx.set('Cache-Control', 'no-store');
  ctx.set('WWW-Authenticate', `${isBound ? 'DPoP' : 'Bearer'} ${facts.join(', ')}`);
  ctx.body = { error: 'invalid_token', error_description: description };
}

/** What clients of every age read as "sign in again". */
export const SESSION_EXPIRED = 'Session has expired';

/** Whether the IB session under a well-formed access token lives. Reads token, Grant and session in one batch. */
export async function standsOnLiveSession(store: Store, token: string, nowSeconds: number): Promise<boolean> {
  if (!isTokenValueOf('AccessToken', token)) return true;
  const grantId = grantIdOf(token);
  const ibSessionId = grantId === undefined ? undefined : ibSessionIdOf(grantId);
  if (ibSessionId === undefined) return true;
  store.hint([{ model: 'AccessToken', id: token }]);
  const session = await store.ibSessions.find(ibSessionId);
  return session !== undefined && isSessionAlive(session, nowSeconds);
}

/** In front of what stands on an IB session: a token whose session is over gets its own answer. */
export function createSessionCheck(deps: {
  readonly store: Store;
  readonly issuer: string;
  readonly nowSeconds: () => number;
}): Middleware {
  return async (ctx, next) => {
    if (routeOf(ctx).standsOn !== 'ib_session') return next();
    const token = bearerToken(ctx) ?? formToken(ctx);
    if (token === undefined || (await standsOnLiveSession(deps.store, token, deps.nowSeconds())))
      return next();
    writeInvalidToken(ctx, deps.issuer, SESSION_EXPIRED);
  };
}
