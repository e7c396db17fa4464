/** The platforms that this browser has signed in to: a signed cookie, nothing on the server. */
import type { Context } from 'koa';
import type { RememberedPlatform } from './pages.ts';

const NAME = 'ib_platforms';
const MOST = 5;
const LONGEST_NAME = 60;

interface RememberOptions {
  readonly secure: boolean;
  readonly maxAgeSeconds: number;
}

/** Newest first; empty where the cookie is missing, forged or unreadable. */
export function rememberedPlatforms(ctx: Context): readonly RememberedPlatform[] {
  const value = ctx.cookies.get(NAME, { signed: true });
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
export function rememberPlatform(ctx: Context, platform: RememberedPlatform, options: RememberOptions): void {
  const others = rememberedPlatforms(ctx).filter(({ host }) => host !== platform.host);
  const name = platform.name?.slice(0, LONGEST_NAME);
  write(ctx, [{ host: platform.host, ...(name === undefined ? {} : { name }) }, ...others], options);
}

/** Takes a platform off the list. */
export function forgetPlatform(ctx: Context, host: string, options: RememberOptions): void {
  write(
    ctx,
    rememberedPlatforms(ctx).filter((entry) => entry.host !== host),
    options,
  );
}

function write(ctx: Context, list: readonly RememberedPlatform[], options: RememberOptions): void {
  const value = Buffer.from(JSON.stringify(list.slice(0, MOST))).toString('base64url');
  ctx.cookies.set(NAME, value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: options.secure,
    path: '/interaction',
    maxAge: options.maxAgeSeconds * 1000,
    signed: true,
    overwrite: true,
  });
}
