/** Answers of the library that are put right on their way out. */
import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';

/** What `createAnswers` says beyond the library. */
export interface AnswersOptions {
  /** How often a device may ask (RFC 8628 section 3.2); optional there, but scripts sleep for what they read and know no default. */
  readonly deviceIntervalSeconds: number;
}

/**
 * The raw IB session is not advertised (RFC 8414 2 allows that): clients that ask for whatever stands in
 * `scopes_supported` would be refused. An empty body has no type: oidc-client-ts tries to read `/revoke`'s as text. To who
 * accepts nothing but JSON it is an empty object, as RFC 7009 2.2 lets it be: simple-oauth2 fails at any other answer.
 */
export function createAnswers({ deviceIntervalSeconds }: AnswersOptions): Middleware {
  return async (ctx, next) => {
    await next();
    const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>;
    if (oidc?.route === 'discovery') {
      const body = ctx.body as { readonly scopes_supported: readonly string[] };
      const advertised = body.scopes_supported.filter((scope) => scope !== 'ib:session');
      ctx.body = { ...body, scopes_supported: advertised };
    }
    if (oidc?.route === 'device_authorization' && ctx.status === 200) {
      ctx.body = { ...(ctx.body as object), interval: deviceIntervalSeconds };
    }
    if (ctx.body !== '') return;
    if (ctx.get('accept').trim().toLowerCase() === 'application/json') ctx.body = {};
    else ctx.remove('Content-Type');
  };
}
