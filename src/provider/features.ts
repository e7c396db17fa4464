/** The library's features: what is switched on, and the paths of the contract. */
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { ProtectedResource } from '../../config/config.ts';

/** Endpoint paths, as the contract fixes them. */
export const ROUTES = {
  authorization: '/authorize',
  code_verification: '/device',
  device_authorization: '/device_authorization',
  end_session: '/logout',
  introspection: '/introspect',
  jwks: '/jwks',
  pushed_authorization_request: '/par',
  registration: '/register',
  revocation: '/revoke',
  token: '/token',
  userinfo: '/userinfo',
} as const;

/** Scopes the provider itself knows; those of protected resources come from the clients' file. */
export const SCOPES = ['openid', 'profile', 'email', 'offline_access', 'ib:api', 'ib:session'] as const;

type Features = NonNullable<Configuration['features']>;

interface FeatureDeps {
  readonly issuer: string;
  readonly resources: readonly ProtectedResource[];
  readonly accessTokenSeconds: number;
  readonly logout: NonNullable<Features['rpInitiatedLogout']>;
}

/** The features' configuration. */
export function createFeatures(deps: FeatureDeps): Features {
  return {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: mayIntrospect },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    rpInitiatedLogout: { enabled: true, ...deps.logout },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Without `resource` a token is for the provider's own endpoints, `/userinfo` and `/proxy`.
      defaultResource: async () => [],
      useGrantedResource: async () => true,
      getResourceServerInfo: async (_ctx, identifier) => resourceServer(deps, identifier),
    },
  };
}

/** A client may look at its own tokens, and a confidential one, such as a resource server, at any. */
async function mayIntrospect(
  _ctx: KoaContextWithOIDC,
  client: { clientId: string; clientAuthMethod?: unknown },
  token: { clientId?: string | undefined },
): Promise<boolean> {
  return client.clientAuthMethod !== 'none' || token.clientId === client.clientId;
}

/** A client revokes its own tokens only (RFC 7009 section 2.1). */
async function mayRevoke(
  _ctx: KoaContextWithOIDC,
  client: { clientId: string },
  token: { clientId?: string | undefined },
): Promise<boolean> {
  return token.clientId === client.clientId;
}

const trimSlash = (url: string): string => url.replace(/\/$/, '');

/** The resource server behind an identifier; the provider's own API is one too. A trailing slash makes no difference. */
function resourceServer(deps: FeatureDeps, identifier: string) {
  const wanted = trimSlash(identifier);
  if (wanted === deps.issuer) {
    return {
      scope: SCOPES.join(' '),
      audience: deps.issuer,
      accessTokenFormat: 'opaque' as const,
      accessTokenTTL: deps.accessTokenSeconds,
    };
  }
  const resource = deps.resources.find((candidate) => trimSlash(candidate.identifier) === wanted);
  if (resource === undefined) {
    throw new errors.InvalidTarget(
      'the resource is not registered here; an admin has to add it under "resources" in the clients file',
    );
  }
  return {
    scope: resource.scopes.join(' '),
    audience: resource.identifier,
    accessTokenFormat: resource.tokenFormat,
    jwt: { sign: { alg: 'RS256' as const } },
  };
}
