/** Reading a request's body before the library does, and giving it back. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Context } from 'koa';

/** Puts a body that was read back as a form, so that the library reads it as if nobody had. */
export function giveBackForm(ctx: Context, form: Readonly<Record<string, string>>): void {
  const { req } = ctx;
  const body = Buffer.from(new URLSearchParams(form).toString());
  const headers = { ...req.headers, 'content-length': String(body.length) };
  delete headers['transfer-encoding'];
  const { method, url, socket, httpVersion } = req;
  const again = Object.assign(Readable.from([body]), { headers, method, url, socket, httpVersion });
  ctx.req = again as unknown as IncomingMessage;
  ctx.request.req = ctx.req;
}
