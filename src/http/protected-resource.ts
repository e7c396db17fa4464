/** Metadata of the API behind `/proxy` as a protected resource (RFC 9728). */
import type { Answer } from './routes.ts';

/** Answers with the document. */
export function createProtectedResourceMetadata(issuer: string): Answer {
  const metadata = {
    resource: issuer,
    authorization_servers: [issuer],
    scopes_supported: ['ib:api'],
    bearer_methods_supported: ['header'],
    resource_name: 'IntelligenceBank API',
  };
  return (ctx) => {
    ctx.set('Cache-Control', 'public, max-age=3600');
    ctx.body = metadata;
  };
}
