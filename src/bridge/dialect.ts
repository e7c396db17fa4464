/**
 * The dialect of the earlier bridge, for clients with `bridge_compat: true` and for no other: `scope=profile` alone, a
 * `resource` that means nothing, JSON at `/token`, and the IB session's fields in its answers. Everything else of their
 * requests takes the standard course; nothing of this is known elsewhere.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Context, Middleware } from 'koa';
import type { IbSession } from '../../adapters/ib/session.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { grantIdOf, ibSessionIdOf } from '../../adapters/store/handles.ts';
import { routeOf } from '../http/routes.ts';
import type { ClientRegistry } from '../provider/clients.ts';

interface BridgeDeps {
  readonly registry: Pick<ClientRegistry, 'settings' | 'metadata' | 'ids'>;
  readonly store: Pick<Store, 'ibSessions'>;
  readonly requestBodyBytes: number;
}

/** What these clients read from `/userinfo` and `/token`: who the user is, and the raw session, which consent names. */
const IMPLIED_SCOPES = ['openid', 'profile', 'ib:api', 'ib:session'];

/** Translates requests and answers of the bridge's clients. */
export function createBridgeCompat(deps: BridgeDeps): Middleware {
  const isBridgeClient = (clientId: unknown): clientId is string =>
    typeof clientId === 'string' && deps.registry.settings(clientId).bridgeCompat;

  return async (ctx, next) => {
    const { name } = routeOf(ctx);
    if (name === '/authorize' && isBridgeClient(ctx.query['client_id'])) {
      ctx.query = authorizeQuery(ctx.query, registeredScopes(deps.registry, ctx.query['client_id']));
      return next();
    }
    const bridged = deps.registry.ids().some((id) => deps.registry.settings(id).bridgeCompat);
    if (!bridged || name !== '/token') return next();

    const params = await readParams(ctx, deps.requestBodyBytes);
    if (params === undefined) return next();
    const isBridge = isBridgeClient(params.form.get('client_id'));
    if (isBridge) params.form.delete('resource');
    // JSON of other clients goes on as it came, and is refused as it must be.
    replay(ctx, isBridge ? Buffer.from(params.form.toString()) : params.raw, isBridge);
    await next();
    if (isBridge && ctx.status === 200) await addSession(ctx, deps.store);
  };
}

function registeredScopes(registry: BridgeDeps['registry'], clientId: string): ReadonlySet<string> {
  const scope = registry.metadata(clientId)?.['scope'];
  return new Set(typeof scope === 'string' ? scope.split(' ') : IMPLIED_SCOPES);
}

type Query = Context['query'];

function authorizeQuery(query: Query, registered: ReadonlySet<string>): Query {
  const { resource: _resource, ...rest } = query;
  const asked = typeof query['scope'] === 'string' ? query['scope'].split(' ').filter(Boolean) : [];
  const implied = IMPLIED_SCOPES.filter((scope) => registered.has(scope));
  return { ...rest, scope: [...new Set([...asked, ...implied])].join(' ') };
}

/** The parameters of a body, form or JSON; undefined for other types, which are left alone. */
async function readParams(
  ctx: Context,
  limit: number,
): Promise<{ raw: Buffer; form: URLSearchParams } | undefined> {
  const type = ctx.is('application/x-www-form-urlencoded', 'application/json');
  if (typeof type !== 'string') return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    size += (chunk as Buffer).length;
    if (size > limit) ctx.throw(413, 'the request is too large');
    chunks.push(chunk as Buffer);
  }
  const raw = Buffer.concat(chunks);
  const text = raw.toString('utf8');
  return { raw, form: type === 'application/json' ? fromJson(text) : new URLSearchParams(text) };
}

/** String members of a JSON object; anything else is no parameter. */
function fromJson(text: string): URLSearchParams {
  const form = new URLSearchParams();
  try {
    for (const [name, value] of Object.entries(JSON.parse(text) as object)) {
      if (typeof value === 'string') form.append(name, value);
    }
  } catch {
    // Not JSON: no parameters, and the provider says what is missing.
  }
  return form;
}

/** Puts a body back, so that the provider reads it as if nobody had. */
function replay(ctx: Context, body: Buffer, asForm: boolean): void {
  const { req } = ctx;
  const headers = { ...req.headers, 'content-length': String(body.length) };
  delete headers['transfer-encoding'];
  if (asForm) headers['content-type'] = 'application/x-www-form-urlencoded';
  const { method, url, socket, httpVersion } = req;
  const again = Object.assign(Readable.from([body]), { headers, method, url, socket, httpVersion });
  ctx.req = again as unknown as IncomingMessage;
  ctx.request.req = ctx.req;
}

/** Adds the IB session to a token answer, in both spellings that were in use. Times in unix seconds. */
async function addSession(ctx: Context, store: BridgeDeps['store']): Promise<void> {
  const body = ctx.body as { access_token?: unknown };
  const grantId = typeof body.access_token === 'string' ? grantIdOf(body.access_token) : undefined;
  const ibSessionId = grantId === undefined ? undefined : ibSessionIdOf(grantId);
  const session = ibSessionId === undefined ? undefined : await store.ibSessions.find(ibSessionId);
  if (session !== undefined) ctx.body = { ...body, ...sessionFields(session) };
}

function sessionFields(session: IbSession): Record<string, unknown> {
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
