/**
 * Bodies: read whole before anything works with them, so much and for so long as the row of the address allows, and handed
 * on as if nobody had. What is refused is read to its end where that comes soon, so that the next request on the connection
 * is answered; else the connection is closed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Context, Middleware } from 'koa';
import type { Lifetimes } from '../../config/lifetimes.ts';
import { RefusedError } from './errors.ts';
import { type Body, routeOf } from './routes.ts';

type Sizes = Pick<Lifetimes, 'formBodyBytes' | 'queryBodyBytes' | 'requestBodyBytes' | 'requestBodyMs'>;

/** Of a body that is too large, so much is read before the answer: most clients read none before they have sent all. */
const MOST_DROPPED_BYTES = 4 * 1024 * 1024;

/** How a body came: whole, or why not. */
type Came =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too_large' | 'too_slow' | 'cut' };

/** Reads up to a size and until a deadline. */
function receive(req: IncomingMessage, most: { bytes: number; ms: number }): Promise<Came> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (came: Came): void => {
      clearTimeout(timer);
      req.off('data', take);
      resolve(came);
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= most.bytes) chunks.push(chunk);
      if (size > MOST_DROPPED_BYTES) done({ kind: 'too_large' });
    };
    const timer = setTimeout(() => done({ kind: 'too_slow' }), most.ms);
    if (Number(req.headers['content-length'] ?? 0) > MOST_DROPPED_BYTES) {
      return done({ kind: 'too_large' });
    }
    req.once('end', () =>
      done(size > most.bytes ? { kind: 'too_large' } : { kind: 'whole', bytes: Buffer.concat(chunks) }),
    );
    req.once('error', () => done({ kind: 'cut' }));
    req.on('data', take);
  });
}

/** A refusal after which the connection ends: something is left on it that is no request. */
const CLOSED = { headers: { Connection: 'close' } };

function bytesOf(came: Came): Buffer {
  switch (came.kind) {
    case 'whole':
      return came.bytes;
    case 'too_large':
      throw new RefusedError('body_too_large');
    case 'too_slow':
      throw new RefusedError('body_too_slow', CLOSED);
    case 'cut':
      throw new RefusedError('body_cut', CLOSED);
  }
}

const KEY = 'body';

/** The body of a request, as it came; empty where its row has none. */
export function bodyOf(ctx: Context): Buffer {
  const body: unknown = ctx.state[KEY];
  return body instanceof Buffer ? body : Buffer.alloc(0);
}

/** Hands a body on to whoever reads next, as if it had come so; with another type where one is named. */
export function handOn(ctx: Context, body: Buffer, type?: string): void {
  const { req } = ctx;
  const headers: IncomingMessage['headers'] = { ...req.headers, 'content-length': String(body.length) };
  delete headers['transfer-encoding'];
  if (type !== undefined) headers['content-type'] = type;
  const { method, url, socket, httpVersion } = req;
  const again = Object.assign(Readable.from([body]), { headers, method, url, socket, httpVersion });
  ctx.state[KEY] = body;
  ctx.req = again as unknown as IncomingMessage;
  ctx.request.req = ctx.req;
}

/** Reads the body of each request whose row has one, or refuses it. Uploads are streamed by whoever passes them on. */
export function createBodies(sizes: Sizes): Middleware {
  const mostBytes: Readonly<Record<Exclude<Body, 'none' | 'stream'>, number>> = {
    form: sizes.formBodyBytes,
    query: sizes.queryBodyBytes,
    request: sizes.requestBodyBytes,
  };
  return async (ctx, next) => {
    const { body } = routeOf(ctx);
    if (body === 'none' || body === 'stream' || ctx.method === 'GET' || ctx.method === 'HEAD') return next();
    const came = await receive(ctx.req, { bytes: mostBytes[body], ms: sizes.requestBodyMs });
    const bytes = bytesOf(came);
    if (!/^(identity)?$/i.test(ctx.get('Content-Encoding'))) throw new RefusedError('body_encoded');
    if (body === 'query') return askByGet(ctx, bytes, sizes.queryBodyBytes);
    handOn(ctx, bytes);
    return next();
  };
}

/**
 * After an answer that came before the end of its request's body: what is left may come for so long, then the connection ends.
 * One that ends with its answer is answered late instead: it would be reset, and its client, still sending, read nothing.
 */
export function createBodyEnd({ requestBodyMs }: Pick<Sizes, 'requestBodyMs'>): Middleware {
  return async (ctx, next) => {
    const { req, res } = ctx;
    res.once('finish', () => endIn(requestBodyMs, req, res));
    await next();
    const isUnread = !req.complete && req.readableFlowing === null;
    if (isUnread && res.shouldKeepAlive === false) await drop(req, requestBodyMs);
  };
}

/** Reads on to the end, or for so long. */
function drop(req: IncomingMessage, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    req.once('end', done).once('error', done).once('close', done);
    req.resume();
  });
}

/** Node reads on and drops what comes; without an end to that, whoever drips bytes keeps the connection for ever. */
function endIn(ms: number, req: IncomingMessage, res: ServerResponse): void {
  // Gone already where whoever read the body has ended it: an answer of IB's that did not wait for the upload.
  const socket: Socket | null = req.socket;
  if (socket === null || req.complete || res.shouldKeepAlive === false) return;
  const timer = setTimeout(() => socket.destroy(), ms).unref();
  req.once('close', () => clearTimeout(timer));
  socket.once('close', () => clearTimeout(timer));
}

/**
 * `POST` of what is asked by GET too (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 1.0 section 2): sent to the same address with
 * its fields in the query. A request from another site carries no `Lax` cookie when it is a POST, and does when it is the GET
 * after it.
 */
function askByGet(ctx: Context, body: Buffer, mostBytes: number): void {
  if (body.length > 0 && !ctx.is('application/x-www-form-urlencoded')) throw new RefusedError('body_type');
  const query = [ctx.querystring, new URLSearchParams(body.toString()).toString()].filter(Boolean).join('&');
  if (query.length > mostBytes) throw new RefusedError('body_too_large');
  const { path } = routeOf(ctx);
  ctx.redirect(query === '' ? path : `${path}?${query}`);
  ctx.status = 303;
  ctx.body = '';
}
