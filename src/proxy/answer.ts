/** IB's answer, passed on to the app: status, headers, where redirects lead, and bodies from which the sid is gone. */
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Context } from 'koa';
import type { Dispatcher } from 'undici';
import type { Caller } from './authorize.ts';
import { concealSid } from './conceal-sid.ts';
import { fail } from './fail.ts';
import { isText, responseHeaders } from './headers.ts';
import type { SignedUrls } from './signed-url.ts';
import { type CallTarget, proxyUrl, SIGNED_PREFIX, withoutSid } from './target.ts';

export interface AnswerDeps {
  readonly issuer: string;
  readonly signedUrls: SignedUrls;
  /** Whether an origin is one of IB's, by the operator's list. */
  readonly isIbOrigin: (origin: string) => boolean;
  /** The largest body that can be passed on, in bytes; no limit where absent. */
  readonly maxBytes?: number;
}

interface Answered {
  readonly ctx: Context;
  readonly caller: Caller;
  readonly target: CallTarget;
  readonly answer: Dispatcher.ResponseData;
}

/** The codings a body is read in, where a server applies one unasked (RFC 9110 section 8.4.1). */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

const header = (answer: Dispatcher.ResponseData, name: string): string => String(answer.headers[name] ?? '');

/** Whether an answer is a part of something that is, or may be, text. */
export function isPieceOfText(answer: Dispatcher.ResponseData): boolean {
  const contentType = header(answer, 'content-type');
  return (
    answer.statusCode === 206 && (isText(contentType) || /^\s*multipart\/byteranges\b/i.test(contentType))
  );
}

/** Passes status, headers and body on; false where that is refused, with the answer that says why. */
export async function answerWith(deps: AnswerDeps, answered: Answered): Promise<boolean> {
  const { ctx, caller, target, answer } = answered;
  const refuse = async (status: number, error: string, description: string): Promise<false> => {
    await answer.body.dump();
    fail(ctx, status, error, description);
    return false;
  };
  const location = header(answer, 'location');
  const redirect = location === '' ? undefined : redirectFor(deps, caller, { location, target });
  if (location !== '' && redirect === undefined)
    return refuse(502, 'server_error', 'IntelligenceBank redirects to a host that is not its own');
  const body = isPieceOfText(answer) ? undefined : bodyOf(deps, answered);
  if (body === undefined)
    return refuse(502, 'server_error', 'IntelligenceBank answers in a form that cannot be passed on');
  const passed = deps.maxBytes === undefined ? body : await withinLimit(body, deps.maxBytes);
  if (passed === undefined) {
    const description = 'larger than this deployment can pass on; ask for a range, or see docs/operations.md';
    return refuse(413, 'invalid_request', description);
  }
  // A body replaces what is said of it, so it comes first.
  ctx.body = passed.content;
  ctx.status = answer.statusCode;
  for (const [name, value] of Object.entries(responseHeaders(answer.headers))) ctx.set(name, value);
  for (const name of passed.untrue) ctx.remove(name);
  if (redirect !== undefined) ctx.set('Location', redirect);
  ctx.remove('X-Frame-Options');
  // Whatever IB serves, it must not act as a page of ours.
  ctx.set('Content-Security-Policy', "default-src 'none'; sandbox");
  return true;
}

interface Body {
  /** Null where an answer has none. */
  readonly content: Readable | Buffer | null;
  /** Bytes, where they are known before the end. */
  readonly length: number | undefined;
  /** Headers of IB's that are not true of this content. */
  readonly untrue: readonly string[];
}

/** The body that the app gets; undefined where a text comes in a coding that cannot be read. */
function bodyOf(deps: AnswerDeps, { ctx, caller, answer }: Answered): Body | undefined {
  const text = isText(header(answer, 'content-type'));
  const untrue = text ? ['Content-Length', 'Content-Encoding'] : [];
  if (ctx.method === 'HEAD' || answer.statusCode === 204 || answer.statusCode === 304) {
    answer.body.resume();
    return { content: null, length: 0, untrue };
  }
  if (!text) {
    const length = Number(answer.headers['content-length'] ?? Number.NaN);
    return { content: answer.body, length: Number.isNaN(length) ? undefined : length, untrue };
  }
  const coding = header(answer, 'content-encoding').trim().toLowerCase();
  const decoder = DECODERS[coding];
  if (coding !== '' && coding !== 'identity' && decoder === undefined) return undefined;
  const plain = decoder === undefined ? answer.body : answer.body.compose(decoder());
  const conceal = concealSid(caller.session.sid, (url) => signedAddress(deps, caller, url));
  return { content: plain.compose(conceal), length: undefined, untrue };
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

interface Redirect {
  readonly location: string;
  readonly target: CallTarget;
}

/** Where the app may be sent: back through the proxy on the session's own hosts, as it is to another host of IB's. */
function redirectFor(
  deps: AnswerDeps,
  { session }: Caller,
  { location, target }: Redirect,
): string | undefined {
  const url = URL.parse(location, target.origin + target.path);
  if (url === null) return undefined;
  const path = withoutSid(url.pathname + url.search);
  if (url.origin === session.apiUrl || url.origin === session.platformUrl) {
    return proxyUrl(deps.issuer, url.origin, path);
  }
  return deps.isIbOrigin(url.origin) ? url.origin + path : undefined;
}

function signedAddress(deps: AnswerDeps, { session, grantId }: Caller, url: URL): string | undefined {
  if (url.origin !== session.apiUrl && url.origin !== session.platformUrl) return undefined;
  const path = withoutSid(url.pathname + url.search);
  if (path.includes(session.sid)) return undefined;
  return `${deps.issuer}${SIGNED_PREFIX}${deps.signedUrls.sign({ grantId, origin: url.origin, path })}`;
}
