/** `/healthz`: the process is up. `/readyz`: the store answers. */
import type { Middleware } from 'koa';
import type { Store } from '../../adapters/store/contract.ts';
import { StoreError } from '../../adapters/store/errors.ts';

/** Whoever asks gives up after a second, by the defaults of Kubernetes and of load balancers. */
const READY_WITHIN_MS = 900;

/** Answers both, before anything else looks at the request. */
export function createHealth(store: Pick<Store, 'ready'>): Middleware {
  return async (ctx, next) => {
    if (ctx.path === '/healthz') {
      ctx.body = { status: 'ok' };
      return;
    }
    if (ctx.path !== '/readyz') return next();
    try {
      await inTime(store.ready());
      ctx.body = { status: 'ok' };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      ctx.status = 503;
      ctx.set('Retry-After', '5');
      ctx.body = { status: 'unavailable', error: error.code };
    }
  };
}

/** What the store says within the time; a store that is merely slow, such as one that throttles, is not ready either. */
async function inTime(ready: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const slow = () =>
      reject(new StoreError({ code: 'unavailable', operation: 'ready', engineError: 'TooSlow' }));
    timer = setTimeout(slow, READY_WITHIN_MS);
  });
  try {
    await Promise.race([ready, late]);
  } finally {
    clearTimeout(timer);
  }
}
