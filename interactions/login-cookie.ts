/**
 * The secret that binds one sign-in to the browser it was begun in: its forms, its attempt at IB, its polls. Each sign-in
 * has a cookie of its own, set by the answer that begins it, so that two begun at once cannot take each other's away.
 */
import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';

const SECRET_BYTES = 32;
/** So many sign-ins may stand open in one browser; a header of cookies has an end. */
const MOST_OPEN = 20;
const NAME_CHARACTERS = 16;

const prefixOf = (issuer: string): string => (issuer.startsWith('https:') ? '__Host-ib_login_' : 'ib_login_');

const nameOf = (issuer: string, uid: string): string => prefixOf(issuer) + uid.slice(0, NAME_CHARACTERS);

function write(
  ctx: Context,
  issuer: string,
  cookie: { name: string; value: string | null; maxAgeMs: number },
): void {
  ctx.cookies.set(cookie.name, cookie.value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: issuer.startsWith('https:'),
    // `/interaction/{uid}` and `/authorize/poll` both need it.
    path: '/',
    maxAge: cookie.maxAgeMs,
    signed: false,
    overwrite: true,
  });
}

/**
 * The cookies of sign-ins that stand open, the oldest first, as browsers send them (RFC 6265 section 5.4). Read here and not by
 * `ctx.cookies`, which keeps a pattern for every name it was ever asked for.
 */
function openIn(ctx: Context, issuer: string): (readonly [name: string, value: string])[] {
  return ctx
    .get('Cookie')
    .split(';')
    .map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, Math.max(at, 0)).trim(), pair.slice(at + 1).trim()] as const;
    })
    .filter(([name]) => name.startsWith(prefixOf(issuer)));
}

/** A new secret for a sign-in that begins. The oldest ones give way where too many stand open. */
export function settleLoginSecret(
  ctx: Context,
  issuer: string,
  login: { readonly uid: string; readonly lifeSeconds: number },
): string {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  // As many at once as a browser can have of ours: somebody else may have set hundreds, and an answer's head has an end too.
  for (const [name] of openIn(ctx, issuer)
    .slice(0, -(MOST_OPEN - 1))
    .slice(0, MOST_OPEN)) {
    write(ctx, issuer, { name, value: null, maxAgeMs: 0 });
  }
  write(ctx, issuer, {
    name: nameOf(issuer, login.uid),
    value: secret,
    maxAgeMs: login.lifeSeconds * 1000,
  });
  return secret;
}

/** The secret of a sign-in as the browser sent it; undefined where it sent none of ours. */
export function loginSecretOf(ctx: Context, issuer: string, uid: string): string | undefined {
  const [, value] = openIn(ctx, issuer).find(([name]) => name === nameOf(issuer, uid)) ?? [];
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined;
}

/** Takes the cookie of a finished sign-in away. */
export function clearLoginSecret(ctx: Context, issuer: string, uid: string): void {
  write(ctx, issuer, { name: nameOf(issuer, uid), value: null, maxAgeMs: 0 });
}
