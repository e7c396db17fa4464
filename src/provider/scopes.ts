/** Scopes and the resources that have them. */
import { BUILT_IN_SCOPES } from '../../config/clients/supported.ts';
import type { ProtectedResource } from '../../config/types.ts';

/** Scopes the provider itself knows; those of protected resources come from the clients' file. */
export const SCOPES = BUILT_IN_SCOPES;

/** All scopes there are: the library wants those of resources known too. */
export function scopesOf(resources: readonly ProtectedResource[]): string[] {
  return [...new Set([...SCOPES, ...resources.flatMap((resource) => resource.scopes)])];
}
