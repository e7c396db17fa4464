/** How much went each way through a proxied call. */
import { finished } from 'node:stream';
import type { Context } from 'koa';
import type { Bytes } from '../telemetry/proxied.ts';

/** Tells the bytes of a call once, when its answer has been sent or cut. A function's answer has no socket: its length counts. */
export function whenSent(ctx: Context, tell: (bytes: Bytes) => void): void {
  const { socket } = ctx.req;
  const { bytesRead, bytesWritten } = socket;
  finished(ctx.res, () => {
    const declared = Number(ctx.req.headers['content-length'] ?? Number.NaN);
    tell({
      received: ctx.req.complete && declared >= 0 ? declared : socket.bytesRead - bytesRead || 0,
      sent: socket.bytesWritten - bytesWritten || (ctx.length ?? 0),
    });
  });
}
