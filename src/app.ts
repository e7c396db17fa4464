/** The application: every middleware in the order a request meets it. */

import type Koa from 'koa';
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { IbClient } from '../adapters/ib/client.ts';
import type { GuardedAgent } from '../adapters/ib/http-agent.ts';
import { createSealedTexts } from '../adapters/secrets/sealed-text.ts';
import type { Secrets } from '../adapters/secrets/secrets.ts';
import type { Store } from '../adapters/store/contract.ts';
import type { Config } from '../config/types.ts';
import { createFormTokens } from '../interactions/form-tokens.ts';
import type { PlatformRules } from '../interactions/platform.ts';
import { createBridge } from './bridge/bridge.ts';
import { MARK } from './bridge/request-mark.ts';
import { createAuditGuard } from './http/audit-guard.ts';
import { createSessionCheck } from './http/bearer.ts';
import { createBodies, createBodyEnd } from './http/bodies.ts';
import { createBudget } from './http/budget.ts';
import { createCors, createOptions } from './http/cors.ts';
import { createDoor, createErrorBoundary, createLateErrors } from './http/errors.ts';
import { answerAlive, createReadiness } from './http/health.ts';
import { createLimits } from './http/limits.ts';
import { createOverloadGuard, type LoopDelay } from './http/overload.ts';
import { createProtectedResourceMetadata } from './http/protected-resource.ts';
import { createIssuerAddress, createRequestLog, createSafeHeaders } from './http/request.ts';
import { type Answer, createArrivals, createDispatch } from './http/routes.ts';
import { createVisitorOf } from './http/visitor.ts';
import { createAssetAnswer } from './pages/app-logos.ts';
import { createPages, type Pages } from './pages/pages.ts';
import { createTypedCode } from './pages/typed-code.ts';
import { createAnswers } from './provider/answers.ts';
import { createSessionReader } from './provider/browser-session.ts';
import { createBasicCredentials } from './provider/client-secrets.ts';
import type { ClientRegistry } from './provider/clients.ts';
import { createDevicePollLimit } from './provider/device-poll.ts';
import { createGoOn } from './provider/go-on.ts';
import { createGrantHints } from './provider/grant-hints.ts';
import { createIntrospectionAnswers } from './provider/introspection.ts';
import { wantsNewLogin } from './provider/policy.ts';
import { createProvider } from './provider/provider.ts';
import { createSessionEndAnswers } from './provider/session-check.ts';
import { createUnit } from './provider/unit.ts';
import { createSidFinders } from './proxy/find-sid.ts';
import { createProxy } from './proxy/proxy.ts';
import { createSignedUrls } from './proxy/signed-url.ts';
import type { Events } from './telemetry/events.ts';
import { tellProviderEvents } from './telemetry/provider-events.ts';
import { withTokenTrail } from './telemetry/token-trail.ts';
import { createUserSteps } from './user-steps.ts';

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
export function createApp(given: AppDeps): Provider {
  const { config, issuer, registry, events } = given;
  const { lifetimes, resources } = config;
  const nowSeconds = (): number => Math.floor(given.now() / 1000);
  const store = withTokenTrail(given.store, events.saw, nowSeconds);
  const deps = { ...given, store };
  const formTokens = createFormTokens(given.secrets.cookieKeys);
  const pages = createPages({ issuer, branding: config.branding, registry, formTokens });
  const takeCall = callLimit(deps);
  const provider = providerOf(deps, { pages, takeCall, nowSeconds });
  const bridge = createBridge({ issuer, config, provider, registry, store });
  const sessions = createSessionReader(provider, nowSeconds);
  const leftAlone = new WeakSet<Context>();
  const steps = createUserSteps({
    ...deps,
    provider,
    pages,
    sessions,
    formTokens,
    leftAlone: (ctx) => void leftAlone.add(ctx),
  });
  const inOrder: readonly Middleware[] = [
    createArrivals({ registration: config.registration !== 'off' }),
    createBodyEnd(lifetimes),
    createRequestLog(events, createVisitorOf(config.trustedProxies)),
    createIssuerAddress(issuer),
    createSafeHeaders(issuer),
    createCors({ originsBehind: (ctx) => originsBehind(registry, ctx), mayBeAnApps: mayBeAnApps(deps) }),
    createErrorBoundary({ onFailed: events.failed, renderPage: pages.error }),
    createDoor(issuer),
    createOptions(),
    createAuditGuard(events.auditRefuses),
    createDispatch({
      '/healthz': answerAlive,
      '/readyz': createReadiness(store),
      '/assets': createAssetAnswer(pages.asset, {
        provider,
        fetch: deps.fetch,
        timeoutMs: lifetimes.metadataDocumentMs,
        onRefused: events.logoRefused,
        now: deps.now,
      }),
    }),
    createBodies(lifetimes),
    createOverloadGuard({ ...deps, limits: lifetimes, onRefused: events.overloaded }),
    createDispatch({
      '/.well-known/oauth-protected-resource': createProtectedResourceMetadata(issuer, resources),
      '/proxy': proxyOf(deps, provider, { takeCall, nowSeconds }),
      ...bridge.answers,
    }),
    createLimits({
      store,
      lifetimes,
      registrationsPerHour: config.registrationsPerHour,
      leftIbAlone: (ctx) => leftAlone.has(ctx),
      foundUserCode: (ctx) => oidcOf(ctx)?.entities.DeviceCode !== undefined,
      isConfidential: (ctx) =>
        (oidcOf(ctx)?.client?.clientAuthMethod ?? 'none') !== 'none' && ctx.status !== 401,
      trustedProxies: config.trustedProxies,
      onLimited: events.limited,
      now: deps.now,
    }),
    createUnit(store),
    createGrantHints(store, issuer),
    createSessionCheck({ store, issuer, nowSeconds }),
    createSessionEndAnswers({ ibSessions: store.ibSessions, nowSeconds }),
    bridge.dialect,
    createBasicCredentials(),
    createIntrospectionAnswers(),
    createAnswers({ deviceIntervalSeconds: lifetimes.devicePollIntervalSeconds }),
    createDevicePollLimit({ store, intervalSeconds: lifetimes.devicePollIntervalSeconds }),
    createTypedCode(),
    pages.selfSubmitting,
    pages.nobodySignedIn,
    pages.stay({ provider, sessions }),
    createGoOn(provider, createDispatch(steps)),
  ];
  for (const middleware of inOrder) provider.use(middleware);
  return provider;
}

/** What the parts of the application share. */
interface Shared {
  /** Takes a call from a user's limit of calls to IB; 0, or the seconds to wait. */
  readonly takeCall: (accountId: string) => Promise<number>;
  readonly nowSeconds: () => number;
}

function callLimit({ store, config, now }: AppDeps): Shared['takeCall'] {
  const { proxyCallsPerMinute: limit, proxyCallBlock: block } = config.lifetimes;
  const calls = createBudget({
    take: store.take,
    limit: { name: 'proxy', limit, windowSeconds: 60, block },
    now,
  });
  return async (accountId) => {
    const taken = await calls.take(accountId);
    return taken.ok ? 0 : taken.waitSeconds;
  };
}

function providerOf(
  deps: AppDeps,
  { pages, takeCall, nowSeconds }: Shared & { readonly pages: Pages },
): Provider {
  const { config, store } = deps;
  const { ibSessions } = store;
  const provider = createProvider({
    issuer: deps.issuer,
    lifetimes: config.lifetimes,
    resources: config.resources,
    registration: config.registration,
    clientIdMetadataHosts: config.clientIdMetadataHosts,
    appHosts: config.appHosts,
    registry: deps.registry,
    secrets: deps.secrets,
    store,
    platforms: deps.platforms,
    wantsNewLogin: wantsNewLogin(config),
    visitorOf: createVisitorOf(config.trustedProxies),
    sessionCheck: config.ibSessionCheck === 'off' ? undefined : { ibSessions, ib: deps.ib, takeCall },
    pages: pages.provider,
    extraParams: [MARK],
    fetch: deps.fetch,
    documentFetch: deps.documentFetch,
    onLogoutCall: deps.events.appSignedOut,
    onUnknownResource: deps.events.resourceUnknown,
    nowSeconds,
  });
  provider.proxy = true;
  (provider as Koa).on(
    'error',
    createLateErrors({ onCut: deps.events.answerCut, onFailed: deps.events.failed }),
  );
  tellProviderEvents(provider, deps.events, store.whenKept);
  return provider;
}

/** What the library has found out about a request, if it has come that far. */
function oidcOf(ctx: Context): KoaContextWithOIDC['oidc'] | undefined {
  return (ctx as unknown as Partial<KoaContextWithOIDC>).oidc;
}

/** The origins of the app that the library has found behind a request. */
function originsBehind(registry: ClientRegistry, ctx: Context) {
  const client = oidcOf(ctx)?.client;
  return client === undefined ? undefined : registry.originsOf(client);
}

/** Whoever may register itself is not known before it says who it is. */
function mayBeAnApps({ config, registry }: AppDeps): (origin: string) => boolean {
  const anybody = config.registration !== 'off' || config.clientIdMetadataHosts.length > 0;
  return (origin) => anybody || registry.hasOrigin(origin);
}

function proxyOf(deps: AppDeps, provider: Provider, { takeCall, nowSeconds }: Shared): Answer {
  const { store, registry, events } = deps;
  const { lifetimes } = deps.config;
  return createProxy({
    issuer: deps.issuer,
    provider,
    store,
    agent: deps.proxyAgent,
    ...(deps.maxProxyBytes === undefined ? {} : { maxBytes: deps.maxProxyBytes }),
    signedUrls: createSignedUrls({
      texts: createSealedTexts(deps.secrets.peppers, 'signed url 1'),
      lifetimeSeconds: lifetimes.proxySignedUrlSeconds,
      nowSeconds,
    }),
    limit: takeCall,
    eventsCheckMs: lifetimes.proxyEventsCheckMs,
    finderOf: createSidFinders(),
    isIbOrigin: (origin) => deps.platforms.parse(origin).ok,
    originsOf: registry.originsOf,
    onCall: events.proxied,
    onBytes: events.transferred,
    nowSeconds,
  });
}
