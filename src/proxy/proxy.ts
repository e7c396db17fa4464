/** `/proxy`: an app's call with its bearer token becomes a call of IB's API with the user's session. Bodies are streamed. */
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { Dispatcher } from 'undici';
import type { GuardedAgent } from '../../adapters/ib/http-agent.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { SESSION_EXPIRED, writeInvalidToken } from '../bearer.ts';
import { API_SCOPE, authorizeCall, type Caller, callerOf } from './authorize.ts';
import { concealSid } from './conceal-sid.ts';
import { isText, requestHeaders, responseHeaders } from './headers.ts';
import type { SignedUrls } from './signed-url.ts';
import { proxyUrl, SIGNED_PREFIX, signedHandle, targetOf, withoutSid } from './target.ts';

/** One proxied call, for logs and metrics; bytes of the answer are known when it has been sent. */
export interface ProxyCall {
  readonly clientId: string;
  readonly method: string;
  readonly outcome: 'passed' | 'session_ended' | 'limited' | 'refused' | 'not_answering';
  readonly status: number;
  readonly ms: number;
}

export interface ProxyDeps {
  readonly issuer: string;
  readonly provider: Provider;
  readonly store: Store;
  /** Connects to hosts that IB's rules allow, and to no private address. */
  readonly agent: GuardedAgent;
  readonly signedUrls: SignedUrls;
  /** 0, or the seconds to wait. */
  readonly limit: (accountId: string) => Promise<number>;
  /** Whether an origin is one of IB's, by the operator's list. */
  readonly isIbOrigin: (origin: string) => boolean;
  /** Whether an origin is one of a registered browser app's. */
  readonly isKnownOrigin: (origin: string) => boolean;
  /** The largest body that can be passed on; no limit where absent. */
  readonly maxBytes?: number;
  readonly onCall: (call: ProxyCall) => void;
  readonly nowSeconds: () => number;
}

/** The proxy. Its store work is a unit of its own, over before a byte is streamed. */
export function createProxy(deps: ProxyDeps): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/proxy/')) return next();
    const started = performance.now();
    if (ctx.method === 'OPTIONS' && ctx.get('Access-Control-Request-Method') !== '')
      return preflight(deps, ctx);
    const outcome = await serve(deps, ctx);
    if (outcome !== undefined) {
      const ms = Math.round(performance.now() - started);
      deps.onCall({ ...outcome, method: ctx.method, status: ctx.status, ms });
    }
  };
}

type Outcome = Pick<ProxyCall, 'clientId' | 'outcome'>;

async function serve(deps: ProxyDeps, ctx: Context): Promise<Outcome | undefined> {
  const handle = signedHandle(ctx.req.url ?? '');
  if (handle !== undefined) return serveSigned(deps, ctx, handle);
  const authorization = await deps.store.unit(() => authorizeCall(deps, ctx));
  if (!authorization.ok) {
    refuse(deps, ctx, authorization);
    return undefined;
  }
  const { caller } = authorization;
  if (!allowOrigin(ctx, caller)) {
    fail(ctx, 403, 'access_denied', 'this origin is not registered for the app');
    return { clientId: caller.clientId, outcome: 'refused' };
  }
  const target = targetOf(ctx.req.url ?? '', caller.session);
  if (target.kind === 'refused') {
    fail(
      ctx,
      403,
      'access_denied',
      "only the hosts of the user's own IntelligenceBank platform can be called",
    );
    return { clientId: caller.clientId, outcome: 'refused' };
  }
  return forward(deps, ctx, caller, target);
}

async function serveSigned(deps: ProxyDeps, ctx: Context, handle: string): Promise<Outcome | undefined> {
  const target = ctx.method === 'GET' || ctx.method === 'HEAD' ? deps.signedUrls.open(handle) : undefined;
  const caller = target && (await deps.store.unit(() => callerOf(deps, target.grantId)));
  if (target === undefined || caller === undefined) {
    fail(ctx, 404, 'not_found', 'this address is over');
    return undefined;
  }
  // A picture in a page of any origin: the address itself is the permission.
  ctx.set('Cross-Origin-Resource-Policy', 'cross-origin');
  return forward(deps, ctx, caller, target);
}

function refuse(
  deps: ProxyDeps,
  ctx: Context,
  reason: Exclude<Awaited<ReturnType<typeof authorizeCall>>, { ok: true }>,
): void {
  const metadata = `resource_metadata="${deps.issuer}/.well-known/oauth-protected-resource"`;
  switch (reason.error) {
    case 'missing':
      fail(ctx, 401, 'invalid_token', 'no access token provided');
      return ctx.set('WWW-Authenticate', `Bearer realm="${deps.issuer}", scope="${API_SCOPE}", ${metadata}`);
    case 'invalid_token':
      return writeInvalidToken(ctx, deps.issuer, reason.description);
    case 'insufficient_scope':
      fail(ctx, 403, 'insufficient_scope', `the token lacks the scope ${API_SCOPE}`);
      return ctx.set(
        'WWW-Authenticate',
        `Bearer realm="${deps.issuer}", error="insufficient_scope", scope="${API_SCOPE}", ${metadata}`,
      );
  }
}

function fail(ctx: Context, status: number, error: string, description: string): void {
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { error, error_description: description };
}

/** CORS without credentials: the token is the permission, and the answer is for the app's own origins. */
function allowOrigin(ctx: Context, caller: Caller): boolean {
  const origin = ctx.get('Origin');
  ctx.vary('Origin');
  if (origin === '') return true;
  const registered = caller.redirectUris.some((uri) => URL.parse(uri)?.origin === origin);
  if (registered) {
    ctx.set('Access-Control-Allow-Origin', origin);
    ctx.set(
      'Access-Control-Expose-Headers',
      'WWW-Authenticate, Retry-After, Content-Disposition, Content-Range, ETag',
    );
  }
  return registered;
}

/** A preflight holds no token: any registered origin may go on; the call is checked against its own app's. */
function preflight(deps: ProxyDeps, ctx: Context): void {
  ctx.vary('Origin');
  ctx.status = 204;
  if (!deps.isKnownOrigin(ctx.get('Origin'))) return;
  ctx.set('Access-Control-Allow-Origin', ctx.get('Origin'));
  ctx.set('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
  ctx.set(
    'Access-Control-Allow-Headers',
    'Authorization, Content-Type, Range, If-None-Match, If-Modified-Since',
  );
  ctx.set('Access-Control-Max-Age', '600');
}

interface CallTarget {
  readonly origin: string;
  readonly path: string;
}

async function forward(deps: ProxyDeps, ctx: Context, caller: Caller, target: CallTarget): Promise<Outcome> {
  const { clientId } = caller;
  const wait = await deps.limit(caller.accountId);
  if (wait > 0) {
    fail(ctx, 429, 'temporarily_unavailable', 'too many calls for this user; wait a moment');
    ctx.set('Retry-After', String(wait));
    return { clientId, outcome: 'limited' };
  }
  let answer: Dispatcher.ResponseData;
  try {
    answer = await send(deps, ctx, caller, target);
  } catch (error) {
    const timedOut = /TIMEOUT/.test((error as { code?: string }).code ?? '');
    fail(ctx, timedOut ? 504 : 502, 'temporarily_unavailable', 'IntelligenceBank does not answer');
    return { clientId, outcome: 'not_answering' };
  }
  if (answer.statusCode === 401) {
    await answer.body.dump();
    await endSession(deps, caller);
    writeInvalidToken(ctx, deps.issuer, SESSION_EXPIRED);
    return { clientId, outcome: 'session_ended' };
  }
  return {
    clientId,
    outcome: (await answerWith(deps, ctx, caller, { target, answer })) ? 'passed' : 'refused',
  };
}

/** What is read ahead of a slower app, each way. */
const BUFFER_BYTES = 256 * 1024;

async function send(
  deps: ProxyDeps,
  ctx: Context,
  caller: Caller,
  target: CallTarget,
): Promise<Dispatcher.ResponseData> {
  const { headers, method = 'GET' } = ctx.req;
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  const aborted = new AbortController();
  ctx.res.once('close', () => aborted.abort());
  const { dispatcher } = await deps.agent.open();
  return dispatcher.request({
    origin: target.origin,
    path: target.path,
    method: method as Dispatcher.HttpMethod,
    headers: requestHeaders(headers, caller.session.sid),
    body: hasBody ? ctx.req : null,
    signal: aborted.signal,
    highWaterMark: BUFFER_BYTES,
  });
}

/** IB's own 401 is the final word: the session, its grants and thereby all its tokens are gone. */
async function endSession(deps: ProxyDeps, caller: Caller): Promise<void> {
  await deps.store.unit(() => deps.store.ibSessions.end(caller.ibSessionId));
}

interface Answered {
  readonly target: CallTarget;
  readonly answer: Dispatcher.ResponseData;
}

/** Passes status, headers and body on; false where a redirect leads to a host that is none of IB's. */
async function answerWith(
  deps: ProxyDeps,
  ctx: Context,
  caller: Caller,
  { target, answer }: Answered,
): Promise<boolean> {
  const { location } = answer.headers;
  if (typeof location === 'string') {
    const passed = redirectFor(deps, caller, new URL(location, target.origin + target.path));
    if (passed === undefined) {
      await answer.body.dump();
      fail(ctx, 502, 'server_error', 'IntelligenceBank redirects to a host that is not its own');
      return false;
    }
    ctx.set('Location', passed);
  }
  if (deps.maxBytes !== undefined && Number(answer.headers['content-length'] ?? 0) > deps.maxBytes) {
    await answer.body.dump();
    fail(
      ctx,
      413,
      'invalid_request',
      'larger than this deployment can pass on; ask for a range, or see docs/operations.md',
    );
    return false;
  }
  ctx.status = answer.statusCode;
  for (const [name, value] of Object.entries(responseHeaders(answer.headers))) ctx.set(name, value);
  ctx.remove('X-Frame-Options');
  // Whatever IB serves, it must not act as a page of ours.
  ctx.set('Content-Security-Policy', "default-src 'none'; sandbox");
  const contentType = String(answer.headers['content-type'] ?? '');
  if (ctx.method === 'HEAD' || answer.statusCode === 204 || answer.statusCode === 304) {
    await answer.body.dump();
    ctx.body = null;
    ctx.status = answer.statusCode;
  } else if (isText(contentType) && answer.statusCode !== 206) {
    ctx.remove('Content-Length');
    const conceal = concealSid(caller.session.sid, (url) => signedAddress(deps, caller, url));
    ctx.body = answer.body.compose(conceal);
    ctx.set('Content-Type', contentType);
  } else {
    ctx.body = answer.body;
    if (contentType !== '') ctx.set('Content-Type', contentType);
    const length = answer.headers['content-length'];
    if (typeof length === 'string') ctx.set('Content-Length', length);
  }
  return true;
}

/** Where the app may be sent: back through the proxy on the session's own hosts, as it is to another host of IB's. */
function redirectFor(deps: ProxyDeps, caller: Caller, url: URL): string | undefined {
  const path = withoutSid(url.pathname + url.search);
  if (url.origin === caller.session.apiUrl || url.origin === caller.session.platformUrl) {
    return proxyUrl(deps.issuer, url.origin, path);
  }
  return deps.isIbOrigin(url.origin) ? url.origin + path : undefined;
}

function signedAddress(deps: ProxyDeps, caller: Caller, url: URL): string | undefined {
  if (url.origin !== caller.session.apiUrl && url.origin !== caller.session.platformUrl) return undefined;
  const path = withoutSid(url.pathname + url.search);
  if (path.includes(caller.session.sid)) return undefined;
  return `${deps.issuer}${SIGNED_PREFIX}${deps.signedUrls.sign({ grantId: caller.grantId, origin: url.origin, path })}`;
}
