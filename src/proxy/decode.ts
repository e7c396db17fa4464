/** Bodies in the codings that a server may apply unasked (RFC 9110 section 8.4.1), read. */
import type { IncomingHttpHeaders } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};
/** One coding in another in another: nobody does that to be read. */
const MOST_CODINGS = 2;

/** The codings of a body, in the order in which they were applied. */
function codingsOf(headers: IncomingHttpHeaders): string[] {
  return [headers['content-encoding']]
    .flat()
    .join(',')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** Whether a body comes in a coding. */
export function isCoded(headers: IncomingHttpHeaders): boolean {
  return codingsOf(headers).length > 0;
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
  const decoders = codingsOf(headers).map((coding) => DECODERS[coding]);
  if (decoders.length > MOST_CODINGS) return undefined;
  let plain = body;
  for (const decoder of decoders.reverse()) {
    if (decoder === undefined) return undefined;
    plain = through(plain, decoder());
  }
  return plain;
}
