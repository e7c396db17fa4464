/** The body of a call as IB gets it: whatever becomes of it there, the app's connection is read on and serves its next request. */
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';

/**
 * A body to hand on. Ending it, as a client does whose answer came before it had sent all, does not end the app's
 * request: what is left of that is dropped, for as long as bodies may take (`createBodyEnd`). One that the app cuts is cut.
 */
export function uploadOf(req: IncomingMessage, bufferBytes: number): Readable {
  const upload = new PassThrough({ highWaterMark: bufferBytes });
  const cut = (): void => void upload.destroy(new Error('the app has cut its upload'));
  upload.on('error', () => undefined);
  upload.once('close', () => {
    req.off('aborted', cut);
    req.unpipe(upload).resume();
  });
  req.once('aborted', cut).on('error', cut).pipe(upload);
  return upload;
}
