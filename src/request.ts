/** What holds for every request: its place in the log, the address it came to, what the answer must never allow. */
import { randomUUID } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';

/** The request's correlation id: in the log, in `X-Request-Id`, and on error pages as the reference. */
export function referenceOf(ctx: Context): string {
  return typeof ctx.state['reference'] === 'string' ? ctx.state['reference'] : '';
}

/** Gives the request its reference and writes one log line when it is answered. The path only: queries hold secrets. */
export function createRequestLog(log: Logger): Middleware {
  return async (ctx, next) => {
    const reference = randomUUID();
    const started = performance.now();
    ctx.state['reference'] = reference;
    ctx.set('X-Request-Id', reference);
    try {
      await next();
    } finally {
      log.info(
        {
          event: 'request',
          reference,
          method: ctx.method,
          route: routeOf(ctx.path),
          status: ctx.status,
          ms: Math.round(performance.now() - started),
        },
        'request',
      );
    }
  };
}

/** A path without what tells one user's from another's. */
function routeOf(path: string): string {
  const [, first = '', second = ''] = path.split('/');
  if (first === 'interaction')
    return `/interaction/:uid${path
      .split('/')
      .slice(3)
      .map((part) => `/${part}`)
      .join('')}`;
  if (first === 'authorize' && second !== '' && second !== 'poll') return '/authorize/:uid';
  if (first === 'device' && second !== '') return '/device/:uid';
  if (first === 'proxy') return '/proxy';
  if (first === 'register' && second !== '') return '/register/:client_id';
  return path.length > 64 ? '(long)' : path;
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

/** Headers that every answer carries. Pages add their own policy. */
export function createSafeHeaders(issuer: string): Middleware {
  const https = issuer.startsWith('https:');
  return (ctx, next) => {
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.set('X-Frame-Options', 'DENY');
    if (https) ctx.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
    return next();
  };
}
