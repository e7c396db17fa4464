/**
 * Outgoing connections that cannot be turned inwards: every address is checked after it has been resolved and before it
 * is connected to, so a name that answers differently the second time gains nothing.
 */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Agent, buildConnector, fetch } from 'undici';
import type { IbHostRule } from '../../config/hosts.ts';
import { isExactOrigin } from './platform-url.ts';

/** A connection refused before anything was sent. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED';

  constructor() {
    super('the host resolves to an address that is not public');
    this.name = 'AddressRefusedError';
  }
}

/** An answer longer than its reader takes, counted after decoding. */
export class BodyTooLargeError extends Error {
  readonly code = 'BODY_TOO_LARGE';

  constructor() {
    super('the answer is larger than allowed');
    this.name = 'BodyTooLargeError';
  }
}

const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Whether an address is on the public internet: not private, loopback, link-local, mapped, reserved or multicast. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
}

type Lookup = (
  host: string,
  options: LookupOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

export interface GuardedAgentOptions {
  /** Exact origins among them may resolve to any address. */
  readonly rules: readonly IbHostRule[];
  /** Further origins that may resolve to any address. */
  readonly mayBePrivate?: (origin: URL) => boolean;
  readonly connectTimeoutMs?: number;
  readonly headersTimeoutMs?: number;
  readonly bodyTimeoutMs?: number;
  /** Name resolution; the system's unless a test sets another. */
  readonly lookup?: Lookup;
}

const systemLookupAll: Lookup = (host, options, callback) =>
  systemLookup(host, { ...options, all: true }, (error, addresses) => callback(error, addresses));

/**
 * A lookup for sockets that refuses a host as a whole for one bad address among its answers. The socket connects to what
 * it was handed here and asks no second time.
 */
export function createCheckedLookup(lookup: Lookup, isGood: (address: string) => boolean) {
  return (
    host: string,
    options: LookupOptions,
    callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    lookup(host, options, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isGood(address))) {
        return callback(new AddressRefusedError(), []);
      }
      if (options.all === true) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

/** An agent, and the fetch that goes with it. */
export interface Opened {
  readonly dispatcher: Agent;
  readonly fetch: typeof fetch;
}

/** An agent that is made by its first user: undici is a third of what a function has to load, and many requests go nowhere. */
export interface GuardedAgent {
  open(): Promise<Opened>;
  /** Lets what is under way finish. */
  close(): Promise<void>;
  /** Cuts what is under way. */
  destroy(): Promise<void>;
}

/** An agent that connects to public addresses, and to the exact origins of the rules. HTTP/1.1, no redirects followed. */
export function createGuardedAgent(options: GuardedAgentOptions): GuardedAgent {
  let opened: Promise<Opened> | undefined;
  const open = async (): Promise<Opened> => {
    const undici = await import('undici');
    const dispatcher = new undici.Agent({
      connect: createConnect(options, undici.buildConnector),
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      bodyTimeout: options.bodyTimeoutMs ?? 10_000,
      allowH2: false,
    } as Agent.Options);
    return { dispatcher, fetch: undici.fetch };
  };
  return {
    open() {
      opened ??= open();
      return opened;
    },
    close: async () => (await opened)?.dispatcher.close(),
    destroy: async () => (await opened)?.dispatcher.destroy(),
  };
}

function createConnect(options: GuardedAgentOptions, build: typeof buildConnector): buildConnector.connector {
  const timeout = options.connectTimeoutMs ?? 5_000;
  const connectorFor = (isGood: (address: string) => boolean): buildConnector.connector => {
    const lookup = createCheckedLookup(options.lookup ?? systemLookupAll, isGood);
    return build({ timeout, allowH2: false, lookup: lookup as never });
  };
  const guarded = connectorFor(isPublicAddress);
  const open = connectorFor(() => true);

  return (target, callback) => {
    const port = target.port === '' ? '' : `:${target.port}`;
    const url = URL.parse(`${target.protocol}//${target.hostname}${port}`);
    const isNamed = isExactOrigin(url?.origin ?? '', options.rules);
    if (isNamed || (url !== null && options.mayBePrivate?.(url) === true)) return open(target, callback);
    // Addresses in the URL are never looked up, so they are checked here.
    const host = target.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !isPublicAddress(host)) return callback(new AddressRefusedError(), null);
    guarded(target, callback);
  };
}

/** A body of up to `limit` decoded bytes; throws `BodyTooLargeError`. */
export async function readBytes(body: AsyncIterable<Uint8Array> | null, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLargeError();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The text of such a body. */
export async function readLimited(body: AsyncIterable<Uint8Array> | null, limit: number): Promise<string> {
  // Unlike Buffer's own, this drops a byte order mark, which is no JSON.
  return new TextDecoder().decode(await readBytes(body, limit));
}

/** A fetch over a guarded agent, in the shape that libraries take. Redirects are never followed. */
export function createGuardedFetch(deps: { readonly agent: GuardedAgent }): typeof globalThis.fetch {
  const guarded = async (url: unknown, init: object = {}): Promise<unknown> => {
    const { fetch: open, dispatcher } = await deps.agent.open();
    return open(url as string, { ...init, redirect: 'manual', dispatcher });
  };
  return guarded as typeof globalThis.fetch;
}
