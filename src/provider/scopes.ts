/** Scopes and the resources that have them. */

/** Scopes the provider itself knows; those of protected resources come from the clients' file. */
export const SCOPES = ['openid', 'profile', 'email', 'offline_access', 'ib:api', 'ib:session'] as const;

const trimSlash = (url: string): string => url.replace(/\/$/, '');

/** Whether two identifiers name one resource: a trailing slash makes no difference. */
export function sameResource(one: string, other: string): boolean {
  return trimSlash(one) === trimSlash(other);
}
