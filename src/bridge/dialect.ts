/**
 * The dialect of the earlier bridge, for clients with `bridge_compat: true` and for no other: `scope=profile` alone, a
 * `resource` that means nothing here, JSON at `/token`, the IB session's fields in its answers, and no word of this server's
 * issuer where they have found it by other metadata. Everything else of their requests takes the standard course; nothing
 * of this is known elsewhere.
 */
import type { Context, Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { IbSession } from '../../adapters/ib/session.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { grantIdOf, ibSessionIdOf } from '../../adapters/store/handles.ts';
import { handOn } from '../http/bodies.ts';
import { routeOf } from '../http/routes.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import { MARK, markIn, markOf, type RequestMark } from './request-mark.ts';
import { tokenFormOf } from './token-body.ts';

export interface BridgeDeps {
  readonly issuer: string;
  readonly registry: Pick<ClientRegistry, 'settings' | 'metadata'>;
  readonly store: Pick<Store, 'ibSessions'>;
  /** Whether a `resource` is configured, or this server itself. */
  readonly isOurs: (resource: string) => boolean;
}

/** What these clients read from `/userinfo` and `/token`: who the user is, and the raw session, which consent names. */
const IMPLIED_SCOPES = ['openid', 'profile', 'ib:api', 'ib:session'];
/** Without it the raw session is nobody's, however a token was come by. */
const SESSION_SCOPE = 'ib:session';

/** Translates requests and answers of the bridge's clients. */
export function createBridgeCompat(deps: BridgeDeps): Middleware {
  const isBridgeClient = (clientId: unknown): clientId is string =>
    typeof clientId === 'string' && deps.registry.settings(clientId).bridgeCompat;

  return async (ctx, next) => {
    const { name } = routeOf(ctx);
    if (name === '/token') return answerToken(deps, ctx, { next, isBridgeClient });
    const { client_id: clientId, request, request_uri: pushed } = ctx.query;
    const isPlain = request === undefined && pushed === undefined;
    if (name === '/authorize' && isPlain && isBridgeClient(clientId)) {
      ctx.query = authorizeQuery(deps, ctx.query, clientId);
    }
    await next();
    const params = authorizationParams(ctx);
    if (isBridgeClient(params['client_id']) && markIn(params) !== undefined) hideIssuer(ctx, deps.issuer);
  };
}

/** The parameters of the request that this one begins, or goes on with: a step of the user's may do so. */
function authorizationParams(ctx: Context): Query | Readonly<Record<string, unknown>> {
  const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>;
  if (oidc?.route === 'authorization' || oidc?.route === 'resume') return oidc.params ?? ctx.query;
  return routeOf(ctx).name === '/authorize' ? ctx.query : {};
}

function registeredScopes(registry: BridgeDeps['registry'], clientId: string): ReadonlySet<string> {
  const scope = registry.metadata(clientId)?.['scope'];
  return new Set(typeof scope === 'string' ? scope.split(' ') : IMPLIED_SCOPES);
}

type Query = Context['query'];

const given = (value: string | string[] | undefined): string[] =>
  [value ?? []].flat().filter((one) => one !== '');

/** The request in standard words: implied scopes said, and of the resources those that are known here. */
function authorizeQuery(deps: BridgeDeps, query: Query, clientId: string): Query {
  const { resource, scope, [MARK]: _forged, ...rest } = query;
  const named = given(resource);
  const ours = named.filter(deps.isOurs);
  const isForeign = named.length > 0 && ours.length === 0;
  const asked = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
  const registered = registeredScopes(deps.registry, clientId);
  const implied = IMPLIED_SCOPES.filter((one) => registered.has(one));
  const mark: RequestMark = asked.includes('openid') ? 'foreign_openid' : 'foreign';
  return {
    ...rest,
    scope: [...new Set([...asked, ...implied])].join(' '),
    ...(ours.length === 0 ? {} : { resource: ours }),
    ...(isForeign ? { [MARK]: mark } : {}),
  };
}

/**
 * Takes `iss` (RFC 9207) out of the answer to a client that would compare it with another issuer, errors included. The
 * library adds it to each; the answer is a redirect, or a form that sends itself.
 */
function hideIssuer(ctx: Context, issuer: string): void {
  const location = String(ctx.response.get('Location') ?? '');
  const ours = `iss=${encodeURIComponent(issuer)}`;
  if (location !== '') ctx.set('Location', withoutPart(location, ours));
  if (typeof ctx.body === 'string' && ctx.type === 'text/html') {
    ctx.body = ctx.body.replace(/<input type="hidden" name="iss" value="[^"]*"\s*\/?>/, '');
  }
}

/** An address without one parameter of its query or fragment; no other byte changes. */
function withoutPart(address: string, part: string): string {
  return address.replace(new RegExp(`([?#&])${RegExp.escape(part)}(?:&|$)`), '$1').replace(/[?#&]$/, '');
}

async function answerToken(
  deps: BridgeDeps,
  ctx: Context,
  {
    next,
    isBridgeClient,
  }: { next: () => Promise<unknown>; isBridgeClient: (clientId: unknown) => clientId is string },
): Promise<void> {
  const form = tokenFormOf(ctx);
  if (form === undefined) return void (await next());
  const isBridge = isBridgeClient(form.get('client_id') ?? basicClientId(ctx));
  if (isBridge) {
    const ours = form.getAll('resource').filter(deps.isOurs);
    form.delete('resource');
    for (const resource of ours) form.append('resource', resource);
    // JSON of other clients goes on as it came, and is refused as it must be.
    handOn(ctx, Buffer.from(form.toString()), 'application/x-www-form-urlencoded');
  }
  await next();
  if (!isBridge || ctx.status !== 200) return;
  const { id_token: idToken, ...rest } = ctx.body as Record<string, unknown>;
  const unasked = markOf(ctx as unknown as KoaContextWithOIDC) === 'foreign';
  ctx.body = {
    ...rest,
    ...(idToken === undefined || unasked ? {} : { id_token: idToken }),
    ...(await sessionFields(rest, deps.store)),
  };
}

/** The client of an `Authorization: Basic` header (RFC 6749 section 2.3.1); the library checks its secret. */
function basicClientId(ctx: Context): string | undefined {
  const [, encoded] = /^basic ([\w+/=-]+)$/i.exec(ctx.get('Authorization')) ?? [];
  if (encoded === undefined) return undefined;
  const [id = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':', 1);
  try {
    return decodeURIComponent(id.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/**
 * The IB session beside a token that was granted it, in both spellings that were in use; times in unix seconds. The scope of
 * this very answer decides: consent has named what stands there, whatever way led to the token.
 */
async function sessionFields(
  { access_token: accessToken, scope }: Readonly<Record<string, unknown>>,
  store: BridgeDeps['store'],
): Promise<Record<string, unknown>> {
  if (typeof accessToken !== 'string' || typeof scope !== 'string') return {};
  if (!scope.split(' ').includes(SESSION_SCOPE)) return {};
  const grantId = grantIdOf(accessToken);
  const ibSessionId = grantId === undefined ? undefined : ibSessionIdOf(grantId);
  const session = ibSessionId === undefined ? undefined : await store.ibSessions.find(ibSessionId);
  return session === undefined ? {} : fieldsOf(session);
}

function fieldsOf(session: IbSession): Record<string, unknown> {
  return {
    sid: session.sid,
    clientid: session.clientid,
    client_id: session.clientid,
    apiV3url: session.apiUrl,
    platform_url: session.apiUrl,
    logintimeoutperiod: session.timeoutPeriodHours,
    sidExpiry: session.endsAt,
    sidCreatedAt: session.loginTime,
  };
}
