/** Files of the API: downloads of any size, made as they are read, and uploads, hashed as they arrive. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sendJson } from './http.ts';
import { boundaryOf, createPartReader } from './multipart.ts';

interface FileCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

const DEFAULT_DOWNLOAD_BYTES = 64 * 1024;
const MOST_DOWNLOAD_BYTES = 4 * 1024 ** 3;
const CHUNK_BYTES = 64 * 1024;
const PATTERN = 'IntelligenceBank';

/** First byte and the byte after the last one; undefined where nothing of the file is asked for (RFC 9110, 14.1.2). */
function rangeOf(header: string | undefined, size: number): [number, number] | 'whole' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return 'whole';
  if (first === '') return last === '0' ? undefined : [Math.max(0, size - Number(last)), size];
  const start = Number(first);
  const end = last === '' ? size : Math.min(size, Number(last) + 1);
  if (start >= size) return undefined;
  return end <= start ? 'whole' : [start, end];
}

/** Bytes `start` to `end` of a file that repeats one pattern. */
function* bytesOf(start: number, end: number): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES + PATTERN.length, PATTERN);
  for (let at = start; at < end; at += CHUNK_BYTES) {
    const skip = at % PATTERN.length;
    yield chunk.subarray(skip, skip + Math.min(CHUNK_BYTES, end - at));
  }
}

/** Streams `?size=` bytes, as fast as the reader reads. A range of one part is honoured. */
export async function download({ request, response, url }: FileCall): Promise<void> {
  const size = Number(url.searchParams.get('size') ?? DEFAULT_DOWNLOAD_BYTES);
  if (!Number.isInteger(size) || size < 0 || size > MOST_DOWNLOAD_BYTES) {
    return sendJson(response, 400, { error: { key: 'error.bad_request', message: 'bad size' } });
  }
  const range = rangeOf(request.headers.range, size);
  if (range === undefined) {
    response.setHeader('content-range', `bytes */${size}`);
    return sendJson(response, 416, { error: { key: 'error.bad_request', message: 'bad range' } });
  }
  const [start, end] = range === 'whole' ? [0, size] : range;
  response.writeHead(range === 'whole' ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': String(end - start),
    'content-disposition': 'attachment; filename="file.bin"',
    'accept-ranges': 'bytes',
    ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const source = Readable.from(bytesOf(start, end), { objectMode: false, highWaterMark: CHUNK_BYTES });
  // A reader who hangs up ends the download and nothing else.
  await pipeline(source, response).catch(() => undefined);
}

/**
 * Takes a form with a `file`: size and hash of the file, and of the whole body, framing included.
 * What IB says to a form without a `file` is unknown; here its answer tells of the body alone.
 */
export async function upload({ request, response, url }: FileCall): Promise<void> {
  const contentType = request.headers['content-type'] ?? '';
  const boundary = boundaryOf(contentType);
  if (boundary === undefined || url.searchParams.get('target') === null) {
    request.resume();
    const message = 'wants multipart/form-data and ?target=';
    return sendJson(response, 400, { error: { key: 'error.bad_request', message } });
  }
  const hash = createHash('sha256');
  const reader = createPartReader(boundary);
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    hash.update(chunk as Buffer);
    reader.push(chunk as Buffer);
  }
  const file = reader.parts()?.find(({ name }) => name === 'file');
  sendJson(response, 200, {
    response: {
      data: {
        bytes,
        sha256: hash.digest('hex'),
        contentType,
        ...(file === undefined
          ? {}
          : { file: { name: file.filename ?? '', size: file.size, sha256: file.sha256 } }),
      },
    },
  });
}
