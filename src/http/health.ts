/** `/healthz`: the process is up. `/readyz`: the store answers. */
import type { Middleware } from 'koa';
import type { Store } from '../../adapters/store/contract.ts';
import { StoreError } from '../../adapters/store/errors.ts';

/** Answers both, before anything else looks at the request. */
export function createHealth(store: Pick<Store, 'ready'>): Middleware {
  return async (ctx, next) => {
    if (ctx.path === '/healthz') {
      ctx.body = { status: 'ok' };
      return;
    }
    if (ctx.path !== '/readyz') return next();
    try {
      await store.ready();
      ctx.body = { status: 'ok' };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      ctx.status = 503;
      ctx.set('Retry-After', '5');
      ctx.body = { status: 'unavailable', error: error.code };
    }
  };
}
