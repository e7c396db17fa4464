/**
 * The earlier bridge's place in the application: what its clients' requests pass, and what answers for it. This room owns
 * its dialect, which no other room may know; it must not know how sessions come about, nor pages.
 */
import type { Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';
import type { Config } from '../../config/types.ts';
import type { Answer } from '../http/routes.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import { createResources } from '../provider/resources.ts';
import { createBridgeCompat } from './dialect.ts';
import { createBridgeRegistration } from './registration.ts';
import { installRequestMarks } from './request-mark.ts';

interface Bridge {
  readonly dialect: Middleware;
  /** Of addresses that keep nothing where they are the bridge's, so that no limit counts them. */
  readonly answers: { readonly '/register'?: Answer };
}

/** Teaches a provider the dialect. */
export function createBridge(deps: {
  readonly issuer: string;
  readonly config: Pick<Config, 'resources' | 'registration'>;
  readonly provider: Provider;
  readonly registry: ClientRegistry;
  readonly store: Pick<Store, 'ibSessions'>;
}): Bridge {
  const { issuer, config, provider, registry, store } = deps;
  const known = createResources(issuer, config.resources);
  installRequestMarks(provider);
  return {
    dialect: createBridgeCompat({
      issuer,
      registry,
      store,
      isOurs: (resource) => known.scopesAt(resource) !== undefined,
    }),
    answers:
      config.registration === 'bridge'
        ? { '/register': createBridgeRegistration({ provider, registry }) }
        : {},
  };
}
