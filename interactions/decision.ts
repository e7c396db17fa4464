/** What a user has allowed an app, as an interaction's result carries it to the Grant. */

export interface Decision {
  /** OpenID scopes, ours among them. */
  readonly scopes: readonly string[];
  /** Claims asked for one by one (`claims` parameter). */
  readonly claims: readonly string[];
  /** Scopes at protected resources (RFC 8707). */
  readonly resources: readonly { readonly identifier: string; readonly scopes: readonly string[] }[];
}

/** What a request asks for: all its scopes, which of them the provider knows itself, claims, resources and their scopes. */
export interface Asked {
  readonly scopes: readonly string[];
  readonly oidcScopes: readonly string[];
  /** What the user is told: the scopes the provider knows, and those whose claims are asked for one by one. */
  readonly permissions: readonly string[];
  readonly claims: readonly string[];
  readonly resources: readonly AskedAt[];
}

/** What is asked for at a resource; it has a name where an admin has given one. */
export interface AskedAt {
  readonly identifier: string;
  readonly name?: string;
  readonly scopes: readonly string[];
}

/** What a user has allowed an app before. */
export interface Allowed {
  readonly scopes: readonly string[];
  /** Scopes by the resource's identifier. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
}

/** The decision that allows all that was asked. */
export function everythingAsked(asked: Omit<Asked, 'permissions'>): Decision {
  return {
    scopes: asked.oidcScopes,
    claims: asked.claims,
    resources: asked.resources.map(({ identifier, scopes }) => ({
      identifier,
      scopes: scopes.filter((scope) => asked.scopes.includes(scope)),
    })),
  };
}

/** The user's decision in an interaction's result, if there is one. */
export function decisionOf(result: unknown): Decision | undefined {
  const consent = (result as { consent?: { decision?: Decision } } | undefined)?.consent;
  return consent?.decision;
}
