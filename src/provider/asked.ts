/** What a stored request asks for, read from its parameters: what a consent page shows and a decision allows. */
import type { ProtectedResource } from '../../config/types.ts';
import type { Asked } from '../../interactions/decision.ts';
import type { Resources } from './resources.ts';
import { scopeOfClaim, scopesOf } from './scopes.ts';

/** A reader of requests' parameters, for the configured resources. */
export function createAsked(
  resources: Pick<Resources, 'scopesAt' | 'nameOf'>,
  configured: readonly ProtectedResource[],
): (params: Readonly<Record<string, unknown>>) => Asked {
  const known = new Set(scopesOf(configured));
  return (params) => {
    const scopes = typeof params['scope'] === 'string' ? params['scope'].split(' ').filter(Boolean) : [];
    const wanted = [params['resource']].flat().filter((value) => typeof value === 'string');
    const oidcScopes = scopes.filter((scope) => known.has(scope));
    const claims = claimsIn(params['claims']);
    return {
      scopes,
      oidcScopes,
      permissions: [...new Set([...oidcScopes, ...claims.flatMap((name) => scopeOfClaim(name) ?? [])])],
      claims,
      resources: wanted.map((identifier) => ({
        identifier,
        ...named(resources.nameOf(identifier)),
        scopes: (resources.scopesAt(identifier) ?? []).filter((scope) => scopes.includes(scope)),
      })),
    };
  };
}

const named = (name: string | undefined): { name?: string } => (name === undefined ? {} : { name });

/** Names in the `claims` parameter (OpenID Core 5.5); the provider has checked its form by now. */
function claimsIn(value: unknown): string[] {
  if (typeof value !== 'string') return [];
  const { userinfo, id_token } = JSON.parse(value) as Record<string, Record<string, unknown> | undefined>;
  return [...new Set([...Object.keys(userinfo ?? {}), ...Object.keys(id_token ?? {})])].filter(
    (name) => scopeOfClaim(name) !== undefined,
  );
}
