/** The body of a token request as the bridge's clients send it, read and put back. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Context } from 'koa';

/** A body, and the parameters in it. */
export interface TokenBody {
  readonly raw: Buffer;
  readonly form: URLSearchParams;
}

/** The parameters of a body, form or JSON; undefined for other types, which are left alone. */
export async function readTokenBody(ctx: Context, limit: number): Promise<TokenBody | undefined> {
  const type = ctx.is('application/x-www-form-urlencoded', 'application/json');
  if (typeof type !== 'string') return undefined;
  const raw = await readBody(ctx, limit);
  const text = raw.toString('utf8');
  return { raw, form: type === 'application/json' ? fromJson(text) : new URLSearchParams(text) };
}

/** A body up to a limit. What goes beyond is read and dropped, so that the next request on the connection is heard. */
export async function readBody(ctx: Context, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > limit) break;
    chunks.push(chunk as Buffer);
  }
  if (size > limit) {
    ctx.req.resume();
    ctx.throw(413, 'the request is too large');
  }
  return Buffer.concat(chunks);
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
export function replay(ctx: Context, body: Buffer, asForm: boolean): void {
  const { req } = ctx;
  const headers = { ...req.headers, 'content-length': String(body.length) };
  delete headers['transfer-encoding'];
  if (asForm) headers['content-type'] = 'application/x-www-form-urlencoded';
  const { method, url, socket, httpVersion } = req;
  const again = Object.assign(Readable.from([body]), { headers, method, url, socket, httpVersion });
  ctx.req = again as unknown as IncomingMessage;
  ctx.request.req = ctx.req;
}
