/** The platforms that this browser has signed in to: a signed cookie, nothing on the server. */
import type { Context } from 'koa';
import type { RememberedPlatform } from './pages.ts';

/** The address is the issuer's: https there is https here, whatever carried the request. */
const nameOf = (ctx: Context): string => (ctx.secure ? '__Secure-ib_platforms' : 'ib_platforms');

const MOST = 5;
const LONGEST_NAME = 60;

/** Newest first; empty where the cookie is missing, forged or unreadable. */
export function rememberedPlatforms(ctx: Context): readonly RememberedPlatform[] {
  const value = ctx.cookies.get(nameOf(ctx), { signed: true });
  if (value === undefined) return [];
  try {
    const list: unknown = JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
    return Array.isArray(list) ? list.filter(isRemembered).slice(0, MOST) : [];
  } catch {
    // A cookie of an older form: the list begins anew.
    return [];
  }
}

function isRemembered(entry: unknown): entry is RememberedPlatform {
  if (typeof entry !== 'object' || entry === null) return false;
  const { host, name } = entry as Record<string, unknown>;
  return typeof host === 'string' && (name === undefined || typeof name === 'string');
}

/** Puts a platform first in the list. */
export function rememberPlatform(ctx: Context, platform: RememberedPlatform, maxAgeSeconds: number): void {
  const others = rememberedPlatforms(ctx).filter(({ host }) => host !== platform.host);
  const name = platform.name?.slice(0, LONGEST_NAME);
  write(ctx, [{ host: platform.host, ...(name === undefined ? {} : { name }) }, ...others], maxAgeSeconds);
}

/** Takes a platform off the list. */
export function forgetPlatform(ctx: Context, host: string, maxAgeSeconds: number): void {
  write(
    ctx,
    rememberedPlatforms(ctx).filter((entry) => entry.host !== host),
    maxAgeSeconds,
  );
}

function write(ctx: Context, list: readonly RememberedPlatform[], maxAgeSeconds: number): void {
  const value = Buffer.from(JSON.stringify(list.slice(0, MOST))).toString('base64url');
  ctx.cookies.set(nameOf(ctx), value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    path: '/interaction',
    maxAge: maxAgeSeconds * 1000,
    signed: true,
    overwrite: true,
  });
}
