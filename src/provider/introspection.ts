/** What `/introspect` says, and to whom (RFC 7662). */
import type { Middleware } from 'koa';
import type { Configuration } from 'oidc-provider';
import type { ProtectedResource } from '../../config/types.ts';
import { routeOf } from '../http/routes.ts';

type Features = NonNullable<Configuration['features']>;
type IntrospectionPolicy = NonNullable<NonNullable<Features['introspection']>['allowedPolicy']>;

/** A client may look at its own tokens, and a resource server at those made for it (RFC 7662 section 4). */
export function createIntrospectionPolicy(resources: readonly ProtectedResource[]): IntrospectionPolicy {
  return async (_ctx, client, token) => {
    if (token.clientId === client.clientId) return true;
    const { aud } = token as { aud?: string };
    return resources.some(({ identifier, clientId }) => clientId === client.clientId && identifier === aud);
  };
}

/**
 * A JWT, such as an ID token that somebody took for an access token, is none of the tokens kept here. The library
 * refuses the question; whoever asks has to be told that the token is not active (section 2.2).
 */
export function createIntrospectionAnswers(): Middleware {
  return async (ctx, next) => {
    await next();
    if (routeOf(ctx).name !== '/introspect' || ctx.status !== 400) return;
    if ((ctx.body as { error?: unknown } | undefined)?.error !== 'unsupported_token_type') return;
    ctx.status = 200;
    ctx.body = { active: false };
  };
}
