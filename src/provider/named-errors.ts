/**
 * Errors where an app says who it is, by the names and with the challenge of RFC 6749 section 5.2. The library calls some of them
 * `invalid_request`, which tells a client that it is put wrongly, not that it should begin again.
 */
import type Provider from 'oidc-provider';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { GRANT } from '../../config/clients/supported.ts';
import { hasIdAlone } from './client-secrets.ts';
import { onErrorsAt } from './error-events.ts';

type Oidc = KoaContextWithOIDC['oidc'];

const WHERE_APPS_PROVE_THEMSELVES = [
  'grant',
  'device_authorization',
  'pushed_authorization_request',
  'introspection',
  'revocation',
] as const;

/** An error as it is answered and told. */
type Named = Pick<errors.OIDCProviderError, 'status' | 'error' | 'error_description'>;

/** Gives them their names before anybody is told. */
export function nameErrors(provider: Provider): void {
  onErrorsAt(provider, WHERE_APPS_PROVE_THEMSELVES, (ctx, error) => {
    const named = error instanceof errors.InvalidRequest ? nameOf(ctx) : undefined;
    if (named !== undefined) {
      Object.assign(error, named);
      ctx.status = named.status;
      ctx.body = { error: named.error, error_description: named.error_description };
    }
    const isTried = ctx.get('Authorization') !== '' || hasIdAlone(ctx.state);
    if (ctx.status === 401 && isTried && !ctx.res.hasHeader('WWW-Authenticate')) {
      ctx.set('WWW-Authenticate', `Basic realm="${provider.issuer}", error="invalid_client"`);
    }
  });
}

function nameOf(ctx: KoaContextWithOIDC): Named | undefined {
  if (provesNothing(ctx)) {
    return {
      status: 401,
      error: 'invalid_client',
      error_description: 'the request holds no client authentication that is understood here',
    };
  }
  if (lacksGrant(ctx.oidc)) {
    return {
      status: 400,
      error: 'unauthorized_client',
      error_description: 'the client is not registered for this grant type',
    };
  }
  return undefined;
}

/** Whether an app has said who it is, and asks for tokens in a way that it is not registered for. */
function lacksGrant({ client, params, route }: Oidc): boolean {
  const wanted = route === 'device_authorization' ? GRANT.device : params?.['grant_type'];
  const isKnown = Object.values(GRANT).some((grant) => grant === wanted);
  return client !== undefined && isKnown && !client.grantTypeAllowed(String(wanted));
}

/** Whether a form that could be read holds nothing to tell an app by, and its header no id with a secret. */
function provesNothing(ctx: KoaContextWithOIDC): boolean {
  const { client, params, body, route } = ctx.oidc;
  if (client !== undefined || params === undefined) return false;
  // As it came: of `params` the library has taken away what stood there twice. Empty is absent.
  const { client_id: id, client_secret: secret, client_assertion: assertion } = body ?? {};
  const header = ctx.get('Authorization');
  // Elsewhere `client_id` is a required parameter of whoever does not authenticate, and `invalid_request` where it is missing.
  if (header === '') return ['introspection', 'revocation'].includes(route) && !id && !assertion;
  return !secret && !assertion && !Array.isArray(id) && !holdsCredentials(header);
}

/** An id and a secret by HTTP Basic, of the characters that RFC 6749 appendix A allows, as `createBasicCredentials` hands them on. */
function holdsCredentials(header: string): boolean {
  const [, encoded = ''] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? [];
  const credentials = decodeURIComponent(Buffer.from(encoded, 'base64').toString('latin1'));
  return /^[\x20-\x39\x3B-\x7E]+:[\x20-\x7E]+$/.test(credentials);
}
