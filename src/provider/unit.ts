/** One request is one unit of work of the store: what it has done is written behind it, in front of its answer. */
import type { Context, Middleware } from 'koa';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';
import { ProofUsedError } from '../../adapters/store/errors.ts';
import { writeInvalidToken } from '../http/bearer.ts';

/**
 * Runs a request as a unit. Where somebody else has used the same code, token or proof first, the flush says so: the answer
 * that was prepared gives way to the one that the library gives to whoever comes later (RFC 6749 5.2).
 */
export function createUnit(store: Pick<Store, 'unit'>): Middleware {
  return async (ctx, next) => {
    try {
      await store.unit(next);
    } catch (error) {
      const refusal = refusalOf(ctx, error);
      if (refusal === undefined) throw error;
      answerWith(ctx, refusal);
    }
  };
}

const oidcOf = (ctx: Context): KoaContextWithOIDC['oidc'] => (ctx as unknown as KoaContextWithOIDC).oidc;

function refusalOf(ctx: Context, error: unknown): errors.OIDCProviderError | undefined {
  if (error instanceof errors.InvalidGrant) return error;
  if (!(error instanceof ProofUsedError)) return undefined;
  // As it came: at `/par` the library has left the app's proof out of `params` by now.
  const { body, route } = oidcOf(ctx);
  if (body?.['client_assertion'] !== undefined)
    return new errors.InvalidClientAuth('client assertion tokens must only be used once');
  const detail = 'DPoP proof JWT Replay detected';
  if (route === 'userinfo') return new errors.InvalidToken(detail);
  return route === 'token' ? new errors.InvalidGrant(detail) : new errors.InvalidRequest(detail);
}

function answerWith(ctx: Context, refusal: errors.OIDCProviderError): void {
  const { provider, route } = oidcOf(ctx);
  const { error, error_description: description } = refusal;
  ctx.remove('Set-Cookie');
  ctx.set('Cache-Control', 'no-store');
  if (route === 'userinfo') return writeInvalidToken(ctx, provider.issuer, description ?? error);
  ctx.status = refusal.statusCode;
  ctx.body = { error, error_description: description };
  if (route === 'token') provider.emit('grant.error', ctx as unknown as KoaContextWithOIDC, refusal);
}
