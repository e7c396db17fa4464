/** What a request may leave out: a missing `scope` means what the app, or the resource it names, is registered for. */
import type { Middleware } from 'koa';
import type { ProtectedResource } from '../config/config.ts';
import type { ClientRegistry } from './provider/clients.ts';

/** Fills in `scope` of `/authorize` (RFC 6749 section 3.3 lets the server have a default). */
export function createRequestDefaults(deps: {
  readonly registry: ClientRegistry;
  readonly resources: readonly ProtectedResource[];
}): Middleware {
  return (ctx, next) => {
    if (ctx.path !== '/authorize' || ctx.method !== 'GET') return next();
    const { client_id: clientId, scope, resource, request_uri: pushed, request } = ctx.query;
    if (
      typeof clientId !== 'string' ||
      scope !== undefined ||
      pushed !== undefined ||
      request !== undefined
    ) {
      return next();
    }
    const registered = deps.registry.metadata(clientId)?.['scope'];
    const named = deps.resources.find(({ identifier }) => identifier === resource);
    const fallback = named?.scopes.join(' ') ?? (typeof registered === 'string' ? registered : undefined);
    if (fallback !== undefined) ctx.query = { ...ctx.query, scope: fallback };
    return next();
  };
}
