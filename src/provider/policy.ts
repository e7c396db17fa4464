/** Which interaction a request needs, and which Grant it stands on. */
import type Provider from 'oidc-provider';
import { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { isSessionAlive } from '../../adapters/ib/session.ts';
import type { IbSessions, Visitor } from '../../adapters/store/contract.ts';
import { ibSessionIdOf, newGrantId } from '../../adapters/store/handles.ts';
import { isNativeUri } from '../../config/clients/redirect-uris.ts';
import type { Config } from '../../config/types.ts';
import { type Decision, decisionOf, everythingAsked } from '../../interactions/decision.ts';
import { acceptsPlatform, type PlatformRules, wantedPlatform } from '../../interactions/platform.ts';
import type { SignIn } from '../../interactions/sign-in.ts';
import { activeSignIn, type BrowserSession } from './browser-session.ts';
import type { ClientSettings } from './clients.ts';
import { documentChanged } from './metadata-documents.ts';

interface PolicyDeps {
  readonly ibSessions: IbSessions;
  readonly settings: (clientId: string) => ClientSettings;
  /** Whether an admin has entered an app. */
  readonly isConfigured: (clientId: string) => boolean;
  readonly platforms: PlatformRules;
  /** Whether scopes are given for a login at IB that was made for the request, and no other. */
  readonly wantsNewLogin: (asked: { readonly scopes: readonly string[] }) => boolean;
  /** Where a request comes from. */
  readonly visitorOf: (ctx: KoaContextWithOIDC) => Visitor;
  readonly nowSeconds: () => number;
}

const { Check, Prompt, base } = interactionPolicy;

/**
 * The library's policy with one more reason to sign in: the IB session behind the browser's sign-in has ended, or
 * belongs to another platform than the request, or the app's registration, asks for.
 */
export function createInteractionPolicy(deps: PolicyDeps): interactionPolicy.DefaultPolicy {
  const policy = base();
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 0);
  policy.get('login')?.checks.remove('essential_acrs');
  policy.get('login')?.checks.remove('essential_acr');
  policy.get('login')?.checks.add(refuseEssentialAcr(), 0);
  policy.get('login')?.checks.add(refuseMovedApp(), 0);
  policy.get('login')?.checks.add(
    new Check('ib_session', 'a sign-in to IntelligenceBank is required', 'login_required', async (ctx) => {
      const { oidc } = ctx as KoaContextWithOIDC;
      const session = oidc.session as BrowserSession | undefined;
      if (session?.accountId === undefined || oidc.result?.login !== undefined)
        return Check.NO_NEED_TO_PROMPT;
      const signIn = activeSignIn(session);
      const serves =
        signIn !== undefined && signInServes(deps, signIn, oidc) && (await isAlive(deps, signIn));
      return serves ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  policy.get('consent')?.checks.add(askOnDevices(deps));
  return policy;
}

/**
 * Whoever listens on the user's device gets what is sent there, and can say any app's id (RFC 8252 section 8.6). The library
 * asks each time for apps that call themselves native; one that nobody has entered may call itself what it likes.
 */
function askOnDevices({ isConfigured }: PolicyDeps): InstanceType<typeof Check> {
  return new Check(
    'answer_on_device',
    'the app is on the device of the user',
    'interaction_required',
    (ctx) => {
      const { client, params, result } = (ctx as KoaContextWithOIDC).oidc;
      const target = params?.['redirect_uri'];
      const isOnDevice = typeof target === 'string' && isNativeUri(target);
      const isStranger = client !== undefined && !isConfigured(client.clientId);
      return isOnDevice && isStranger && result?.['consent'] === undefined
        ? Check.REQUEST_PROMPT
        : Check.NO_NEED_TO_PROMPT;
    },
  );
}

/**
 * IB does not say how a user signed in, so no `acr` is ever given. An app that insists on one is told at once (OpenID
 * Connect Core section 5.5.1.1); the library would ask the user to sign in again and again.
 */
function refuseEssentialAcr(): InstanceType<typeof Check> {
  return new Check('essential_acr', 'no acr can be given', (ctx) => {
    const { acr } = (ctx as KoaContextWithOIDC).oidc.claims.id_token ?? {};
    const insists = acr?.essential === true && (acr.value !== undefined || acr.values !== undefined);
    if (insists) throw new errors.UnmetAuthenticationRequirements('no acr value can be given');
    return Check.NO_NEED_TO_PROMPT;
  });
}

/**
 * The app's redirect URIs may have changed while the user signed in. The library looks at them when a request comes in,
 * and not again before the code goes out.
 */
function refuseMovedApp(): InstanceType<typeof Check> {
  return new Check('moved_app', 'the redirect URI is no longer registered', (ctx) => {
    const { client, params } = (ctx as KoaContextWithOIDC).oidc;
    const redirectUri = params?.['redirect_uri'];
    if (client === undefined || typeof redirectUri !== 'string' || client.redirectUriAllowed(redirectUri)) {
      return Check.NO_NEED_TO_PROMPT;
    }
    throw documentChanged(client.clientId) ?? new errors.InvalidRedirectUri();
  });
}

function signInServes(deps: PolicyDeps, signIn: SignIn, oidc: KoaContextWithOIDC['oidc']): boolean {
  if (signIn.newLogin !== true && deps.wantsNewLogin({ scopes: [...oidc.requestParamScopes] })) return false;
  const settings = deps.settings(oidc.client?.clientId ?? '');
  const wanted = wantedPlatform(oidc.params ?? {}, settings, deps.platforms);
  return acceptsPlatform(signIn.platformOrigin, wanted, settings, deps.platforms);
}

async function isAlive(deps: PolicyDeps, signIn: SignIn): Promise<boolean> {
  if (signIn.endsAt <= deps.nowSeconds()) return false;
  const session = await deps.ibSessions.find(signIn.ibSessionId);
  return session !== undefined && isSessionAlive(session, deps.nowSeconds());
}

/**
 * The Grant of this app under the active sign-in: the one it has, widened by what the user has just allowed, or a new
 * one. Apps with `skip_consent` are granted what they ask for, within their registration, but for the raw IB session: the
 * consent page has to name that.
 */
export function createLoadExistingGrant(deps: PolicyDeps): NonNullable<Configuration['loadExistingGrant']> {
  return async (ctx) => {
    const { client, provider } = ctx.oidc;
    const session = ctx.oidc.session as BrowserSession | undefined;
    const signIn = session === undefined ? undefined : activeSignIn(session);
    if (client === undefined || session?.accountId === undefined || signIn === undefined) return undefined;

    const existing = await currentGrant(provider, session, client.clientId, signIn);
    if (existing !== undefined && ctx.oidc.route === 'authorization') keepEarlierScopes(ctx, existing);
    const decision =
      decisionOf(ctx.oidc.result) ?? (deps.settings(client.clientId).skipConsent ? unasked(ctx) : undefined);
    if (decision === undefined) return existing;

    const grant = existing ?? new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
    if (existing === undefined) {
      grant.jti = newGrantId(signIn.ibSessionId);
      (grant as OriginatedGrant).from = deps.visitorOf(ctx);
    }
    const before = JSON.stringify([grant.openid, grant.resources, grant.exp]);
    apply(decision, grant);
    // A new sign-in to the same account moves the end of the IB session; its Grant goes on with it.
    if (existing !== undefined) grant.exp = Math.max(grant.exp ?? 0, signIn.endsAt);
    if (existing === undefined || before !== JSON.stringify([grant.openid, grant.resources, grant.exp])) {
      await grant.save();
    }
    return grant;
  };
}

/**
 * Step-up: a request that asks for more at a resource than the user has allowed there keeps what he has, so that its token
 * does all that the one before did. MCP clients add the scopes up themselves since 2026-07-28, earlier ones ask for what
 * the resource has just missed and would lose the rest. The consent page and the answer's `scope` name them all; a
 * request for no more than is allowed gets what it asks for.
 */
function keepEarlierScopes(ctx: KoaContextWithOIDC, grant: GrantModel): void {
  const { params, requestParamScopes: asked, resourceServers = {} } = ctx.oidc;
  if (params === undefined) return;
  const kept = Object.entries(resourceServers).flatMap(([identifier, { scopes }]) => {
    const allowed = grant
      .getResourceScope(identifier)
      .split(' ')
      .filter((scope) => scopes.has(scope));
    const asksForMore = [...asked].some((scope) => scopes.has(scope) && !allowed.includes(scope));
    return asksForMore ? allowed : [];
  });
  if (kept.length > 0) params['scope'] = [...new Set([...asked, ...kept])].join(' ');
}

type GrantModel = InstanceType<Provider['Grant']>;

/** A Grant that knows where the browser was when it came into being; shown to its user, and to nobody else. */
type OriginatedGrant = GrantModel & { from?: Visitor };

/** Lets Grants keep where they come from: the library has no field for it. */
export function installGrantOrigins(provider: Provider): void {
  const Base = provider.Grant as unknown as {
    new (payload?: unknown): GrantModel;
    readonly IN_PAYLOAD: string[];
  };
  const { Grant } = {
    // The class's name is the model's name, which adapters and stored payloads go by.
    Grant: class Grant extends Base {
      static override get IN_PAYLOAD(): string[] {
        return [...super.IN_PAYLOAD, 'from'];
      }
    },
  };
  Object.defineProperty(provider, 'Grant', { value: Grant });
}

async function currentGrant(
  provider: Provider,
  session: BrowserSession,
  clientId: string,
  signIn: SignIn,
): Promise<GrantModel | undefined> {
  const grantId = session.grantIdFor(clientId);
  if (grantId === undefined || ibSessionIdOf(grantId) !== signIn.ibSessionId) return undefined;
  const grant = await provider.Grant.find(grantId);
  return grant?.accountId === session.accountId && grant?.clientId === clientId ? grant : undefined;
}

function unasked(ctx: KoaContextWithOIDC): Decision {
  const isNamed = (scope: string): boolean => scope !== 'ib:session';
  const resources = Object.entries(ctx.oidc.resourceServers ?? {}).map(([identifier, server]) => ({
    identifier,
    scopes: [...server.scopes].filter(isNamed),
  }));
  return everythingAsked({
    scopes: [...ctx.oidc.requestParamScopes],
    oidcScopes: [...ctx.oidc.requestParamOIDCScopes].filter(isNamed),
    claims: [...ctx.oidc.requestParamClaims],
    resources,
  });
}

function apply(decision: Decision, grant: GrantModel): void {
  if (decision.scopes.length > 0) grant.addOIDCScope([...decision.scopes].join(' '));
  if (decision.claims.length > 0) grant.addOIDCClaims([...decision.claims]);
  for (const { identifier, scopes } of decision.resources) {
    if (scopes.length > 0) grant.addResourceScope(identifier, [...scopes].join(' '));
  }
}

/**
 * At sign-out the library revokes the grants of the session but those marked `persistsLogout`. Tokens here are never
 * bound to the browser's session record (that would cost each call a read), so the mark decides alone: only an app that
 * was given `offline_access` keeps its access.
 */
export function markOfflineGrants(provider: Provider): void {
  provider.on('authorization.success', (ctx: KoaContextWithOIDC) => {
    const { session, client } = ctx.oidc;
    const granted = ctx.oidc.entities.Grant?.getOIDCScope().split(' ') ?? [];
    if (session === undefined || client === undefined) return;
    const authorization = session.authorizationFor(client.clientId) as { persistsLogout?: boolean };
    if (granted.includes('offline_access')) authorization.persistsLogout = true;
    else delete authorization.persistsLogout;
  });
}

/** Whether what is asked for is given for a login at IB that was made for it, and no other. */
export function wantsNewLogin({
  ibSessionLogin,
}: Pick<Config, 'ibSessionLogin'>): (asked: { readonly scopes: readonly string[] }) => boolean {
  return ({ scopes }) => ibSessionLogin === 'new' && scopes.includes('ib:session');
}
