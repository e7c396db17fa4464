/** The OpenID provider: node-oidc-provider, configured subject by subject in the files beside this one. */
import { createHmac } from 'node:crypto';
import type { Context } from 'koa';
import Provider, { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { createSealedTexts } from '../../adapters/secrets/sealed-text.ts';
import type { Secrets } from '../../adapters/secrets/secrets.ts';
import type { Store, Visitor } from '../../adapters/store/contract.ts';
import type { AppHostRule } from '../../config/app-hosts.ts';
import type { Lifetimes } from '../../config/lifetimes.ts';
import type { Config, ProtectedResource } from '../../config/types.ts';
import type { PlatformRules } from '../../interactions/platform.ts';
import { CLAIMS, createFindAccount } from './accounts.ts';
import { installBackchannel, type LogoutCall } from './backchannel.ts';
import { installBrowserSessions } from './browser-session.ts';
import { type ClientRegistry, installClientRules, withConfiguredClients } from './clients.ts';
import { createFeatures, type ProviderPages, ROUTES } from './features.ts';
import { holdErrors, tellUnknownResources } from './held-errors.ts';
import { createMetadataDocuments } from './metadata-documents.ts';
import {
  createInteractionPolicy,
  createLoadExistingGrant,
  installGrantOrigins,
  markOfflineGrants,
} from './policy.ts';
import { installRequestContext } from './request-context.ts';
import { createResources } from './resources.ts';
import { scopesOf } from './scopes.ts';
import { createAdmit } from './self-registration.ts';
import { type SessionCheckDeps, withSessionCheck } from './session-check.ts';
import { createExtraTokenClaims, registerTokenExchange } from './token-exchange.ts';
import { createIssueRefreshToken, createTtl, installAtHash, installTokenValues } from './tokens.ts';

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

/** Cookie names: with the prefixes that browsers enforce wherever the issuer is https. */
function cookieNames(secure: boolean): NonNullable<NonNullable<Configuration['cookies']>['names']> {
  return {
    session: secure ? '__Host-ib_session' : 'ib_session',
    interaction: secure ? '__Secure-ib_interaction' : 'ib_interaction',
    resume: secure ? '__Secure-ib_resume' : 'ib_resume',
  };
}

/**
 * The library leaves unknown scopes out of the request; here they are an error (RFC 6749 section 4.1.2.1), so that a
 * misspelt scope is noticed. Runs after client and redirect URI have been checked.
 */
function rejectUnknownScopes(ctx: KoaContextWithOIDC, known: ReadonlySet<string>): void {
  const asked = ctx.method === 'GET' ? ctx.query['scope'] : ctx.oidc.body?.['scope'];
  if (typeof asked !== 'string') return;
  const unknown = asked.split(' ').filter((scope) => scope !== '' && !known.has(scope));
  if (unknown.length > 0) throw new errors.InvalidScope('requested scope is not known', unknown.join(' '));
}

/** Builds the provider. It is a Koa application: `use` puts middleware before its own routes. */
export function createProvider(deps: ProviderDeps): Provider {
  const { issuer, lifetimes, registry, secrets, store, nowSeconds } = deps;
  const settings = registry.settings;
  const isFapi = (clientId: string | undefined): boolean =>
    clientId !== undefined && settings(clientId).profile === 'fapi2';
  const tokenDeps = { lifetimes, settings, nowSeconds };
  const { platforms, wantsNewLogin, visitorOf } = deps;
  const policyDeps = {
    ibSessions: store.ibSessions,
    settings,
    platforms,
    wantsNewLogin,
    visitorOf,
    nowSeconds,
  };
  const scopes = scopesOf(deps.resources);
  const known = new Set(scopes);
  const grantHandles = createSealedTexts(secrets.peppers, 'grant handle 1');
  const admit = createAdmit(deps);
  const resources = createResources(issuer, deps.resources);
  const documents = createMetadataDocuments({
    issuer,
    hosts: deps.clientIdMetadataHosts,
    admit,
    fetch: deps.documentFetch,
    cache: store.adapter('Client'),
    limits: lifetimes,
    nowSeconds,
  });
  const [pepper] = secrets.peppers;
  const secure = issuer.startsWith('https:');
  const cookie = {
    httpOnly: true,
    sameSite: 'lax',
    secure,
    signed: true,
    overwrite: true,
    path: '/',
  } as const;

  const provider = new Provider(issuer, {
    adapter: withConfiguredClients(store.adapter, { registry, admit, documents }),
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
    cookies: {
      names: cookieNames(secure),
      keys: [...secrets.cookieKeys],
      long: cookie,
      short: withoutPath(cookie),
    },
    enabledJWA: {
      idTokenSigningAlgValues: signingAlgs(secrets),
      userinfoSigningAlgValues: signingAlgs(secrets),
      introspectionSigningAlgValues: signingAlgs(secrets),
      // Asymmetric only: a shared secret as a signing key is a key that two parties hold.
      clientAuthSigningAlgValues: CLIENT_ALGS,
      requestObjectSigningAlgValues: CLIENT_ALGS,
      dPoPSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519'],
    },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    // What the library adds itself where it reads the documents.
    discovery: deps.clientIdMetadataHosts.length > 0 ? { client_id_metadata_document_supported: true } : {},
    expiresWithSession: async () => false,
    extraTokenClaims: createExtraTokenClaims(deps.resources, grantHandles),
    extraParams: { platform_url: (ctx) => rejectUnknownScopes(ctx, known) },
    features: createFeatures({
      resources,
      configured: deps.resources,
      isFapi,
      registration: deps.registration,
      admit,
      registrationKey: pepper?.key ?? new Uint8Array(),
      pages: deps.pages,
    }),
    fetch: deps.fetch,
    fetchResponseBodyLimits: {
      jwks_uri: lifetimes.requestBodyBytes,
      sector_identifier_uri: lifetimes.requestBodyBytes,
    },
    findAccount: deps.sessionCheck
      ? withSessionCheck(createFindAccount(policyDeps), deps.sessionCheck)
      : createFindAccount(policyDeps),
    interactions: {
      policy: createInteractionPolicy(policyDeps),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    issueRefreshToken: createIssueRefreshToken(tokenDeps),
    jwks: { keys: [...secrets.signingKeys] },
    loadExistingGrant: createLoadExistingGrant(policyDeps),
    pairwiseIdentifier: createPairwise(secrets),
    renderError: deps.pages.renderError,
    responseTypes: ['code'],
    revokeGrantPolicy: () => true,
    // FAPI 2.0 5.3.2.1: theirs are bound to a client that proves itself; rotation would only lose some.
    rotateRefreshToken: (ctx) => !isFapi(ctx.oidc.client?.clientId),
    routes: ROUTES,
    scopes,
    subjectTypes: ['public', 'pairwise'],
    ttl: createTtl(tokenDeps),
  } as Configuration);

  installBrowserSessions(provider);
  installGrantOrigins(provider);
  installBackchannel(provider, { onCall: deps.onLogoutCall, limits: lifetimes });
  installRequestContext(provider, resources);
  holdErrors(provider, (clientId) => registry.metadata(clientId) !== undefined);
  tellUnknownResources(provider, deps.onUnknownResource);
  installAtHash(provider);
  installTokenValues(provider, store, () => Provider.ctx);
  installClientRules(provider, registry);
  markOfflineGrants(provider);
  registerTokenExchange(provider, {
    issuer,
    resources: deps.resources,
    signingKeys: secrets.signingKeys,
    grantHandles,
    nowSeconds,
  });
  return provider;
}

function withoutPath<T extends { path: string }>(cookie: T): Omit<T, 'path'> {
  const { path: _path, ...rest } = cookie;
  return rest;
}

const CLIENT_ALGS: ('RS256' | 'PS256' | 'ES256' | 'EdDSA' | 'Ed25519')[] = [
  'RS256',
  'PS256',
  'ES256',
  'EdDSA',
  'Ed25519',
];

/** A subject that two sectors cannot compare (OpenID Core section 8.1), by a key of its own, so that it stays. */
function createPairwise({ pairwiseKey: key }: Secrets): NonNullable<Configuration['pairwiseIdentifier']> {
  return async (_ctx, accountId, client) =>
    createHmac('sha256', key)
      .update(`pairwise\0${client.sectorIdentifier}\0${accountId}`)
      .digest('base64url');
}

type SigningAlg = 'RS256' | 'ES256' | 'EdDSA';

function signingAlgs(secrets: Secrets): SigningAlg[] {
  const offered: readonly SigningAlg[] = ['RS256', 'ES256', 'EdDSA'];
  return offered.filter((alg) => secrets.signingKeys.some((key) => key.alg === alg));
}
