/** Metadata of protected resources on this host (RFC 9728): of the API behind `/proxy`, and of configured ones. */
import type { ProtectedResource } from '../../config/types.ts';
import { API_NAME } from '../provider/resources.ts';
import type { Answer } from './routes.ts';

/**
 * Answers with the document of the resource at whose address it lies, and of no other (section 3.3): the path stands
 * behind the well-known one (section 3.1), to the letter. Nothing for paths of no resource.
 */
export function createProtectedResourceMetadata(
  issuer: string,
  resources: readonly ProtectedResource[],
): Answer {
  const own = { authorization_servers: [issuer], bearer_methods_supported: ['header'] };
  const api = { ...own, scopes_supported: ['ib:api'], resource_name: API_NAME };
  const documents = new Map<string, object>([
    ['', { resource: issuer, ...api }],
    ['/proxy', { resource: `${issuer}/proxy`, ...api }],
  ]);
  for (const { identifier, scopes, name } of resources) {
    const url = URL.parse(identifier);
    if (url?.origin !== issuer) continue;
    const named = name === undefined ? {} : { resource_name: name };
    const path = `${url.pathname}${url.search}`.replace(/^\/$/, '');
    documents.set(path, { resource: identifier, ...own, scopes_supported: scopes, ...named });
  }
  return (ctx, { rest }) => {
    const path = rest === undefined ? '' : `/${rest}`;
    const document = documents.get(`${path}${ctx.search}`) ?? documents.get(path);
    if (document === undefined) return;
    ctx.set('Cache-Control', 'public, max-age=3600');
    ctx.body = document;
  };
}
