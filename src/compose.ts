/** Puts adapters and application together: what a server and a Lambda function share. */
import type Provider from 'oidc-provider';
import { createIbClient } from '../adapters/ib/client.ts';
import { createGuardedAgent, createGuardedFetch } from '../adapters/ib/http-agent.ts';
import { isLooseDomain, parsePlatform } from '../adapters/ib/platform-url.ts';
import type { IbSession } from '../adapters/ib/session.ts';
import type { Store } from '../adapters/store/contract.ts';
import { StoreError } from '../adapters/store/errors.ts';
import type { EngineOptions } from '../adapters/store/open-engine.ts';
import type { StoreOptions } from '../adapters/store/store.ts';
import { isAtAppHost } from '../config/app-hosts.ts';
import { isLoopbackHost } from '../config/clients/redirect-uris.ts';
import type { ClientSecrets, Config } from '../config/types.ts';
import { createApp } from './app.ts';
import type { LoopDelay } from './http/overload.ts';
import { openKeys, openStore, tellUnchecked } from './open-store.ts';
import { type ClientRegistry, createClientRegistry } from './provider/clients.ts';
import type { Events } from './telemetry/events.ts';

export interface ComposeOptions {
  readonly config: Config;
  readonly clientSecrets: ClientSecrets;
  /** The server's own keys, where a variable holds them. */
  readonly secretsText?: string | undefined;
  readonly events: Events;
  /** Unix milliseconds; the process's clock unless a test sets another. */
  readonly now?: () => number;
  /** Further settings of the store. */
  readonly store?: EngineOptions & Pick<StoreOptions, 'onIbSessionEnded'>;
  /** Whether DynamoDB is opened by the first request that needs it, and not before the application is there. */
  readonly opensWhenUsed?: boolean;
  /** The provider's own fetches, for tests; guarded against private addresses otherwise. */
  readonly fetch?: typeof globalThis.fetch;
  /** How far the process is behind, where it serves more than one request at a time. */
  readonly loopDelay?: Pick<LoopDelay, 'takeMs'>;
  /** The largest body of an answer through `/proxy`, where the surroundings set one. */
  readonly maxProxyBytes?: number;
}

export interface Composed {
  readonly store: Store;
  readonly registry: ClientRegistry;
  /** The application for an issuer: its public base URL, without a trailing slash. Others than the configured resources take their place. */
  createApp(issuer: string, resources?: Config['resources']): Provider;
  /** Reads the server's keys anew. True where they have changed: the store has them then, and an application made from then on. */
  refreshSecrets(): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens secrets and store, and makes ready what the application needs. */
export async function compose(options: ComposeOptions): Promise<Composed> {
  const { config, events } = options;
  const now = options.now ?? Date.now;
  const secrets = await openKeys(options, () => Math.floor(now() / 1000));
  const agent = createGuardedAgent({ rules: config.ibHosts });
  const ib = createIbClient({
    rules: config.ibHosts,
    timeoutMs: config.lifetimes.ibTimeoutMs,
    checkTimeoutMs: config.lifetimes.ibSessionCheckMs,
    maxBodyBytes: config.lifetimes.ibResponseBytes,
    agent,
    onCall: events.ibCalled,
    now,
  });
  const { ibLogoutUrl } = config;
  const ending =
    ibLogoutUrl === undefined
      ? {}
      : { onIbSessionEnded: (session: IbSession) => ib.logout(session, ibLogoutUrl) };
  const store = await openStore(
    { ...options, store: { ...options.store, ...ending } },
    secrets.current,
    events,
  );
  const registry = createClientRegistry(config.clients, options.clientSecrets);
  events.clientsLoaded(registry.ids());
  const idle = config.lifetimes.proxyIdleMs;
  const proxyAgent = createGuardedAgent({
    rules: config.ibHosts,
    headersTimeoutMs: idle,
    bodyTimeoutMs: idle,
  });
  return {
    store,
    registry,
    createApp: (issuer, resources = config.resources) =>
      createApp({
        config: { ...config, resources },
        issuer,
        registry,
        secrets: secrets.current(),
        store,
        ib,
        platforms: {
          parse: (text) => parsePlatform(text, config.ibHosts),
          isLoose: (origin) => isLooseDomain(origin, config.ibHosts),
        },
        fetch: options.fetch ?? guardedFetch((url) => isAtAppHost(url, config.appHosts, { anyPort: true })),
        documentFetch: options.fetch ?? guardedFetch((url) => mayHoldDocuments(config, issuer, url)),
        proxyAgent,
        ...(options.maxProxyBytes === undefined ? {} : { maxProxyBytes: options.maxProxyBytes }),
        events,
        ...(options.loopDelay === undefined ? {} : { loopDelay: options.loopDelay }),
        now,
      }),
    async refreshSecrets() {
      const isChanged = await secrets.refresh();
      // Served all the same: what does not open is absent, and told where it is met.
      if (isChanged) await holdAgainst(store, events);
      return isChanged;
    },
    async close() {
      await Promise.all([agent.close(), proxyAgent.destroy()]);
      await store.close();
    },
  };
}

async function holdAgainst(
  store: Pick<Store, 'checkSecrets'>,
  events: Pick<Events, 'say' | 'keysHeldAgainstStore'>,
): Promise<void> {
  try {
    await store.checkSecrets();
    events.keysHeldAgainstStore({ areForeign: false });
  } catch (error) {
    const areForeign = error instanceof StoreError && error.code === 'failed' && error.fault !== undefined;
    if (areForeign) events.keysHeldAgainstStore({ areForeign });
    else tellUnchecked(events, error);
  }
}

/** For what apps name: public addresses, and those that the operator has. */
function guardedFetch(mayBePrivate: (origin: URL) => boolean): typeof globalThis.fetch {
  return createGuardedFetch({ agent: createGuardedAgent({ rules: [], mayBePrivate }) });
}

/**
 * Where metadata documents may lie besides public addresses: hosts that the operator names both as such and as apps of
 * his own network. On a developer's machine, told by an issuer on loopback, on it.
 */
function mayHoldDocuments(config: Config, issuer: string, url: URL): boolean {
  if (issuer.startsWith('http:') && isLoopbackHost(url.hostname)) return true;
  const named = config.clientIdMetadataHosts.filter(({ kind }) => kind !== 'any');
  return [named, config.appHosts].every((rules) => isAtAppHost(url, rules, { anyPort: true }));
}
