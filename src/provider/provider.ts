/**
 * The OpenID provider: node-oidc-provider, configured subject by subject in the files beside this one. This room owns all that
 * is done to the library; it must not know pages, the proxy or the bridge.
 */
import type { Context } from 'koa';
import Provider, { type Configuration } from 'oidc-provider';
import { createSealedTexts } from '../../adapters/secrets/sealed-text.ts';
import type { Secrets } from '../../adapters/secrets/secrets.ts';
import type { Store, Visitor } from '../../adapters/store/contract.ts';
import type { AppHostRule } from '../../config/app-hosts.ts';
import { CLIENT_AUTH_METHODS, CLIENT_SIGNING_ALGS } from '../../config/clients/supported.ts';
import type { Lifetimes } from '../../config/lifetimes.ts';
import type { Config, ProtectedResource } from '../../config/types.ts';
import type { PlatformRules } from '../../interactions/platform.ts';
import { LANGUAGE_TAGS } from '../../interactions/texts/languages.ts';
import { createFindAccount } from './accounts.ts';
import { installBackchannel, type LogoutCall } from './backchannel.ts';
import { installBrowserSessions } from './browser-session.ts';
import { createAssertionCheck } from './client-assertions.ts';
import { installClientKeys } from './client-keys.ts';
import { type ClientRegistry, installClientRules, withConfiguredClients } from './clients.ts';
import { createFeatures, type ProviderPages, ROUTES } from './features.ts';
import { holdErrors, tellUnknownResources } from './held-errors.ts';
import { createInteractionUrl, installInteractions } from './interactions.ts';
import { algorithmsOf, cookiesOf, createPairwise } from './keys.ts';
import { createMetadataDocuments } from './metadata-documents.ts';
import { nameErrors } from './named-errors.ts';
import {
  createInteractionPolicy,
  createLoadExistingGrant,
  installGrantOrigins,
  markOfflineGrants,
} from './policy.ts';
import { installRequestContext, rejectUnknownScopes } from './request-context.ts';
import { createResources } from './resources.ts';
import { CLAIMS, scopesOf } from './scopes.ts';
import { createAdmit, scopesOfStrangers } from './self-registration.ts';
import { type SessionCheckDeps, withSessionCheck } from './session-check.ts';
import { createExtraTokenClaims, registerTokenExchange } from './token-exchange.ts';
import { createIssueRefreshToken, createTtl, installAtHash, installTokenValues, rotates } from './tokens.ts';

export interface ProviderDeps {
  readonly issuer: string;
  readonly lifetimes: Lifetimes;
  readonly resources: readonly ProtectedResource[];
  readonly registration: Config['registration'];
  readonly clientIdMetadataHosts: readonly AppHostRule[];
  readonly appHosts: readonly AppHostRule[];
  readonly registry: ClientRegistry;
  readonly secrets: Secrets;
  readonly store: Store;
  readonly platforms: PlatformRules;
  /** Whether scopes are given for a login at IB that was made for the request, and no other. */
  readonly wantsNewLogin: (asked: { readonly scopes: readonly string[] }) => boolean;
  /** Where a request comes from. */
  readonly visitorOf: (ctx: Context) => Visitor;
  /** How sessions that apps hold themselves are checked at refresh; undefined: they are not. */
  readonly sessionCheck: SessionCheckDeps | undefined;
  readonly pages: ProviderPages;
  readonly onLogoutCall: (call: LogoutCall) => void;
  /** Parameters of requests that are kept with them, for rooms in front. */
  readonly extraParams: readonly string[];
  readonly onUnknownResource: (facts: {
    readonly clientId: string | undefined;
    readonly line: string;
  }) => void;
  /** Fetch for the provider's own outgoing requests, guarded against private addresses. */
  readonly fetch: typeof globalThis.fetch;
  /** Fetch for client-ID metadata documents. */
  readonly documentFetch: typeof globalThis.fetch;
  /** Unix seconds. */
  readonly nowSeconds: () => number;
}

/** What several parts of the configuration stand on. */
function partsOf(deps: ProviderDeps) {
  const { issuer, lifetimes, registry, secrets, store, nowSeconds } = deps;
  const { settings } = registry;
  const { platforms, wantsNewLogin, visitorOf } = deps;
  const admit = createAdmit(deps);
  return {
    admit,
    isFapi: (clientId: string | undefined): boolean =>
      clientId !== undefined && settings(clientId).profile === 'fapi2',
    tokenDeps: { lifetimes, settings, nowSeconds },
    policyDeps: {
      ibSessions: store.ibSessions,
      settings,
      isConfigured: registry.isConfigured,
      platforms,
      wantsNewLogin,
      visitorOf,
      nowSeconds,
    },
    grantHandles: createSealedTexts(secrets.peppers, 'grant handle 1'),
    resources: createResources(issuer, deps.resources),
    documents: createMetadataDocuments({
      issuer,
      hosts: deps.clientIdMetadataHosts,
      admit,
      fetch: deps.documentFetch,
      cache: store.adapter('Client'),
      limits: lifetimes,
      nowSeconds,
    }),
  };
}

type Parts = ReturnType<typeof partsOf>;

/** What is to be known of this server besides what the library says itself. */
function discoveryOf({
  clientIdMetadataHosts,
}: Pick<ProviderDeps, 'clientIdMetadataHosts'>): NonNullable<Configuration['discovery']> {
  return {
    // Left out, they would mean `client_secret_basic` alone (RFC 8414 section 2).
    introspection_endpoint_auth_methods_supported: [...CLIENT_AUTH_METHODS],
    introspection_endpoint_auth_signing_alg_values_supported: [...CLIENT_SIGNING_ALGS],
    revocation_endpoint_auth_methods_supported: [...CLIENT_AUTH_METHODS],
    revocation_endpoint_auth_signing_alg_values_supported: [...CLIENT_SIGNING_ALGS],
    ui_locales_supported: [...LANGUAGE_TAGS],
    // What the library adds itself where it reads the documents.
    ...(clientIdMetadataHosts.length > 0 ? { client_id_metadata_document_supported: true } : {}),
  };
}

function configurationOf(deps: ProviderDeps, parts: Parts): Configuration {
  const { issuer, lifetimes, registry, secrets, store, pages } = deps;
  const { admit, isFapi, tokenDeps, policyDeps, documents, resources } = parts;
  const [pepper] = secrets.peppers;
  const findAccount = createFindAccount(policyDeps);
  return {
    assertJwtClientAuthClaimsAndHeader: createAssertionCheck({
      longestSeconds: lifetimes.longestAssertionSeconds,
      nowSeconds: deps.nowSeconds,
    }),
    adapter: withConfiguredClients(store.adapter, {
      registry,
      admit,
      documents,
      strangersScopes: scopesOfStrangers(deps.resources),
    }),
    clockTolerance: lifetimes.clockToleranceSeconds,
    claims: Object.fromEntries(Object.entries(CLAIMS).map(([scope, claims]) => [scope, [...claims]])),
    clientBasedCORS: (_ctx, origin, client) => registry.originsOf(client).has(origin),
    clientDefaults: {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: 'RS256',
    },
    // Frameworks such as Auth.js and Passport read a user's name from the ID token and ask nowhere else by default.
    conformIdTokenClaims: false,
    cookies: cookiesOf(issuer, secrets.cookieKeys),
    enabledJWA: algorithmsOf(secrets),
    clientAuthMethods: [...CLIENT_AUTH_METHODS],
    discovery: discoveryOf(deps),
    expiresWithSession: async () => false,
    extraTokenClaims: createExtraTokenClaims(deps.resources, parts.grantHandles),
    extraParams: {
      platform_url: null,
      scope: rejectUnknownScopes,
      ...Object.fromEntries(deps.extraParams.map((name) => [name, null])),
    },
    features: createFeatures({
      resources,
      configured: deps.resources,
      isFapi,
      registration: deps.registration,
      admit,
      registrationKey: pepper?.key ?? new Uint8Array(),
      pages,
    }),
    fetch: deps.fetch,
    fetchResponseBodyLimits: {
      jwks_uri: lifetimes.requestBodyBytes,
      sector_identifier_uri: lifetimes.requestBodyBytes,
    },
    findAccount: deps.sessionCheck ? withSessionCheck(findAccount, deps.sessionCheck) : findAccount,
    interactions: {
      policy: createInteractionPolicy(policyDeps),
      url: createInteractionUrl(issuer, lifetimes),
    },
    issueRefreshToken: createIssueRefreshToken(tokenDeps),
    jwks: { keys: [...secrets.signingKeys] },
    loadExistingGrant: createLoadExistingGrant(policyDeps),
    pairwiseIdentifier: createPairwise(secrets),
    renderError: pages.renderError,
    responseTypes: ['code'],
    revokeGrantPolicy: () => true,
    rotateRefreshToken: (ctx) => !isFapi(ctx.oidc.client?.clientId) && rotates(ctx),
    routes: ROUTES,
    scopes: scopesOf(deps.resources),
    subjectTypes: ['public', 'pairwise'],
    ttl: createTtl(tokenDeps),
  } as Configuration;
}

/** Builds the provider. It is a Koa application: `use` puts middleware before its own routes. */
export function createProvider(deps: ProviderDeps): Provider {
  const { issuer, lifetimes, registry, secrets, store, nowSeconds } = deps;
  const parts = partsOf(deps);
  const provider = new Provider(issuer, configurationOf(deps, parts));
  installBrowserSessions(provider, store);
  installInteractions(provider, issuer);
  installGrantOrigins(provider);
  installBackchannel(provider, { onCall: deps.onLogoutCall, limits: lifetimes });
  const { resources, admit } = parts;
  installRequestContext(provider, { resources, configured: deps.resources, admit });
  holdErrors(provider, registry.isConfigured);
  tellUnknownResources(provider, deps.onUnknownResource);
  nameErrors(provider);
  installAtHash(provider);
  installTokenValues(provider, store, () => Provider.ctx);
  installClientRules(provider, registry);
  installClientKeys(provider);
  markOfflineGrants(provider);
  registerTokenExchange(provider, {
    issuer,
    resources: deps.resources,
    signingKeys: secrets.signingKeys,
    grantHandles: parts.grantHandles,
    nowSeconds,
  });
  return provider;
}
