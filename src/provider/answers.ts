/** Answers of the library that are put right on their way out. */
import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';

/**
 * The raw IB session is not advertised (RFC 8414 2 allows that): clients that ask for whatever stands in
 * `scopes_supported` would be refused. An empty body has no type: oidc-client-ts tries to read `/revoke`'s as text.
 */
export function createAnswers(): Middleware {
  return async (ctx, next) => {
    await next();
    const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>;
    if (oidc?.route === 'discovery') {
      const body = ctx.body as { readonly scopes_supported: readonly string[] };
      const advertised = body.scopes_supported.filter((scope) => scope !== 'ib:session');
      ctx.body = { ...body, scopes_supported: advertised };
    }
    if (ctx.body === '') ctx.remove('Content-Type');
  };
}
