/** `/healthz`: the process is up. `/readyz`: the store answers. */
import type { Store } from '../../adapters/store/contract.ts';
import { StoreError } from '../../adapters/store/errors.ts';
import type { Answer } from './routes.ts';

/** Whoever asks gives up after a second, by the defaults of Kubernetes and of load balancers. */
const READY_WITHIN_MS = 900;

/** Says that the process is up. */
export const answerAlive: Answer = (ctx) => {
  ctx.body = { status: 'ok' };
};

/** Says whether the store answers. */
export function createReadiness(store: Pick<Store, 'ready'>): Answer {
  // Whoever asks at the same time shares one question to the store: anybody may ask, and no limit counts it.
  let asking: Promise<void> | undefined;
  const ready = (): Promise<void> =>
    (asking ??= readyInTime(store).finally(() => {
      asking = undefined;
    }));
  return async (ctx) => {
    try {
      await ready();
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
export async function readyInTime(store: Pick<Store, 'ready'>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const slow = () =>
      reject(new StoreError({ code: 'unavailable', operation: 'ready', engineError: 'TooSlow' }));
    timer = setTimeout(slow, READY_WITHIN_MS);
  });
  try {
    await Promise.race([store.ready(), late]);
  } finally {
    clearTimeout(timer);
  }
}
