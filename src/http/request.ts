/** What holds for every request: its place in the log, the address it came to, what the answer must never allow. */
import type { Context, Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Visitor } from '../../adapters/store/contract.ts';
import { grantIdOf } from '../../adapters/store/handles.ts';
import { correlationOf, signInIn } from '../telemetry/correlation.ts';
import type { Events } from '../telemetry/events.ts';
import { bearerToken } from './bearer.ts';
import { routeOf } from './routes.ts';

/** The request's reference: in the log, in `X-Request-Id`, and on error pages. */
export function referenceOf(ctx: Context): string {
  return typeof ctx.state['reference'] === 'string' ? ctx.state['reference'] : '';
}

/** Gives the request its reference and writes one log line when it is answered. The path only: queries hold secrets. */
export function createRequestLog(
  events: Pick<Events, 'requested' | 'during' | 'tokenRefused' | 'saw' | 'visited'>,
  visitorOf: (ctx: Context) => Visitor,
): Middleware {
  return (ctx, next) => {
    const correlation = correlationOf(ctx.url);
    const started = performance.now();
    ctx.state['reference'] = correlation.reference;
    ctx.set('X-Request-Id', correlation.reference);
    return events.during(correlation, ctx.req.headers, async () => {
      events.visited(visitorOf(ctx));
      // Known before anything is read: the first call of the store tells whose it is.
      events.saw({ grantId: grantIdOf(bearerToken(ctx) ?? '') });
      try {
        await next();
      } finally {
        // The answer to /authorize names the sign-in that it began.
        const begun = signInIn(String(ctx.response.get('Location') ?? ''));
        if (begun !== undefined) correlation.signIn ??= begun;
        const refusal = refusalIn(ctx);
        if (refusal !== undefined) events.tokenRefused(refusal);
        events.requested({
          method: ctx.method,
          route: routeOf(ctx).name,
          status: ctx.status,
          ms: Math.round(performance.now() - started),
        });
      }
    });
  };
}

/** Where an app shows a token that it has. What `/token` refuses the library tells by itself. */
const TOKEN_SHOWN: ReadonlySet<string> = new Set(['/userinfo', '/proxy', '/introspect']);

type Refusal = Parameters<Events['tokenRefused']>[0];

/** What an answer of ours says against the token that came with the request. */
function refusalIn(ctx: Context): Refusal | undefined {
  if (!TOKEN_SHOWN.has(routeOf(ctx).name)) return undefined;
  const { error, error_description: said, active } = (ctx.body ?? {}) as Record<string, unknown>;
  // Who asks: of a secret that has leaked the log tells what was done with it.
  const { client } = (ctx as Context & Partial<KoaContextWithOIDC>).oidc ?? {};
  const asker = client === undefined ? {} : { clientId: client.clientId };
  if (active === false) return { ...asker, error: 'inactive' };
  if (typeof error !== 'string' || ctx.status < 400 || ctx.status >= 500) return undefined;
  // What follows a quote may be a piece of the request.
  const [detail] = String(said ?? '').split(/["'`]/, 1);
  return { ...asker, error, ...(detail ? { detail } : {}) };
}

/**
 * Host, scheme and client address come from the configuration and the connection, never from what a client or an
 * unknown proxy claims. The library builds absolute URLs from them.
 */
export function createIssuerAddress(issuer: string): Middleware {
  const { host, protocol } = new URL(issuer);
  const scheme = protocol.slice(0, -1);
  return (ctx, next) => {
    ctx.req.headers.host = host;
    delete ctx.req.headers['x-forwarded-host'];
    ctx.req.headers['x-forwarded-proto'] = scheme;
    return next();
  };
}

/** Of a page that says nothing itself: it does nothing. */
const NO_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/** Headers that every answer carries. Pages add their own policy. */
export function createSafeHeaders(issuer: string): Middleware {
  const https = issuer.startsWith('https:');
  return async (ctx, next) => {
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.set('X-Frame-Options', 'DENY');
    if (https) ctx.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
    const { cors } = routeOf(ctx);
    // Nobody's pages but ours: not as a picture, a script or a style of another site either.
    if (cors === 'none') ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
    await next();
    // The library leaves it out of some answers, such as the page that posts a user code on.
    if (cors !== 'public' && !ctx.res.hasHeader('Cache-Control')) ctx.set('Cache-Control', 'no-store');
    if (ctx.type === 'text/html' && !ctx.res.hasHeader('Content-Security-Policy'))
      ctx.set('Content-Security-Policy', NO_POLICY);
  };
}
