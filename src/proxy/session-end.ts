/** Whether an answer says that the sid is dead: the one answer whose body is read before it is passed on. */
import { Readable } from 'node:stream';
import { isDeadSession } from '../../adapters/ib/messages.ts';
import { textOf } from '../../adapters/ib/text.ts';
import type { IbAnswer } from './answer.ts';
import { decoded } from './decode.ts';

/** IB's words stand at the beginning of what it says. */
const MOST_BYTES = 64 * 1024;

/**
 * Reads a 401 of the API host as far as needed. Any other answer is the app's, and so is a 401 in other words: then it comes
 * back as it was, with what has been read of it.
 */
export async function readEnd(
  answer: IbAnswer,
  { mayEnd }: { readonly mayEnd: boolean },
): Promise<[ended: boolean, answer: IbAnswer]> {
  if (answer.statusCode !== 401 || !mayEnd) return [false, answer];
  const plain = decoded(answer);
  if (plain === undefined) return [false, answer];
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of plain.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= MOST_BYTES) break;
  }
  const text = textOf(Buffer.concat(chunks), String(answer.headers['content-type'] ?? ''));
  const { 'content-encoding': _undone, 'content-length': _ofCoded, ...headers } = answer.headers;
  const body = Readable.from(again(chunks, plain), { objectMode: false });
  return [isDeadSession({ status: answer.statusCode, text }), { ...answer, headers, body }];
}

async function* again(chunks: readonly Buffer[], rest: Readable): AsyncGenerator<Buffer> {
  yield* chunks;
  yield* rest;
}
