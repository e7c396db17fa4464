/** IB's answer, passed on to the app: status, headers, where redirects lead, and bodies from which the sid is gone. */

import { Readable } from 'node:stream';
import type { Context } from 'koa';
import type { Dispatcher } from 'undici';
import type { ErrorName } from '../http/error-codes.ts';
import type { Caller } from './authorize.ts';
import { concealSid, maskSid } from './conceal-sid.ts';
import { isEvents, isText } from './content-types.ts';
import { canBeDecoded, decoded, isCoded, through } from './decode.ts';
import { fail } from './fail.ts';
import type { SidFinder } from './find-sid.ts';
import { privateCacheControl, responseHeaders, varyNames } from './headers.ts';
import type { SignedUrls } from './signed-url.ts';
import { type CallTarget, isOwnOrigin, proxyUrl, SIGNED_PREFIX, withoutSid } from './target.ts';

export interface AnswerDeps {
  readonly issuer: string;
  readonly signedUrls: SignedUrls;
  readonly finderOf: (sid: string) => SidFinder;
  /** Whether an origin is one of IB's, by the operator's list. */
  readonly isIbOrigin: (origin: string) => boolean;
  /** The largest body that can be passed on, in bytes; no limit where absent. */
  readonly maxBytes?: number;
}

/** What IB answered. */
export type IbAnswer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'> & { readonly body: Readable };

interface Answered {
  readonly ctx: Context;
  readonly caller: Caller;
  readonly target: CallTarget;
  /** Whether the call came without a token, by an address that works for a while. */
  readonly isSigned: boolean;
  readonly answer: IbAnswer;
}

const header = (answer: IbAnswer, name: string): string => String(answer.headers[name] ?? '');

/** Whether an answer is a part of something that is, or may be, text: it may hold a part of the sid. */
export function isPieceOfText({ statusCode, headers }: Pick<IbAnswer, 'statusCode' | 'headers'>): boolean {
  const type = String(headers['content-type'] ?? '');
  if (/\bmultipart\/byteranges\b/i.test(type)) return true;
  return isPiece({ statusCode, headers }) && isText(type, isCoded(headers));
}

/** Whether bytes may be missing. A range of rows, as APIs tell it of their lists, is a whole answer. */
function isPiece({ statusCode, headers }: Pick<IbAnswer, 'statusCode' | 'headers'>): boolean {
  const range = headers['content-range'];
  if (range === undefined) return statusCode === 206;
  return statusCode < 300 && !isOfRows(range);
}

function isOfRows(contentRange: string | string[]): boolean {
  return typeof contentRange === 'string' && /^(?!bytes\b)[a-z-]+\b/i.test(contentRange.trim());
}

/** Ends a body that is not passed on, and the call it belongs to. */
export function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

/** Passes status, headers and body on; false where that is refused, with the answer that says why. */
export async function answerWith(deps: AnswerDeps, answered: Answered): Promise<boolean> {
  const { ctx, answer } = answered;
  const refuse = (status: number, error: ErrorName, description: string, body = answer.body): false => {
    discard(body);
    fail(ctx, status, error, description);
    return false;
  };
  const location = header(answer, 'location');
  const redirect = location === '' ? undefined : redirectFor(deps, answered, location);
  // Of anything but a redirect it is a remark, and what the app has done is not lost for it.
  const isRedirect = answer.statusCode >= 300 && answer.statusCode < 400;
  if (location !== '' && redirect === undefined && isRedirect)
    return refuse(502, 'server_error', 'IntelligenceBank redirects to where an app cannot be sent');
  const body = isPieceOfText(answer) ? undefined : bodyOf(deps, answered);
  if (body === undefined)
    return refuse(502, 'server_error', 'IntelligenceBank answers in a form that cannot be passed on');
  const passed = deps.maxBytes === undefined ? body : await withinLimit(body, deps.maxBytes);
  if (passed === undefined) {
    const description = 'larger than this deployment can pass on; ask for a range, or see docs/operations.md';
    return refuse(413, 'invalid_request', description, streamOf(body) ?? answer.body);
  }
  // A body replaces what is said of it, so it comes first.
  ctx.body = passed.content;
  ctx.status = answer.statusCode;
  writeHeaders(deps, answered, passed.untrue);
  if (redirect !== undefined) ctx.set('Location', redirect);
  // Whoever waits for events learns that they will come before the first of them.
  if (isEvents(header(answer, 'content-type'))) ctx.res.once('pipe', () => ctx.res.flushHeaders());
  return true;
}

/** IB's headers, and after them what holds whatever IB says. */
function writeHeaders(deps: AnswerDeps, { ctx, caller, answer }: Answered, untrue: readonly string[]): void {
  const { isIn } = deps.finderOf(caller.session.sid);
  for (const [name, value] of Object.entries(responseHeaders(answer.headers, isIn))) ctx.set(name, value);
  for (const name of untrue) ctx.remove(name);
  const mostSeconds = isText(header(answer, 'content-type')) ? deps.signedUrls.lifetimeSeconds : undefined;
  ctx.set('Cache-Control', privateCacheControl(answer.headers['cache-control'], mostSeconds));
  ctx.vary('Authorization');
  for (const name of varyNames(answer.headers['vary'])) ctx.vary(name);
  // A file may be shown inside the app's page; the sandbox keeps it harmless there.
  ctx.remove('X-Frame-Options');
}

interface Body {
  /** Null where an answer has none. */
  readonly content: Readable | Buffer | null;
  /** Bytes, where they are known before the end. */
  readonly length: number | undefined;
  /** Headers of IB's that are not true of this content. */
  readonly untrue: readonly string[];
}

function streamOf({ content }: Body): Readable | undefined {
  return content instanceof Readable ? content : undefined;
}

/** Larger files in formats of bytes pass as they are: a sid stands in small answers, and scanning takes time. */
const MOST_SCANNED_BYTES = 1024 * 1024;

/** What is not true of a text from which something has been taken, or of what has been decoded. */
const OF_ORIGINAL = ['Content-Length', 'Content-Encoding', 'Content-Range', 'Accept-Ranges'];

/** The body that the app gets; undefined where one comes in a coding that cannot be read. */
function bodyOf(deps: AnswerDeps, { ctx, caller, answer }: Answered): Body | undefined {
  const coded = isCoded(answer.headers);
  const text = isText(header(answer, 'content-type'), coded);
  const told = Number(answer.headers['content-length'] ?? Number.NaN);
  const length = Number.isNaN(told) ? undefined : told;
  const asItIs = !text && (length ?? 0) > MOST_SCANNED_BYTES;
  // A part of what is coded cannot be read; bytes that are not as their coding says are searched all the same.
  const reads = text || (coded && !asItIs && !isPiece(answer) && canBeDecoded(answer.headers));
  const rows = isOfRows(answer.headers['content-range'] ?? '');
  const untrue = reads ? OF_ORIGINAL.filter((name) => !rows || name !== 'Content-Range') : [];
  if (ctx.method === 'HEAD' || answer.statusCode === 204 || answer.statusCode === 304) {
    answer.body.resume();
    return { content: null, length: 0, untrue };
  }
  const finder = deps.finderOf(caller.session.sid);
  if (asItIs) return { content: answer.body, length, untrue };
  const plain = reads ? decoded(answer) : answer.body;
  if (plain === undefined) return undefined;
  const change = text ? concealSid(finder, (url) => signedAddress(deps, caller, url)) : maskSid(finder);
  return { content: through(plain, change), length: reads ? undefined : length, untrue };
}

/** A limit up to this many bytes is held for bodies of untold length too, by reading them whole first. */
const MOST_KEPT_BYTES = 8_000_000;

/** A body that keeps a limit; undefined for one that passes it. */
async function withinLimit(body: Body, mostBytes: number): Promise<Body | undefined> {
  const { content, length } = body;
  if (length !== undefined) return length > mostBytes ? undefined : body;
  if (mostBytes > MOST_KEPT_BYTES) return body;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of content as Readable) {
    size += (chunk as Buffer).length;
    if (size > mostBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return { ...body, content: Buffer.concat(chunks), length: size };
}

/** Where the app may be sent: back through the proxy on the session's own hosts, as it is to another host of IB's. */
function redirectFor(
  deps: AnswerDeps,
  { caller, target, isSigned }: Answered,
  location: string,
): string | undefined {
  const { session } = caller;
  const { isIn } = deps.finderOf(session.sid);
  const url = URL.parse(location, target.origin + target.path);
  if (url === null) return undefined;
  // Whoever came without a token has none for the next address either.
  if (isSigned && isOwnOrigin(session, url.origin)) return signedAddress(deps, caller, url);
  const path = withoutSid(url.pathname + url.search, isIn);
  const isOwn = isOwnOrigin(session, url.origin);
  if (!isOwn && !deps.isIbOrigin(url.origin)) return undefined;
  const address = isOwn ? proxyUrl(deps.issuer, url.origin, path) : url.origin + path;
  return isIn(address) ? undefined : address + placeIn(url, isIn);
}

/** An address through the proxy in place of one of the session's own; undefined for any other. */
function signedAddress(deps: AnswerDeps, { session, grantId }: Caller, url: URL): string | undefined {
  if (!isOwnOrigin(session, url.origin)) return undefined;
  const { isIn } = deps.finderOf(session.sid);
  const path = withoutSid(url.pathname + url.search, isIn);
  if (isIn(path)) return undefined;
  const handle = deps.signedUrls.sign({ grantId, origin: url.origin, path });
  return `${deps.issuer}${SIGNED_PREFIX}${handle}${placeIn(url, isIn)}`;
}

/** A page of a document, a moment of a film: in plain characters, whatever the text is that it stands in. */
function placeIn({ hash }: URL, holdsSid: (text: string) => boolean): string {
  return /^#[\w=.,-]*$/.test(hash) && !holdsSid(hash) ? hash : '';
}
