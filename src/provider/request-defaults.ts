/** What a request may leave out: a missing `scope` means what the resource it names, or the app, is registered for. */
import type { Middleware } from 'koa';
import { sameResource } from '../../config/clients/resource-uri.ts';
import type { ProtectedResource } from '../../config/types.ts';
import { routeOf } from '../http/routes.ts';
import type { ClientRegistry } from './clients.ts';

/** For apps without a registered scope, such as those that register themselves: who the user is, and the API. */
const USUAL_SCOPE = ['openid', 'profile', 'ib:api'];

interface Defaults {
  readonly registry: Pick<ClientRegistry, 'metadata'>;
  readonly resources: readonly ProtectedResource[];
}

/** Fills in `scope` of `/authorize` (RFC 6749 section 3.3 lets the server have a default). */
export function createRequestDefaults(deps: Defaults): Middleware {
  return (ctx, next) => {
    if (routeOf(ctx).name !== '/authorize') return next();
    const { client_id: clientId, scope, resource, request_uri: pushed, request } = ctx.query;
    const complete = scope !== undefined || pushed !== undefined || request !== undefined;
    if (typeof clientId === 'string' && !complete) {
      ctx.query = { ...ctx.query, scope: defaultScopes(deps, clientId, [resource].flat()).join(' ') };
    }
    return next();
  };
}

function defaultScopes(
  { registry, resources }: Defaults,
  clientId: string,
  wanted: readonly unknown[],
): readonly string[] {
  const scope = registry.metadata(clientId)?.['scope'];
  const registered = typeof scope === 'string' ? scope.split(' ') : undefined;
  const named = resources.find(({ identifier }) =>
    wanted.some((resource) => sameResource(String(resource), identifier)),
  );
  if (named === undefined) return registered ?? USUAL_SCOPE;
  return named.scopes.filter((candidate) => registered?.includes(candidate) ?? true);
}
