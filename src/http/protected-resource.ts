/** Metadata of the API behind `/proxy` as a protected resource (RFC 9728). */
import type { Middleware } from 'koa';

/** Answers `/.well-known/oauth-protected-resource`; public, so readable from any origin. */
export function createProtectedResourceMetadata(issuer: string): Middleware {
  const paths: ReadonlySet<string> = new Set([
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/proxy',
  ]);
  const metadata = {
    resource: issuer,
    authorization_servers: [issuer],
    scopes_supported: ['ib:api'],
    bearer_methods_supported: ['header'],
    resource_name: 'IntelligenceBank API',
  };
  return (ctx, next) => {
    if (!paths.has(ctx.path) || ctx.method !== 'GET') return next();
    ctx.set('Access-Control-Allow-Origin', '*');
    ctx.set('Cache-Control', 'public, max-age=3600');
    ctx.body = metadata;
    return undefined;
  };
}
