/** Bodies in the codings that a server may apply unasked, to the content (RFC 9110 section 8.4.1) or to its transfer (RFC 9112 section 7), read. */
import type { IncomingHttpHeaders } from 'node:http';
import { pipeline, Readable, type Transform } from 'node:stream';
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib';

/** By the first bytes of a body: servers call `deflate` what has the head of zlib's format, and what has none. */
type Decoder = (first: Buffer) => Transform;

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: (first) => (isZlib(first) ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
};
/** RFC 1950 section 2.2: the method's number, which is always this one. */
const isZlib = ([first = 0]: Buffer): boolean => (first & 0x0f) === 8;
/** One coding in another in another: nobody does that to be read. */
const MOST_CODINGS = 2;

/** The codings of a body, in the order in which they were applied. */
function codingsOf(headers: IncomingHttpHeaders): string[] {
  return [headers['content-encoding'], headers['transfer-encoding']]
    .flat()
    .join(',')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => !['', 'identity', 'chunked'].includes(coding));
}

/** Whether a body comes in a coding. */
export function isCoded(headers: IncomingHttpHeaders): boolean {
  return codingsOf(headers).length > 0;
}

/** Whether a body can be read: it comes in no coding, or in few that are known. */
export function canBeDecoded(headers: IncomingHttpHeaders): boolean {
  const codings = codingsOf(headers);
  return codings.length <= MOST_CODINGS && codings.every((coding) => DECODERS[coding] !== undefined);
}

/** A stream behind a transform; where either ends before its time, so does the other. Costs less than `compose`. */
export function through(source: Readable, transform: Transform): Transform {
  pipeline(source, transform, () => undefined);
  return transform;
}

/** A body without its codings; undefined where one of them is unknown. */
export function decoded({
  headers,
  body,
}: {
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}): Readable | undefined {
  if (!canBeDecoded(headers)) return undefined;
  let plain = body;
  for (const coding of codingsOf(headers).reverse()) {
    const decoder = DECODERS[coding];
    if (decoder !== undefined) plain = Readable.from(behind(plain, decoder), { objectMode: false });
  }
  return plain;
}

/** A body behind a decoder. One of no bytes is empty, whatever it says of its coding: there was nothing to code. */
async function* behind(coded: Readable, decoder: Decoder): AsyncGenerator<Buffer> {
  const chunks = coded[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const first = await chunks.next();
  if (first.done === true) return;
  yield* through(Readable.from(again(first.value, chunks), { objectMode: false }), decoder(first.value));
}

async function* again(first: Buffer, rest: AsyncIterator<Buffer, undefined>): AsyncGenerator<Buffer> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}
