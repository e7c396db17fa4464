/** Answers without an end: events go on for as long as their call would be allowed still, and not for as long as IB sends them. */
import { Readable } from 'node:stream';
import type { Context } from 'koa';

/**
 * Asks again and again, while an answer is being sent, whether its call is still allowed; ends the answer where it is not.
 * Whoever asks for the next events is told why. An answer that failed to be asked about goes on.
 */
export function endWhenOver(
  { body, res }: Context,
  { everyMs, isAllowed }: { readonly everyMs: number; readonly isAllowed: () => Promise<boolean> },
): void {
  if (!(body instanceof Readable)) return;
  const ask = async (): Promise<void> => {
    // Seen here rather than heard: an answer that is piped has as many listeners as Node likes.
    if (res.destroyed || res.writableEnded) return clearInterval(asking);
    if (await isAllowed().catch(() => true)) return;
    body.unpipe(res);
    // Koa ends the call to IB with its answer.
    res.end();
  };
  const asking = setInterval(() => void ask(), everyMs).unref();
}
