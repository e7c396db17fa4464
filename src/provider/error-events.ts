/** The library's events of errors, by endpoint: it tells of each before it answers, and its types know only some of them. */
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';

/** An endpoint, as the library names it in its events. */
type Endpoint =
  | 'authorization'
  | 'grant'
  | 'device_authorization'
  | 'pushed_authorization_request'
  | 'introspection'
  | 'revocation';

/** Hears of each error at these endpoints, and may still change what is answered. */
export function onErrorsAt(
  provider: Provider,
  endpoints: readonly Endpoint[],
  hear: (ctx: KoaContextWithOIDC, error: Error) => void,
): void {
  for (const endpoint of endpoints) provider.on(`${endpoint}.error` as 'grant.error', hear);
}
