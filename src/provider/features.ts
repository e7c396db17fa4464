/** The library's features: what is switched on, and the paths of the contract. */
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Config, ProtectedResource } from '../../config/types.ts';
import { createIntrospectionPolicy } from './introspection.ts';
import type { Resources } from './resources.ts';
import { scopeOfClaim } from './scopes.ts';
import { type Admit, createRegistration } from './self-registration.ts';

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

/** Where a user or an app begins something, by the library's names of routes. */
export const BEGINNINGS: ReadonlySet<string> = new Set([
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
]);

type Features = NonNullable<Configuration['features']>;

/** The pages that node-oidc-provider asks for. */
export interface ProviderPages {
  readonly renderError: NonNullable<Configuration['renderError']>;
  readonly logout: NonNullable<Features['rpInitiatedLogout']>;
  readonly device: Pick<
    NonNullable<Features['deviceFlow']>,
    'userCodeInputSource' | 'userCodeConfirmSource' | 'successSource'
  >;
}

interface FeatureDeps {
  readonly resources: Pick<Resources, 'serverInfo'>;
  readonly configured: readonly ProtectedResource[];
  /** Whether the FAPI 2.0 Security Profile holds for a client. */
  readonly isFapi: (clientId: string | undefined) => boolean;
  readonly registration: Config['registration'];
  readonly admit: Admit;
  /** Keys the ids of apps that register themselves. */
  readonly registrationKey: Uint8Array;
  readonly pages: Pick<ProviderPages, 'logout' | 'device'>;
}

/** The features' configuration. */
export function createFeatures(deps: FeatureDeps): Features {
  return {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    claimsParameter: { enabled: true, assertClaimsParameter },
    clientCredentials: { enabled: true },
    // Characters that cannot be misread, eight of twenty: 34 bits for ten minutes, and few tries.
    deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****', ...deps.pages.device },
    dPoP: { enabled: true },
    // PKCE, `redirect_uri` in every request, and assertions whose audience is the issuer and nothing else.
    fapi: { enabled: true, profile: (_ctx, client) => (deps.isFapi(client?.clientId) ? '2.0' : undefined) },
    introspection: { enabled: true, allowedPolicy: createIntrospectionPolicy(deps.configured) },
    jwtIntrospection: { enabled: true },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    ...createRegistration({ mode: deps.registration, admit: deps.admit, key: deps.registrationKey }),
    requestObjects: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Without `resource` a token is for the provider's own endpoints, `/userinfo` and `/proxy`.
      defaultResource: async () => [],
      useGrantedResource: async () => true,
      getResourceServerInfo: async (ctx, identifier) => deps.resources.serverInfo(ctx, identifier),
    },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    rpInitiatedLogout: { enabled: true, ...deps.pages.logout },
  };
}

/**
 * Single claims (OpenID Connect Core section 5.5) are given within the app's registered scopes. Those of the raw IB
 * session are not among them: their scope is the only way to it.
 */
async function assertClaimsParameter(
  _ctx: KoaContextWithOIDC,
  claims: { userinfo?: object | undefined; id_token?: object | undefined },
  client: { scope?: string | undefined },
): Promise<void> {
  const registered = client.scope?.split(' ');
  for (const name of [...Object.keys(claims.userinfo ?? {}), ...Object.keys(claims.id_token ?? {})]) {
    const scope = scopeOfClaim(name);
    if (scope === 'ib:session')
      throw new errors.InvalidRequest(`${name} is given for the scope ib:session only`);
    if (scope !== undefined && registered?.includes(scope) === false) {
      throw new errors.InvalidScope(`${name} needs a scope that the client is not registered for`, scope);
    }
  }
}

/** A client revokes its own tokens only (RFC 7009 section 2.1). */
async function mayRevoke(
  _ctx: KoaContextWithOIDC,
  client: { clientId: string },
  token: { clientId?: string | undefined },
): Promise<boolean> {
  return token.clientId === client.clientId;
}
