/** Nothing is decided about access that could not be told: where the operator wants it so, and the audit file cannot be written. */
import type { Middleware } from 'koa';
import { RefusedError } from './errors.ts';
import { routeOf } from './routes.ts';

/** What decides nothing; `/readyz` is refused, so that a load balancer asks another process. */
const DECIDES_NOTHING: ReadonlySet<string> = new Set(['/healthz', '/assets']);

/** Refuses requests while the audit stream does: `RefusedError`, which becomes 503 with `Retry-After`. */
export function createAuditGuard(refuses: () => boolean): Middleware {
  return (ctx, next) => {
    if (!DECIDES_NOTHING.has(routeOf(ctx).name) && refuses()) throw new RefusedError('overloaded');
    return next();
  };
}
