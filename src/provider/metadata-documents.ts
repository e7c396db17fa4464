/**
 * Client-ID metadata documents (draft-ietf-oauth-client-id-metadata-document): an app's `client_id` is the address where
 * its metadata lies. Read here rather than by the library, whose cache is one process's and whose errors name nothing.
 */
import Provider, { type Adapter, type AdapterPayload, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { AddressRefusedError, BodyTooLargeError, readLimited } from '../../adapters/ib/http-agent.ts';
import { type AppHostRule, isAtAppHost } from '../../config/app-hosts.ts';
import { isLoopbackHost } from '../../config/clients/redirect-uris.ts';
import { BEGINNINGS } from './features.ts';
import type { Admit } from './self-registration.ts';

type Metadata = Readonly<Record<string, unknown>>;

/** The document of an app cannot be used: at which host it lies, and why, as the end of a sentence. */
export class MetadataDocumentError extends errors.InvalidClient {
  readonly host: string;
  readonly reason: string;
  /** The host is in trouble, rather than its document. */
  readonly isOutage: boolean;

  constructor(host: string, reason: string, options: { cause?: unknown; isOutage?: boolean } = {}) {
    super(`the metadata document of the app at ${host} ${reason}`);
    this.name = 'MetadataDocumentError';
    this.cause = options.cause;
    this.host = host;
    this.reason = reason;
    this.isOutage = options.isOutage ?? false;
    this.allow_redirect = false;
  }
}

/** What to say of an app that no longer lists the address it wanted its answer at; undefined for other apps. */
export function documentChanged(clientId: string): MetadataDocumentError | undefined {
  const host = isAddress(clientId) ? URL.parse(clientId)?.host : undefined;
  const reason = 'has changed meanwhile, and no longer lists the redirect URI of this sign-in';
  return host === undefined ? undefined : new MetadataDocumentError(host, reason);
}

/** Whether a `client_id` is the address of a document. */
export const isAddress = (clientId: string): boolean => /^https?:\/\//i.test(clientId);

interface DocumentDeps {
  readonly issuer: string;
  /** Hosts whose documents are read; none: the feature is off. */
  readonly hosts: readonly AppHostRule[];
  readonly admit: Admit;
  readonly fetch: typeof globalThis.fetch;
  /** Where documents are kept for all processes, by their address. */
  readonly cache: Pick<Adapter, 'find' | 'upsert'>;
  readonly limits: { readonly metadataDocumentBytes: number; readonly metadataDocumentMs: number };
  readonly nowSeconds: () => number;
}

/** Without a word of the host's own, for so long; and never for longer. */
const USUAL_FRESH_SECONDS = 300;
const MOST_FRESH_SECONDS = 24 * 3600;
/** How long a copy is kept of an app that has tokens: longer than any IB session, so that none outlives its metadata. */
const KEPT_SECONDS = 7 * 24 * 3600;
/** Of one that has none: as long as a sign-in may take. Anybody can name any number of addresses. */
const TRIED_SECONDS = 2 * 3600;

/** Where something begins, comes back or is redeemed, a document is read anew once it is no longer fresh. */
const READ_ANEW: ReadonlySet<string> = new Set([...BEGINNINGS, 'resume', 'device_resume', 'token']);

interface Copy {
  readonly metadata: Metadata;
  readonly freshUntil: number;
  /** Whether tokens have been asked for with it. */
  readonly isUsed?: boolean;
}

export interface MetadataDocuments {
  /** Whether a `client_id` is the address of a document. */
  isAddress(clientId: string): boolean;
  /** The app's metadata; undefined where the feature is off. Throws `MetadataDocumentError`. */
  find(clientId: string): Promise<AdapterPayload | undefined>;
}

/** Reads documents, each once for all who want it at the same moment, and keeps them in the store. */
export function createMetadataDocuments(deps: DocumentDeps): MetadataDocuments {
  const reading = new Map<string, Promise<Copy>>();

  function read(address: URL): Promise<Copy> {
    const id = address.href;
    const running = reading.get(id);
    if (running !== undefined) return running;
    const begun = readDocument(deps, address).finally(() => reading.delete(id));
    reading.set(id, begun);
    return begun;
  }

  async function keep(clientId: string, copy: Copy): Promise<void> {
    const seconds = copy.isUsed === true ? KEPT_SECONDS : TRIED_SECONDS;
    await deps.cache.upsert(clientId, { document: copy } as AdapterPayload, seconds);
  }

  async function find(clientId: string, route: string): Promise<AdapterPayload | undefined> {
    const address = addressOf(deps, clientId);
    const kept = (await deps.cache.find(clientId)) as { readonly document?: Copy } | undefined;
    const copy = kept?.document;
    const isUsed = copy?.isUsed === true || route === 'token';
    if (copy !== undefined && (!READ_ANEW.has(route) || copy.freshUntil > deps.nowSeconds())) {
      if (isUsed && copy.isUsed !== true) await keep(clientId, { ...copy, isUsed });
      return copy.metadata;
    }
    // Nobody begins here, and no limit holds: a stranger would have this server call whatever he names.
    if (!READ_ANEW.has(route)) return undefined;
    try {
      const fresh = await read(address);
      await keep(clientId, { ...fresh, isUsed });
      return fresh.metadata;
    } catch (error) {
      const { isOutage } = error as Partial<MetadataDocumentError>;
      // Where something begins, a host that does not answer is told, and no older copy serves.
      if (copy !== undefined && isOutage === true && !BEGINNINGS.has(route)) return copy.metadata;
      throw error;
    }
  }

  return {
    isAddress,
    async find(clientId) {
      if (deps.hosts.length === 0) return undefined;
      const ctx = Provider.ctx as KoaContextWithOIDC | undefined;
      const route = ctx?.oidc.route ?? '';
      try {
        return await find(clientId, route);
      } catch (error) {
        // Elsewhere, such as in a list of apps or behind a token, such an app is one that is not registered any more.
        if (!READ_ANEW.has(route)) return undefined;
        // Or the library, which looks for the app's redirect URIs before it shows the error, reads it once more.
        if (ctx !== undefined) Object.assign(ctx.oidc, { noclient: true });
        throw error;
      }
    },
  };
}

/** The address, where documents of its host are read. Plain http is for trying things out on one machine. */
function addressOf({ issuer, hosts }: DocumentDeps, clientId: string): URL {
  const url = URL.parse(clientId);
  if (url === null) throw new MetadataDocumentError('this address', 'is at no address');
  const fail = (reason: string) => new MetadataDocumentError(url.host, reason);
  // Written as everybody reads it: no dot segments, default port, capitals, blanks; with a path (draft, section 3).
  if (url.href !== clientId || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw fail(`must be named by its plain address, ${url.origin}${url.pathname}`);
  }
  const isLocal = issuer.startsWith('http:') && isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && !isLocal) throw fail('must be at https');
  if (!isAtAppHost(url, hosts, { anyPort: isLocal })) {
    throw fail('is not read here; an administrator can allow the host (CLIENT_ID_METADATA_HOSTS)');
  }
  return url;
}

async function readDocument(deps: DocumentDeps, address: URL): Promise<Copy> {
  const { host } = address;
  const response = await request(deps, address);
  const fail = (reason: string, isOutage = false) => new MetadataDocumentError(host, reason, { isOutage });
  if (response.status >= 300 && response.status < 400) {
    throw fail('is answered with a redirect, which is not followed');
  }
  if (response.status !== 200) {
    throw fail(`is answered with status ${response.status}`, response.status >= 500);
  }
  const type = response.headers.get('content-type');
  if (type !== null && !/[/+]json\b/i.test(type)) throw fail('is not JSON by its content type');
  const document = parse(await body(deps, host, response), fail);
  checkDocument(deps, address, document, fail);
  return {
    metadata: admitted(deps, address, document, fail),
    freshUntil: deps.nowSeconds() + freshSeconds(response.headers),
  };
}

async function request({ fetch, limits }: DocumentDeps, { href, host }: URL): Promise<Response> {
  try {
    return await fetch(href, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(limits.metadataDocumentMs),
    });
  } catch (cause) {
    throw new MetadataDocumentError(host, reasonOf(cause), { cause, isOutage: true });
  }
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error ? (cause.cause ?? cause) : cause;
  if (inner instanceof AddressRefusedError) return 'is at an address that is not public';
  const { name } = inner as Partial<Error>;
  return name === 'TimeoutError' ? 'is not answered in time' : 'cannot be reached';
}

async function body(deps: DocumentDeps, host: string, response: Response): Promise<string> {
  const limit = deps.limits.metadataDocumentBytes;
  try {
    return await readLimited(response.body as AsyncIterable<Uint8Array> | null, limit);
  } catch (cause) {
    const isLarge = cause instanceof BodyTooLargeError;
    const reason = isLarge ? `is larger than ${limit} bytes` : reasonOf(cause);
    throw new MetadataDocumentError(host, reason, { cause, isOutage: !isLarge });
  }
}

type Fail = (reason: string) => MetadataDocumentError;

function parse(text: string, fail: Fail): Metadata {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Metadata;
  } catch {
    // Told below, without the text.
  }
  throw fail('is not a JSON object');
}

/** What makes a document this app's own: its address in it, no secret, no redirect to somebody else's host. */
function checkDocument(deps: DocumentDeps, address: URL, document: Metadata, fail: Fail): void {
  if (document['client_id'] !== address.href) throw fail('names another client_id than its own address');
  if (document['client_secret'] !== undefined || document['client_secret_expires_at'] !== undefined) {
    throw fail('holds a client_secret');
  }
  const named = deps.hosts.filter(({ kind }) => kind !== 'any');
  const uris: unknown[] = [document['redirect_uris']].flat();
  const foreign = uris.find((uri) => {
    const url = typeof uri === 'string' ? URL.parse(uri) : null;
    if (url?.protocol !== 'https:') return false;
    const isOwn = url.hostname === address.hostname || url.hostname.endsWith(`.${address.hostname}`);
    return !isOwn && !isAtAppHost(url, named, { anyPort: true });
  });
  if (typeof foreign === 'string') {
    throw fail(`lists a redirect URI at another host, ${URL.parse(foreign)?.host ?? ''}`);
  }
}

/** The document's metadata by the rules that hold for all apps that no admin has entered. */
function admitted(deps: DocumentDeps, address: URL, document: Metadata, fail: Fail): Metadata {
  const { token_endpoint_auth_method: method, token_endpoint_auth_methods_supported: more } = document;
  // Empty members count for nothing, as elsewhere. Its secret would be public.
  const supported = [method || 'none', ...[more].flat()].find(
    (candidate) => candidate === 'none' || candidate === 'private_key_jwt',
  );
  if (supported === undefined) throw fail('must name token_endpoint_auth_method none or private_key_jwt');
  try {
    const metadata = deps.admit({ ...document, token_endpoint_auth_method: supported }, address.host);
    return { ...metadata, client_id: address.href };
  } catch (error) {
    if (!(error instanceof errors.InvalidClientMetadata)) throw error;
    throw fail(`is refused: ${error.error_description ?? ''}`);
  }
}

/** How long an answer may be kept (RFC 9111 5.2.2, 5.3), within bounds of ours. */
function freshSeconds(headers: Headers): number {
  const control = headers.get('cache-control')?.toLowerCase() ?? '';
  if (/\bno-(?:store|cache)\b/.test(control)) return 0;
  const [, maxAge] = /\bmax-age\s*=\s*"?(\d+)/.exec(control) ?? [];
  if (maxAge !== undefined) return Math.min(Number(maxAge), MOST_FRESH_SECONDS);
  const expires = Date.parse(headers.get('expires') ?? '');
  const sent = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(expires) || Number.isNaN(sent)) return USUAL_FRESH_SECONDS;
  return Math.min(Math.max(0, Math.floor((expires - sent) / 1000)), MOST_FRESH_SECONDS);
}
