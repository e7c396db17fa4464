/** Apps that no admin has entered: by dynamic registration (RFC 7591) or by a client-ID metadata document. */
import { errors } from 'oidc-provider';
import type { ProtectedResource } from '../../config/types.ts';
import { SCOPES } from './scopes.ts';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Metadata of such an app as it is used: the scope filled in; throws `InvalidClientMetadata` where it asks too much. */
export type Admit = (metadata: {
  readonly redirectUris: readonly unknown[];
  readonly scope: string | undefined;
}) => { readonly scope: string };

/**
 * What holds for all of them: https or loopback redirects, and never the raw IB session, which an admin has to allow
 * by name. Without a `scope` of their own they may ask for all the rest, resources' scopes included, with consent.
 */
export function createAdmit(resources: readonly ProtectedResource[]): Admit {
  const everything = new Set<string>([...SCOPES, ...resources.flatMap(({ scopes }) => scopes)]);
  everything.delete('ib:session');
  return ({ redirectUris, scope = [...everything].join(' ') }) => {
    for (const uri of redirectUris) {
      const url = URL.parse(String(uri));
      if (url?.protocol === 'http:' && !LOOPBACK.has(url.hostname)) {
        throw new errors.InvalidClientMetadata('redirect_uris must be https, or http on a loopback address');
      }
    }
    if (scope.split(' ').includes('ib:session')) {
      throw new errors.InvalidClientMetadata(
        'scope must not contain ib:session; an admin has to register such an app',
      );
    }
    return { scope };
  };
}
