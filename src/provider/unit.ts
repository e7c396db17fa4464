/** One request is one unit of work of the store: what it has done is written behind it, in front of its answer. */
import type { Middleware } from 'koa';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';

/**
 * Runs a request as a unit. Where somebody else has used the same code or token first, the flush says so: the answer that
 * was prepared gives way to the one that the library gives in this case (RFC 6749 5.2).
 */
export function createUnit(store: Pick<Store, 'unit'>): Middleware {
  return async (ctx, next) => {
    try {
      await store.unit(next);
    } catch (error) {
      if (!(error instanceof errors.InvalidGrant)) throw error;
      ctx.remove('Set-Cookie');
      ctx.set('Cache-Control', 'no-store');
      ctx.status = error.statusCode;
      ctx.body = { error: error.error, error_description: error.error_description };
      const { oidc } = ctx as unknown as KoaContextWithOIDC;
      oidc.provider.emit('grant.error', ctx as unknown as KoaContextWithOIDC, error);
    }
  };
}
