import { hasGrant, type MetadataRule, scopesOf, warnWhen, when } from './rule.ts';
import { GRANT } from './supported.ts';

/** Grant types, response types and scopes that only make sense together (RFC 7591 2.1). */
export const grantRules: readonly MetadataRule[] = [
  {
    needs: ['grant_types', 'redirect_uris'],
    check: (entry) =>
      when(
        hasGrant(entry, GRANT.code) && (entry.redirect_uris ?? []).length === 0,
        'redirect_uris',
        'is needed for the authorization_code grant type',
      ),
  },
  {
    needs: ['grant_types', 'response_types'],
    check: (entry) => [
      ...when(
        entry.response_types?.length === 1 && !hasGrant(entry, GRANT.code),
        'response_types',
        'code needs authorization_code in grant_types',
      ),
      ...when(
        entry.response_types?.length === 0 && hasGrant(entry, GRANT.code),
        'response_types',
        'must hold code for the authorization_code grant type',
      ),
    ],
  },
  {
    needs: ['grant_types'],
    check: (entry) =>
      when(
        hasGrant(entry, GRANT.refresh) && !hasGrant(entry, GRANT.code) && !hasGrant(entry, GRANT.device),
        'grant_types',
        'refresh_token needs authorization_code or the device_code grant type beside it',
      ),
  },
  {
    needs: ['grant_types', 'token_endpoint_auth_method'],
    check: (entry) =>
      ([GRANT.credentials, GRANT.exchange] as const).flatMap((grant) =>
        when(
          hasGrant(entry, grant) && entry.token_endpoint_auth_method === 'none',
          'grant_types',
          `${grant} is only for clients that authenticate, not for token_endpoint_auth_method: none`,
        ),
      ),
  },
  {
    needs: ['scope', 'default_max_age', 'require_auth_time'],
    check: (entry) =>
      (['default_max_age', 'require_auth_time'] as const).flatMap((field) =>
        when(
          Boolean(entry[field]) && entry.scope !== undefined && !scopesOf(entry).includes('openid'),
          field,
          'needs openid in scope: it is told in ID tokens alone',
        ),
      ),
  },
  {
    needs: ['grant_types', 'scope'],
    check: (entry) =>
      warnWhen(
        scopesOf(entry).includes('offline_access') && !hasGrant(entry, GRANT.refresh),
        'scope',
        'offline_access has no effect without refresh_token in grant_types',
      ),
  },
  {
    needs: ['grant_types', 'scope', 'ib.refresh_tokens', 'ib'],
    check: (entry) =>
      warnWhen(
        entry.ib.refresh_tokens === 'offline_access' &&
          hasGrant(entry, GRANT.refresh) &&
          entry.scope !== undefined &&
          !scopesOf(entry).includes('offline_access'),
        'ib.refresh_tokens',
        'offline_access is not in scope, so this client never gets a refresh token',
      ),
  },
];
