/** How often a device may ask whether its user is done (RFC 8628 section 3.5). */
import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';
import { GRANT } from '../../config/clients/supported.ts';
import { routeOf } from '../http/routes.ts';

/**
 * Turns `authorization_pending` into `slow_down` for a device that asks more than once in a window of the store. The
 * window is a second shorter than the interval it was told, so that a clock that is a little off is never told off.
 */
export function createDevicePollLimit(deps: {
  readonly store: Pick<Store, 'take'>;
  readonly intervalSeconds: number;
}): Middleware {
  const windowSeconds = Math.max(1, deps.intervalSeconds - 1);
  return async (ctx, next) => {
    await next();
    if (routeOf(ctx).name !== '/token' || ctx.status !== 400) return;
    const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>;
    const body = ctx.body as { error?: unknown } | undefined;
    if (body?.error !== 'authorization_pending' || oidc?.params?.['grant_type'] !== GRANT.device) return;
    const subject = String(oidc.params['device_code']);
    const { granted } = await deps.store.take({
      name: 'device_poll',
      subject,
      limit: 1,
      windowSeconds,
      block: 1,
    });
    if (granted === 0) {
      ctx.body = { error: 'slow_down', error_description: 'wait five more seconds between two requests' };
    }
  };
}
