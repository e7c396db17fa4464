/** Scopes, the resources that have them, and the claims that they give. */
import { BUILT_IN_SCOPES } from '../../config/clients/supported.ts';
import type { ProtectedResource } from '../../config/types.ts';

/** Scopes the provider itself knows; those of protected resources come from the clients' file. */
export const SCOPES = BUILT_IN_SCOPES;

/** All scopes there are: the library wants those of resources known too. */
export function scopesOf(resources: readonly ProtectedResource[]): string[] {
  return [...new Set([...SCOPES, ...resources.flatMap((resource) => resource.scopes)])];
}

/** The claims of each scope, as the contract lists them. */
export const CLAIMS = {
  openid: ['sub'],
  profile: [
    'name',
    'given_name',
    'family_name',
    'updated_at',
    'ib_client_id',
    'ib_client_name',
    'ib_user_uuid',
  ],
  email: ['email'],
  'ib:session': ['ib_session_id', 'ib_api_url', 'ib_session_expires_at'],
} as const;

const CLAIM_SCOPES = Object.entries(CLAIMS) as [keyof typeof CLAIMS, readonly string[]][];

/** The scope that a claim belongs to; undefined for claims of the protocol's own, such as `acr`. */
export function scopeOfClaim(name: string): keyof typeof CLAIMS | undefined {
  return CLAIM_SCOPES.find(([, claims]) => claims.includes(name))?.[0];
}
