/** Tokens: the form of their values, how long they live, when a refresh token is given. */
import type Provider from 'oidc-provider';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';
import { newTokenValue, type PrefixedModel } from '../../adapters/store/handles.ts';
import type { Lifetimes } from '../../config/lifetimes.ts';
import type { IbAccount } from './accounts.ts';
import { activeSignIn, type BrowserSession, liveSignIns } from './browser-session.ts';
import type { ClientSettings } from './clients.ts';

interface TokenDeps {
  readonly lifetimes: Lifetimes;
  readonly settings: (clientId: string) => ClientSettings;
  readonly nowSeconds: () => number;
}

/** Seconds until the IB session behind the request's account ends; at least 1, as no ttl may be 0. */
function untilSessionEnds(ctx: KoaContextWithOIDC, nowSeconds: number): number {
  const account = ctx.oidc.account as IbAccount | undefined;
  const session = ctx.oidc.session as BrowserSession | undefined;
  const endsAt = account?.endsAt ?? (session === undefined ? undefined : activeSignIn(session)?.endsAt);
  return Math.max(1, (endsAt ?? nowSeconds) - nowSeconds);
}

/** Life times: each its own, and none past the end of the IB session it stands on. */
export function createTtl({ lifetimes, nowSeconds }: TokenDeps): NonNullable<Configuration['ttl']> {
  const bounded = (ctx: KoaContextWithOIDC, seconds: number): number =>
    Math.min(seconds, untilSessionEnds(ctx, nowSeconds()));
  return {
    AccessToken: (ctx) => bounded(ctx, lifetimes.accessTokenSeconds),
    AuthorizationCode: (ctx) => bounded(ctx, lifetimes.authorizationCodeSeconds),
    IdToken: (ctx) => bounded(ctx, lifetimes.idTokenSeconds),
    RefreshToken: (ctx) => untilSessionEnds(ctx, nowSeconds()),
    Grant: (ctx) => untilSessionEnds(ctx, nowSeconds()),
    Interaction: lifetimes.interactionSeconds,
    DeviceCode: lifetimes.deviceCodeSeconds,
    ClientCredentials: lifetimes.accessTokenSeconds,
    Session: (_ctx, session) => {
      const ends = liveSignIns(session as BrowserSession, nowSeconds()).map((signIn) => signIn.endsAt);
      return ends.length === 0 ? lifetimes.sessionWithoutSignInSeconds : Math.max(...ends) - nowSeconds();
    },
  };
}

/**
 * A registered `refresh_token` grant type is enough for a refresh token, unless the client's setting asks for the scope
 * `offline_access` too. Whether it outlives the browser session is decided at sign-out (see `policy.ts`).
 */
export function createIssueRefreshToken({ settings }: TokenDeps): Configuration['issueRefreshToken'] {
  return async (_ctx, client, source) => {
    if (!client.grantTypeAllowed('refresh_token')) return false;
    return settings(client.clientId).refreshTokens === 'always' || source.scopes.has('offline_access');
  };
}

/**
 * Whether a refresh gives a new refresh token. Not to a client that proves itself, and its key with each token (DPoP): its
 * refresh tokens are of no use to anybody else, and rotation would only lose some (FAPI 2.0 Security Profile 5.3.2.1).
 */
export function rotates(ctx: KoaContextWithOIDC): boolean {
  const { client } = ctx.oidc;
  if (client === undefined || client.clientAuthMethod === 'none') return true;
  return client.dpopBoundAccessTokens !== true && ctx.get('DPoP') === '';
}

interface TokenInstance {
  readonly grantId?: string;
  readonly format?: string;
  readonly scope?: string;
  readonly aud?: string;
}

/** Gives token values their prefix and their Grant's handle, and repeated refreshes the same values again. */
export function installTokenValues(
  provider: Provider,
  store: Pick<Store, 'successor'>,
  current: () => unknown,
): void {
  function value(model: PrefixedModel, token: TokenInstance): string {
    const ctx = current() as KoaContextWithOIDC | undefined;
    const rotated = ctx?.oidc.entities.RotatedRefreshToken?.jti;
    if (rotated !== undefined && (model === 'RefreshToken' || model === 'AccessToken')) {
      return store.successor(model, rotated, `${token.scope ?? ''}\0${token.aud ?? ''}`);
    }
    return newTokenValue(model, token.grantId);
  }

  const access = provider.AccessToken.prototype as unknown as { generateTokenId(): string } & TokenInstance;
  const libraryId = access.generateTokenId;
  access.generateTokenId = function (this: TokenInstance): string {
    // The library's own also settles the format; a JWT keeps the id it was given.
    const id = libraryId.call(this);
    return this.format === 'opaque' ? value('AccessToken', this) : id;
  };
  const models = ['RefreshToken', 'AuthorizationCode', 'DeviceCode'] as const;
  for (const model of models) {
    const prototype = provider[model].prototype as unknown as { generateTokenId(): string };
    prototype.generateTokenId = function (this: TokenInstance): string {
      return value(model, this);
    };
  }
  const credentials = provider.ClientCredentials.prototype as unknown as {
    generateTokenId(): string;
  } & TokenInstance;
  const credentialsId = credentials.generateTokenId;
  credentials.generateTokenId = function (this: TokenInstance): string {
    const id = credentialsId.call(this);
    return this.format === 'jwt' ? id : value('ClientCredentials', this);
  };
}

/**
 * Puts `at_hash` into the ID tokens that come with an access token (OpenID Connect Core 3.1.3.6). It is optional there,
 * and the library leaves it out; some apps check it where it is, and a few expect it.
 */
export function installAtHash(provider: Provider): void {
  const values = new WeakMap<object, string>();
  const access = provider.AccessToken.prototype as unknown as { save(): Promise<string> };
  const save = access.save;
  access.save = async function (this: object): Promise<string> {
    const value = await save.call(this);
    values.set(this, value);
    return value;
  };
  const idToken = provider.IdToken.prototype as unknown as IdTokenInstance;
  const issue = idToken.issue;
  idToken.issue = function (this: IdTokenInstance, options) {
    const token = this.ctx?.oidc.entities.AccessToken;
    const value = token === undefined ? undefined : values.get(token);
    // The library hashes it.
    if (options.use === 'idtoken' && value !== undefined) this.set('at_hash', value);
    return issue.call(this, options);
  };
}

interface IdTokenInstance {
  readonly ctx?: KoaContextWithOIDC;
  set(claim: string, value: string): void;
  issue(options: { readonly use: string }): Promise<string>;
}
