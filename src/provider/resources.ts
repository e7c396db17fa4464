/** Protected resources (RFC 8707): which one an identifier names, however a client spells it. */
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { canonicalResource } from '../../config/clients/resource-uri.ts';
import type { ProtectedResource } from '../../config/types.ts';
import { SCOPES } from './scopes.ts';

type ResourceIndicators = NonNullable<NonNullable<Configuration['features']>['resourceIndicators']>;
type ResourceServer = Awaited<ReturnType<NonNullable<ResourceIndicators['getResourceServerInfo']>>>;

/** What IB's API behind `/proxy` is called. */
export const API_NAME = 'IntelligenceBank API';

/** A `resource` that nobody has configured. */
export class UnknownResourceError extends errors.InvalidTarget {
  readonly resource: string;
  /** The line that an admin adds under `resources` in the clients' file. */
  readonly line: string;

  constructor(resource: string, scopes: readonly string[]) {
    super('the resource is not registered here; an admin has to add it under resources in the clients file');
    this.name = 'UnknownResourceError';
    this.resource = resource;
    this.line = `- { identifier: ${asciiJson(resource)}, scopes: ${asciiJson(scopes)} }`;
  }
}

/**
 * JSON is YAML, and a quoted string stays one line whatever is in it. In ASCII, since strangers write it and admins read it in a
 * terminal, which takes U+009B for the beginning of a command.
 */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export interface Resources {
  /** An identifier as it is configured; what names none of the resources, as it came. */
  canonical(identifier: string): string;
  /** What may be asked for at a resource; undefined for one that is not configured. */
  scopesAt(identifier: string): readonly string[] | undefined;
  /** What a resource is called, where it has a name. */
  nameOf(identifier: string): string | undefined;
  /** What the library wants to know of a resource; throws `UnknownResourceError`. */
  serverInfo(ctx: KoaContextWithOIDC, identifier: string): ResourceServer;
}

/** The configured resources, and the provider's own API, which is one too: by the issuer's address and by `/proxy`. */
export function createResources(issuer: string, configured: readonly ProtectedResource[]): Resources {
  const byForm = new Map(configured.map((resource) => [canonicalResource(resource.identifier), resource]));
  const own = new Set([issuer, `${issuer}/proxy`].map(canonicalResource));
  const find = (identifier: string): ProtectedResource | undefined => {
    const form = canonicalResource(identifier);
    return form === undefined ? undefined : byForm.get(form);
  };
  const isOwn = (identifier: string): boolean =>
    find(identifier) === undefined && own.has(canonicalResource(identifier));
  return {
    canonical: (identifier) => find(identifier)?.identifier ?? (isOwn(identifier) ? issuer : identifier),
    scopesAt: (identifier) => find(identifier)?.scopes ?? (isOwn(identifier) ? SCOPES : undefined),
    nameOf: (identifier) => find(identifier)?.name ?? (isOwn(identifier) ? API_NAME : undefined),
    serverInfo(ctx, identifier) {
      if (isOwn(identifier)) {
        return { scope: SCOPES.join(' '), audience: issuer, accessTokenFormat: 'opaque' as const };
      }
      const resource = find(identifier);
      if (resource === undefined) throw new UnknownResourceError(identifier, wantedScopes(ctx));
      return {
        scope: resource.scopes.join(' '),
        audience: resource.identifier,
        accessTokenFormat: resource.tokenFormat,
        jwt: { sign: { alg: 'RS256' as const } },
      };
    },
  };
}

/** What the request asks for of what a resource may give; without it, what most MCP servers need. */
function wantedScopes(ctx: KoaContextWithOIDC): readonly string[] {
  const asked = [...ctx.oidc.requestParamScopes].filter(
    (scope) => scope !== '' && !['openid', 'offline_access', 'ib:session'].includes(scope),
  );
  return asked.length === 0 ? ['profile', 'ib:api'] : asked;
}
