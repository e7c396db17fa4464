/**
 * `/proxy`: an app's call with its bearer token becomes a call of IB's API with the user's session. Bodies are streamed.
 * This room owns the way of a call and of its answer; it must not know how tokens come about, nor pages.
 */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { Dispatcher } from 'undici';
import type { GuardedAgent } from '../../adapters/ib/http-agent.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { SESSION_EXPIRED, writeInvalidToken } from '../http/bearer.ts';
import { noteApp } from '../http/cors.ts';
import type { Answer } from '../http/routes.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import type { Bytes, ProxyCall } from '../telemetry/proxied.ts';
import { type AnswerDeps, answerWith, discard, type IbAnswer, isPieceOfText } from './answer.ts';
import { API_SCOPE, authorizeCall, type Caller, callerOf } from './authorize.ts';
import { whenSent } from './bytes.ts';
import { isEvents } from './content-types.ts';
import { fail } from './fail.ts';
import { requestHeaders } from './headers.ts';
import { readEnd } from './session-end.ts';
import { type CallTarget, isOwnOrigin, namesOtherSid, signedHandle, targetOf } from './target.ts';
import { uploadOf } from './upload.ts';
import { endWhenOver } from './watch.ts';

export interface ProxyDeps extends AnswerDeps {
  readonly provider: Provider;
  readonly store: Store;
  /** Connects to hosts that IB's rules allow, and to no private address. */
  readonly agent: GuardedAgent;
  /** 0, or the seconds to wait. */
  readonly limit: (accountId: string) => Promise<number>;
  /** How often it is asked whether an answer in events may go on. */
  readonly eventsCheckMs: number;
  readonly onCall: (call: ProxyCall) => void;
  /** Told when the answer has been sent, or cut. */
  readonly onBytes: (bytes: Bytes) => void;
  readonly originsOf: ClientRegistry['originsOf'];
  readonly nowSeconds: () => number;
}

/** The proxy. Its store work is a unit of its own, over before a byte is streamed. */
export function createProxy(deps: ProxyDeps): Answer {
  return async (ctx) => {
    const started = performance.now();
    // Whatever IB serves, it must not act as a page or a script of ours.
    ctx.set('Content-Security-Policy', "default-src 'none'; sandbox");
    whenSent(ctx, deps.onBytes);
    const outcome = await serve(deps, ctx);
    if (outcome !== undefined) {
      const ms = Math.round(performance.now() - started);
      deps.onCall({ ...outcome, method: ctx.method, status: ctx.status, ms });
    }
  };
}

/** What is read ahead of a slower app, each way. */
const BUFFER_BYTES = 256 * 1024;

type Outcome = Pick<ProxyCall, 'clientId' | 'outcome' | 'cause'>;

async function serve(deps: ProxyDeps, ctx: Context): Promise<Outcome | undefined> {
  const handle = signedHandle(ctx.req.url ?? '');
  if (handle !== undefined) return serveSigned(deps, ctx, handle);
  const authorization = await authorizeCall(deps, ctx);
  if (!authorization.ok) {
    refuse(deps, ctx, authorization);
    return undefined;
  }
  const { caller } = authorization;
  if (!allowOrigin(ctx, caller)) {
    fail(ctx, 403, 'access_denied', 'this origin is not registered for the app');
    return { clientId: caller.clientId, outcome: 'refused' };
  }
  if (isTransferCoded(ctx)) {
    fail(ctx, 501, 'invalid_request', 'no transfer coding but chunked is known here');
    return { clientId: caller.clientId, outcome: 'refused' };
  }
  const target = targetOf(ctx.req.url ?? '', caller.session);
  // The operator may have taken a host off the list since the user signed in there.
  if (target.kind === 'refused' || !deps.isIbOrigin(target.origin)) {
    fail(
      ctx,
      403,
      'access_denied',
      "only the hosts of the user's own IntelligenceBank platform can be called",
    );
    return { clientId: caller.clientId, outcome: 'refused' };
  }
  return forward(deps, ctx, caller, { target, isSigned: false });
}

async function serveSigned(deps: ProxyDeps, ctx: Context, handle: string): Promise<Outcome | undefined> {
  const target = ctx.method === 'GET' || ctx.method === 'HEAD' ? deps.signedUrls.open(handle) : undefined;
  const caller = target && (await deps.store.unit(() => callerOf(deps, target.grantId)));
  // The user may have signed in again since, at a platform that moved: the session of now is not for the host of then.
  const isOver = target === undefined || caller === undefined || !isOwnOrigin(caller.session, target.origin);
  if (isOver || !deps.isIbOrigin(target.origin)) {
    fail(ctx, 404, 'not_found', 'this address is over');
    return undefined;
  }
  noteApp(ctx, caller.origins);
  // A picture in a page of any origin: the address itself is the permission.
  ctx.set('Cross-Origin-Resource-Policy', 'cross-origin');
  return forward(deps, ctx, caller, { target, isSigned: true });
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

/** The token is the permission, and the answer is for the app's own pages alone. */
function allowOrigin(ctx: Context, { origins }: Caller): boolean {
  noteApp(ctx, origins);
  const origin = ctx.get('Origin');
  return origin === '' || origins.has(origin);
}

/** Node undoes `chunked` alone: IB would get a body in a coding that nobody tells it (RFC 9112 section 6.1). */
function isTransferCoded({ req }: Context): boolean {
  return !/^(?:\s*chunked\s*)?$/i.test(req.headers['transfer-encoding'] ?? '');
}

interface Forwarding {
  readonly target: CallTarget;
  readonly isSigned: boolean;
}

async function forward(
  deps: ProxyDeps,
  ctx: Context,
  caller: Caller,
  { target, isSigned }: Forwarding,
): Promise<Outcome> {
  const { clientId } = caller;
  const wait = await deps.limit(caller.accountId);
  if (wait > 0) {
    fail(ctx, 429, 'temporarily_unavailable', 'too many calls for this user; wait a moment');
    ctx.set('Retry-After', String(wait));
    return { clientId, outcome: 'limited' };
  }
  const aborted = new AbortController();
  ctx.res.once('close', () => {
    // Every answer closes in the end; only one that was cut ends the call to IB.
    if (!ctx.res.writableFinished) aborted.abort();
  });
  let answer: IbAnswer;
  let ended: boolean;
  try {
    answer = await send(deps, ctx, caller, { target, signal: aborted.signal });
    const { apiUrl, sid } = caller.session;
    const isOfOurs = target.origin === apiUrl && !namesOtherSid(target.path, sid);
    [ended, answer] = await readEnd(answer, { mayEnd: isOfOurs });
  } catch (error) {
    if (aborted.signal.aborted) {
      // Nobody reads it; this is what nginx writes in its log.
      ctx.status = 499;
      return { clientId, outcome: 'hung_up' };
    }
    const code = faultOf(error);
    if (code === undefined) throw error;
    fail(
      ctx,
      /TIMEOUT/.test(code) ? 504 : 502,
      'temporarily_unavailable',
      'IntelligenceBank does not answer',
    );
    return { clientId, outcome: 'not_answering', cause: code };
  }
  if (ended) {
    discard(answer.body);
    if (!(await endSession(deps, caller))) {
      fail(ctx, 503, 'temporarily_unavailable', 'the user has just signed in again; repeat the call');
      ctx.set('Retry-After', '1');
      return { clientId, outcome: 'refused' };
    }
    writeInvalidToken(ctx, deps.issuer, SESSION_EXPIRED);
    return { clientId, outcome: 'session_ended' };
  }
  const isPassed = await answerWith(deps, { ctx, caller, target, isSigned, answer });
  if (isPassed && isEvents(String(answer.headers['content-type'] ?? ''))) {
    const isAllowed = async (): Promise<boolean> =>
      (await deps.store.unit(() => callerOf(deps, caller.grantId))) !== undefined;
    endWhenOver(ctx, { everyMs: deps.eventsCheckMs, isAllowed });
  }
  return { clientId, outcome: isPassed ? 'passed' : 'refused' };
}

/** What undici or the system calls the way in which a call has failed on the wire: its parser's errors have but a name. */
function faultOf(error: unknown): string | undefined {
  const { code, name } = error as { readonly code?: string; readonly name?: string };
  return code ?? (name === 'HTTPParserError' ? name : undefined);
}

interface Sending {
  readonly target: CallTarget;
  readonly signal: AbortSignal;
}

async function send(
  deps: ProxyDeps,
  ctx: Context,
  caller: Caller,
  { target, signal }: Sending,
): Promise<IbAnswer> {
  const { headers: asked, method = 'GET' } = ctx.req;
  const hasBody = asked['content-length'] !== undefined || asked['transfer-encoding'] !== undefined;
  const { dispatcher } = await deps.agent.open();
  const ask = (headers: ReturnType<typeof requestHeaders>): Promise<Dispatcher.ResponseData> =>
    dispatcher.request({
      origin: target.origin,
      path: target.path,
      method: method as Dispatcher.HttpMethod,
      headers,
      body: hasBody ? uploadOf(ctx.req, BUFFER_BYTES) : null,
      signal,
      highWaterMark: BUFFER_BYTES,
    });
  const { range, 'if-range': ifRange, ...whole } = requestHeaders(asked, caller.session.sid);
  if (range === undefined || hasBody) return ask(whole);
  const answer = await ask({ ...whole, range, ...(ifRange === undefined ? {} : { 'if-range': ifRange }) });
  if (!isPieceOfText(answer)) return answer;
  // It may hold a piece of the sid. Texts are asked for whole, which any server may answer (RFC 9110, 14.2).
  discard(answer.body);
  return ask(whole);
}

/**
 * IB's word is the final one: the session, its grants and thereby all its tokens are gone. False where IB spoke of a sid that
 * the user has replaced meanwhile.
 */
async function endSession(deps: ProxyDeps, { ibSessionId, session }: Caller): Promise<boolean> {
  return deps.store.unit(() => deps.store.ibSessions.end(ibSessionId, session.sid));
}
