/** The application: every middleware in the order a request meets it. */

import type Koa from 'koa';
import type { Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { IbClient } from '../adapters/ib/client.ts';
import type { GuardedAgent } from '../adapters/ib/http-agent.ts';
import { subjectOf } from '../adapters/ib/session.ts';
import { createSealedTexts } from '../adapters/secrets/sealed-text.ts';
import type { Secrets } from '../adapters/secrets/secrets.ts';
import type { Store } from '../adapters/store/contract.ts';
import { StoreError } from '../adapters/store/errors.ts';
import { newIbSessionId } from '../adapters/store/handles.ts';
import type { Config } from '../config/types.ts';
import { createFormTokens } from '../interactions/form-tokens.ts';
import type { PlatformRules } from '../interactions/platform.ts';
import { createInteractionRouter } from '../interactions/router.ts';
import { createBridgeCompat } from './bridge/dialect.ts';
import { createSessionCheck } from './http/bearer.ts';
import { NOT_FOUND, publicErrorOf, writeError } from './http/errors.ts';
import { createHealth } from './http/health.ts';
import { createAbuseLimits } from './http/limits.ts';
import { createOverloadGuard, type LoopDelay } from './http/overload.ts';
import { createProtectedResourceMetadata } from './http/protected-resource.ts';
import { createIssuerAddress, createRequestLog, createSafeHeaders } from './http/request.ts';
import { createVisitorOf } from './http/visitor.ts';
import { createAccountPage } from './pages/account.ts';
import { createPages } from './pages/pages.ts';
import { createAnswers } from './provider/answers.ts';
import { createAsked } from './provider/asked.ts';
import { createSessionReader } from './provider/browser-session.ts';
import { createBasicCredentials } from './provider/client-secrets.ts';
import type { ClientRegistry } from './provider/clients.ts';
import { createDevicePollLimit } from './provider/device-poll.ts';
import { createIntrospectionAnswers } from './provider/introspection.ts';
import { createProvider } from './provider/provider.ts';
import { createRequestDefaults } from './provider/request-defaults.ts';
import { createResources } from './provider/resources.ts';
import { createCallLimit } from './proxy/call-limit.ts';
import { createSidFinders } from './proxy/find-sid.ts';
import { createProxy } from './proxy/proxy.ts';
import { createSignedUrls } from './proxy/signed-url.ts';
import { type Events, tellProviderEvents } from './telemetry/events.ts';

export interface AppDeps {
  readonly config: Config;
  readonly issuer: string;
  readonly registry: ClientRegistry;
  readonly secrets: Secrets;
  readonly store: Store;
  readonly ib: IbClient;
  readonly platforms: PlatformRules;
  readonly fetch: typeof globalThis.fetch;
  /** For apps' metadata documents, whose addresses anybody can name. */
  readonly documentFetch: typeof globalThis.fetch;
  /** For calls through `/proxy`: slow bodies are no fault there. */
  readonly proxyAgent: GuardedAgent;
  /** The largest body of an answer through `/proxy`, where the surroundings set one. */
  readonly maxProxyBytes?: number;
  readonly events: Events;
  /** How far the process is behind, where it serves more than one request at a time. */
  readonly loopDelay?: Pick<LoopDelay, 'takeMs'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Builds the application: the provider itself, with everything else in front of its routes. */
export function createApp(deps: AppDeps): Provider {
  const { config, issuer, store, registry } = deps;
  const { lifetimes, resources } = config;
  const nowSeconds = (): number => Math.floor(deps.now() / 1000);
  const pages = createPages({ issuer, branding: config.branding, registry });
  const provider = createProvider({
    issuer,
    lifetimes,
    resources,
    registration: config.registration,
    clientIdMetadataHosts: config.clientIdMetadataHosts,
    appHosts: config.appHosts,
    registry,
    secrets: deps.secrets,
    store,
    platforms: deps.platforms,
    pages: pages.provider,
    fetch: deps.fetch,
    documentFetch: deps.documentFetch,
    onLogoutCall: deps.events.appSignedOut,
    onUnknownResource: deps.events.resourceUnknown,
    nowSeconds,
  });
  provider.proxy = true;
  // What ends a connection after the answer has begun, such as an app that hangs up, comes here.
  (provider as Koa).on('error', (error: unknown) => deps.events.failed(error));
  tellProviderEvents(provider, deps.events);
  const formTokens = createFormTokens(deps.secrets.cookieKeys);
  const visitorOf = createVisitorOf(config.trustedProxies);

  provider.use(createRequestLog(deps.events));
  provider.use((ctx, next) => {
    deps.events.visited(visitorOf(ctx));
    return next();
  });
  provider.use(createHealth(store));
  provider.use(createIssuerAddress(issuer));
  provider.use(createSafeHeaders(issuer));
  provider.use(pages.assets);
  provider.use(createErrorBoundary(deps, pages.error));
  if (deps.loopDelay !== undefined) {
    provider.use(
      createOverloadGuard({
        delay: deps.loopDelay,
        mostMs: lifetimes.overloadDelayMs,
        everyMs: lifetimes.overloadWindowMs,
        onRefused: () => deps.events.limited({ limit: 'overload' }),
        now: deps.now,
      }),
    );
  }
  provider.use(createProtectedResourceMetadata(issuer));
  provider.use(
    createProxy({
      issuer,
      provider,
      store,
      agent: deps.proxyAgent,
      ...(deps.maxProxyBytes === undefined ? {} : { maxBytes: deps.maxProxyBytes }),
      signedUrls: createSignedUrls({
        texts: createSealedTexts(deps.secrets.peppers, 'signed url 1'),
        lifetimeSeconds: lifetimes.proxySignedUrlSeconds,
        nowSeconds,
      }),
      limit: createCallLimit({
        store,
        limit: lifetimes.proxyCallsPerMinute,
        block: lifetimes.proxyCallBlock,
        now: deps.now,
      }),
      finderOf: createSidFinders(),
      isIbOrigin: (origin) => deps.platforms.parse(origin).ok,
      isKnownOrigin: registry.hasOrigin,
      onCall: deps.events.proxied,
      onBytes: deps.events.transferred,
      nowSeconds,
    }),
  );
  provider.use(createNotFound(pages.error));
  provider.use(
    createAbuseLimits({
      store,
      lifetimes,
      trustedProxies: config.trustedProxies,
      onLimited: deps.events.limited,
      now: deps.now,
    }),
  );
  provider.use((_ctx, next) => store.unit(next));
  provider.use(createSessionCheck({ store, issuer, nowSeconds }));
  provider.use(createBridgeCompat({ registry, store, requestBodyBytes: lifetimes.requestBodyBytes }));
  provider.use(createBasicCredentials());
  provider.use(createRequestDefaults({ registry, resources }));
  provider.use(createIntrospectionAnswers());
  provider.use(createAnswers());
  provider.use(createDevicePollLimit({ store, intervalSeconds: lifetimes.devicePollIntervalSeconds }));
  const sessions = createSessionReader(provider, nowSeconds);
  provider.use(
    createAccountPage({
      provider,
      store,
      signInsOf: sessions.signInsOf,
      formTokens,
      render: pages.account,
      forged: pages.interaction.forged,
      onRevoked: deps.events.accessTakenBack,
    }),
  );
  provider.use(
    createInteractionRouter({
      issuer,
      provider,
      store,
      ib: deps.ib,
      platforms: deps.platforms,
      settings: registry.settings,
      lifetimes,
      pages: pages.interaction,
      events: deps.events.interaction,
      askedBy: createAsked(createResources(issuer, resources), resources),
      ...sessions,
      accountIdOf: subjectOf,
      newIbSessionId,
      formTokens,
      visitorOf,
      wantsNewLogin: ({ scopes }) => config.ibSessionLogin === 'new' && scopes.includes('ib:session'),
      now: deps.now,
    }),
  );
  return provider;
}

type RenderError = (ctx: Parameters<Middleware>[0], error: ReturnType<typeof publicErrorOf>) => void;

/** A page, or JSON, where no route has taken the request. */
function createNotFound(renderPage: RenderError): Middleware {
  return async (ctx, next) => {
    await next();
    if (ctx.status === 404 && ctx.body == null) writeError(ctx, NOT_FOUND, (known) => renderPage(ctx, known));
  };
}

/** Whatever a request failed of: logged with its cause, answered without it. */
function createErrorBoundary(deps: AppDeps, renderPage: RenderError): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const shown = publicErrorOf(error);
      if (error instanceof StoreError || shown.status >= 500) deps.events.failed(error);
      writeError(ctx, shown, (known) => renderPage(ctx, known));
    }
  };
}
