/**
 * Apps that no admin has entered: by dynamic registration (RFC 7591) or by a client-ID metadata document. Both go by the
 * rules of the clients' file, and never get the raw IB session, which an admin has to allow by name.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { type AppHostRule, isAtAppHost } from '../../config/app-hosts.ts';
import { parseSelfRegistered } from '../../config/clients/self-registration.ts';
import type { Config, ProtectedResource } from '../../config/types.ts';
import { scopesOf } from './scopes.ts';

type Metadata = Readonly<Record<string, unknown>>;
type Features = NonNullable<Configuration['features']>;

/**
 * Metadata of such an app as it is used, `ownHost` being the one that its document lies at; throws
 * `InvalidClientMetadata` with every fault where it cannot be.
 */
export type Admit = (metadata: Metadata, ownHost?: string) => Metadata;

interface AdmitDeps {
  readonly resources: readonly ProtectedResource[];
  readonly appHosts: readonly AppHostRule[];
}

/** All that such an app may ask for. */
export const scopesOfStrangers = (resources: readonly ProtectedResource[]): readonly string[] =>
  scopesOf(resources).filter((scope) => scope !== 'ib:session');

/** Reads what an app says of itself. */
export function createAdmit({ resources, appHosts }: AdmitDeps): Admit {
  const scopes = new Set(scopesOfStrangers(resources));
  const isInternal = (url: URL): boolean => isAtAppHost(url, appHosts, { anyPort: true });
  return (metadata, ownHost) => {
    const own = ownHost === undefined ? {} : { ownHost };
    const parsed = parseSelfRegistered(metadata, { scopes, isInternal, ...own });
    if (parsed.ok) return parsed.metadata;
    // The library tells wrong redirect URIs from the rest by the first word.
    const [first = '', ...more] = parsed.faults.toSorted(
      (a, b) => Number(b.startsWith('redirect_uris')) - Number(a.startsWith('redirect_uris')),
    );
    throw new errors.InvalidClientMetadata([first, ...more].join('; '));
  };
}

/** What a change says besides metadata, for the library to judge, and the scope, which may not be more than is admitted. */
const NOT_METADATA = [
  'client_id',
  'client_secret',
  'scope',
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
];

/** A change of a registration (RFC 7592 section 2.2) as it is used: what may not be had is left out, as from a new one. */
export function changeOf(metadata: Metadata, admit: Admit): Metadata {
  const kept = NOT_METADATA.filter((name) => Object.hasOwn(metadata, name));
  return { ...admit(metadata), ...Object.fromEntries(kept.map((name) => [name, metadata[name]])) };
}

/** A public app has nothing to keep, so it may share its registration with whoever says the same of himself. */
const isPublic = (metadata: Metadata): boolean => metadata['token_endpoint_auth_method'] === 'none';

/**
 * The features of `/register`. The same metadata gets the same public client: hosted apps register at each connection.
 * It has no registration access token then, or whoever registers it once more could change it (docs/decisions/0023).
 */
export function createRegistration(deps: {
  readonly mode: Config['registration'];
  readonly admit: Admit;
  /** Keys the ids of public clients, so that nobody can choose one. */
  readonly key: Uint8Array;
}): Pick<Features, 'registration' | 'registrationManagement'> {
  const enabled = deps.mode !== 'off';
  // A client that is answered and not registered is nobody's to manage.
  const managed = enabled && deps.mode !== 'bridge';
  return {
    registration: {
      enabled,
      initialAccessToken: deps.mode === 'token',
      // The library's first look at the body: what is registered and answered is what has been admitted.
      idFactory(ctx: KoaContextWithOIDC) {
        const metadata = deps.admit(ctx.oidc.body ?? {});
        Object.assign(ctx.oidc, { body: { ...metadata } });
        const members = Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1));
        const said = isPublic(metadata) ? JSON.stringify(members) : randomUUID();
        return createHmac('sha256', deps.key).update(`client\0${said}`).digest('base64url');
      },
      issueRegistrationAccessToken: (ctx: KoaContextWithOIDC) => !isPublic(ctx.oidc.body ?? {}),
    } as Features['registration'] & object,
    // One that was rotated by an answer that was lost would leave a client that nobody can change or remove.
    registrationManagement: { enabled: managed, rotateRegistrationAccessToken: false },
  };
}
