/** The registered apps, as the provider sees them: configured ones from the file, others from the store. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type Provider from 'oidc-provider';
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { ClientRegistration, ClientSecrets } from '../../config/types.ts';
import { type AppOrigins, type AppRedirects, originsOf, originsOfAll } from '../http/cors.ts';
import { readingsOfSecret } from './client-secrets.ts';
import type { MetadataDocuments } from './metadata-documents.ts';
import type { Admit } from './self-registration.ts';

/** The product's own settings of a client. */
export type ClientSettings = ClientRegistration['ib'];

/** Settings of clients that are not in the file. */
const DEFAULT_SETTINGS: ClientSettings = { skipConsent: false, bridgeCompat: false, refreshTokens: 'always' };

/** The configured clients; replaced as a whole when the file changes. */
export interface ClientRegistry {
  /** Whether an admin has entered an app. */
  isConfigured(clientId: string): boolean;
  settings(clientId: string): ClientSettings;
  /** RFC 7591 metadata with the newest secret, as the provider wants it; undefined where not configured. */
  metadata(clientId: string): Record<string, unknown> | undefined;
  secrets(clientId: string): readonly string[];
  ids(): readonly string[];
  /** The origins of an app's pages, configured or not. */
  originsOf(client: Registered): AppOrigins;
  /** Whether an origin is a configured app's. */
  hasOrigin(origin: string): boolean;
  replace(clients: readonly ClientRegistration[], secrets: ClientSecrets): void;
}

/** What the provider knows of an app. */
interface Registered {
  readonly clientId: string;
  readonly redirectUris?: readonly string[] | undefined;
  readonly applicationType?: string | undefined;
}

/** A registry of the clients' file. */
export function createClientRegistry(
  clients: readonly ClientRegistration[],
  secrets: ClientSecrets,
): ClientRegistry {
  let byId = new Map(clients.map((client) => [client.metadata.client_id, client]));
  let secretsById = secrets;
  const accepted = (clientId: string): readonly string[] => secretsById.get(clientId) ?? [];
  const settings = (clientId: string): ClientSettings => byId.get(clientId)?.ib ?? DEFAULT_SETTINGS;
  const redirectsOf = ({ clientId, redirectUris = [], applicationType }: Registered): AppRedirects => ({
    redirectUris,
    anyLoopbackPort: applicationType === 'native',
    wildcards: mayUseWildcards(settings(clientId)),
  });
  /** Of all apps, made when a page first asks. */
  let origins: AppOrigins | undefined;
  return {
    isConfigured: (clientId) => byId.has(clientId),
    settings,
    metadata: (clientId) => {
      const client = byId.get(clientId);
      if (client === undefined) return undefined;
      const [secret] = accepted(clientId);
      return { ...client.metadata, ...(secret === undefined ? {} : { client_secret: secret }) };
    },
    secrets: accepted,
    ids: () => [...byId.keys()],
    originsOf: (client) => originsOf(redirectsOf(client)),
    hasOrigin(origin) {
      origins ??= originsOfAll([...byId.values()].map(({ metadata }) => redirectsOf(asRegistered(metadata))));
      return origins.has(origin);
    },
    replace(nextClients, nextSecrets) {
      byId = new Map(nextClients.map((client) => [client.metadata.client_id, client]));
      secretsById = nextSecrets;
      origins = undefined;
    },
  };
}

function asRegistered(metadata: ClientRegistration['metadata']): Registered {
  return {
    clientId: metadata.client_id,
    redirectUris: [metadata['redirect_uris'] ?? []].flat().map(String),
    applicationType: String(metadata['application_type']),
  };
}

/** Whether redirect URIs of an app may hold a wildcard label. */
function mayUseWildcards({ bridgeCompat, redirectUriWildcards }: ClientSettings): boolean {
  return bridgeCompat && redirectUriWildcards === true;
}

interface ClientSources {
  readonly registry: ClientRegistry;
  readonly admit: Admit;
  readonly documents: MetadataDocuments;
  /** All scopes that an app which registered itself may ask for. */
  readonly strangersScopes: readonly string[];
}

/** The store's adapters, with configured clients found before stored ones. They are never written to the store. */
export function withConfiguredClients(
  adapter: (model: string) => Adapter,
  { registry, admit, documents, strangersScopes }: ClientSources,
): (model: string) => Adapter {
  return (model) => {
    const stored = adapter(model);
    if (model !== 'Client') return stored;
    return {
      ...stored,
      async find(id) {
        const configured = registry.metadata(id);
        if (configured !== undefined) return configured;
        const own = await (documents.isAddress(id) ? documents.find(id) : stored.find(id));
        return typeof own === 'object' ? asUsed(own, strangersScopes) : undefined;
      },
      upsert: async (id, payload, expiresIn) => stored.upsert(id, selfRegistered(payload, admit), expiresIn),
    };
  };
}

/**
 * `offline_access` alone names nothing to do. MCP clients whose server lists no scope register with it, and could never ask
 * for what the server then wants; an app that names no scope may ask for all of them, and so may they.
 */
function asUsed(metadata: AdapterPayload, scopes: readonly string[]): AdapterPayload {
  return metadata['scope'] === 'offline_access' ? { ...metadata, scope: scopes.join(' ') } : metadata;
}

/** What has been admitted passes as it is; a change of a registration (RFC 7592) is held to the same rules. */
function selfRegistered(metadata: AdapterPayload, admit: Admit): AdapterPayload {
  const { scope } = metadata as { scope?: string };
  const admitted = admit(metadata);
  if (scope !== undefined && scope !== admitted['scope']) {
    throw new errors.InvalidClientMetadata(`scope: must be of ${String(admitted['scope'])}`);
  }
  return { ...metadata, scope: admitted['scope'] } as AdapterPayload;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function sameSecret(expected: string, actual: string): boolean {
  return timingSafeEqual(digest(expected), digest(actual));
}

interface ClientInstance {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly applicationType?: string;
  compareClientSecret(actual: string): boolean;
  redirectUriAllowed(value: string): boolean;
  readonly redirectUris?: readonly string[];
}

/** Several secrets at once (rotation), and one leading wildcard label for clients of the earlier bridge. */
export function installClientRules(provider: Provider, registry: ClientRegistry): void {
  const client = provider.Client.prototype as unknown as ClientInstance;
  const compare = client.compareClientSecret;
  client.compareClientSecret = function (this: ClientInstance, actual) {
    const readings = readingsOfSecret(actual);
    const secrets = registry.secrets(this.clientId);
    // Everything is compared, so that timing does not tell what matched.
    if (secrets.length === 0) return readings.map((reading) => compare.call(this, reading)).includes(true);
    return readings.flatMap((reading) => secrets.map((secret) => sameSecret(secret, reading))).includes(true);
  };
  const allowed = client.redirectUriAllowed;
  client.redirectUriAllowed = function (this: ClientInstance, value) {
    if (allowed.call(this, value)) return true;
    if (!mayUseWildcards(registry.settings(this.clientId))) return false;
    return (this.redirectUris ?? []).some((pattern) => matchesWildcard(pattern, value));
  };
}

/** `https://*.example.com/callback` matches exactly one label in place of the star, and nothing else differs. */
function matchesWildcard(pattern: string, value: string): boolean {
  const [before, after, ...more] = pattern.split('*');
  if (before !== 'https://' || after === undefined || !after.startsWith('.') || more.length > 0) return false;
  if (!value.startsWith(before) || !value.endsWith(after)) return false;
  const label = value.slice(before.length, value.length - after.length);
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label);
}
