/** IB's API v3, as far as it is needed: folders, resources, users, a download, an upload, previews. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readBody, sendJson } from './http.ts';
import type { PlatformState, Session } from './state.ts';

export interface ApiDeps {
  readonly platforms: readonly PlatformState[];
  readonly apiOrigin: () => string;
}

const authenticationRequired = {
  error: { key: 'error.authentication.required', message: 'No valid session. Authentication is required' },
};
const DEFAULT_DOWNLOAD_BYTES = 64 * 1024;
const CHUNK_BYTES = 64 * 1024;
const MOST_ROWS = 100;

function sessionOf(deps: ApiDeps, request: IncomingMessage, url: URL): Session | undefined {
  const header = request.headers['sid'];
  const sid = typeof header === 'string' ? header : (url.searchParams.get('sid') ?? '');
  for (const platform of deps.platforms) {
    const session = platform.sessions.get(sid);
    if (session !== undefined && !session.dead) return session;
  }
  return undefined;
}

/** Answers API calls; false for paths that are none. */
export async function handleApi(
  deps: ApiDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<boolean> {
  if (!url.pathname.startsWith('/api/')) return false;
  const session = sessionOf(deps, request, url);
  if (session === undefined) {
    request.resume();
    sendJson(response, 401, authenticationRequired);
    return true;
  }
  const platform = deps.platforms.find(({ clientid }) => clientid === session.clientid);
  const status = platform?.switches.apiStatus ?? 0;
  if (status > 0) {
    request.resume();
    if (status === 429) response.setHeader('retry-after', '7');
    sendJson(response, status, { error: { key: 'error.sandbox', message: 'the sandbox was told to' } });
    return true;
  }
  if (url.pathname === '/api/json') {
    const call: unknown = JSON.parse(await readBody(request));
    sendJson(response, 200, { response: { data: { echo: call, client: session.clientid } } });
    return true;
  }
  await answerTable(deps, { request, response, url, session });
  return true;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly session: Session;
}

async function answerTable(deps: ApiDeps, call: Call): Promise<void> {
  const { request, response, url, session } = call;
  const [, , version, client, table = '', id] = url.pathname.split('/').map(decodeURIComponent);
  if (version !== '3.0.0' || client !== session.clientid) {
    request.resume();
    return sendJson(response, 404, { error: { key: 'error.not_found', message: 'not found' } });
  }
  const [name = '', ...modifiers] = table.split('.');
  if (name === 'file' && request.method === 'POST') return upload(call);
  request.resume();
  if (name === 'file') return download(call);
  if (name === 'redirect') {
    const target = url.searchParams.get('to') ?? `${deps.apiOrigin()}/api/3.0.0/${session.clientid}/file`;
    response.writeHead(302, { location: target }).end();
    return;
  }
  if (name === 'forbidden') {
    return sendJson(response, 403, { error: { key: 'error.no_permission', message: 'no permission' } });
  }
  const rows = rowsOf(deps, name, session);
  if (rows === undefined) {
    return sendJson(response, 404, { error: { key: 'error.not_found', message: `no table ${name}` } });
  }
  if (id !== undefined) {
    const row = rows.find((candidate) => candidate['_id'] === id);
    if (row === undefined)
      return sendJson(response, 404, { error: { key: 'error.not_found', message: 'not found' } });
    return sendJson(response, 200, { response: { data: row } });
  }
  const [offset, count] = limitOf(modifiers);
  if (Number.isNaN(offset) || Number.isNaN(count)) {
    return sendJson(response, 400, { error: { key: 'error.bad_request', message: 'bad limit' } });
  }
  sendJson(response, 200, {
    response: { rows: rows.slice(offset, offset + count), offset, count: rows.length },
  });
}

function limitOf(modifiers: readonly string[]): [number, number] {
  const limit = modifiers.find((modifier) => modifier.startsWith('limit('));
  if (limit === undefined) return [0, MOST_ROWS];
  const numbers = limit.slice('limit('.length, -1).split(',').map(Number);
  const [first = 0, second] = numbers;
  return second === undefined ? [0, first] : [first, second];
}

type Row = Record<string, unknown>;

function rowsOf(deps: ApiDeps, name: string, session: Session): Row[] | undefined {
  const platform = deps.platforms.find(({ clientid }) => clientid === session.clientid);
  switch (name) {
    case 'folder':
      return ['Campaigns', 'Logos', 'Photos'].map((title, at) => ({ _id: `folder${at}`, name: title }));
    case 'resource':
      // Answers of the API embed the caller's sid in preview URLs.
      return ['logo.svg', 'team.jpg'].map((title, at) => ({
        _id: `resource${at}`,
        name: title,
        preview: `${deps.apiOrigin()}/api/3.0.0/${session.clientid}/file?preview=${at}&sid=${session.sid}`,
      }));
    case 'user':
      return (platform?.users ?? []).map((user) => ({
        _id: user.useruuid,
        name: `${user.firstname} ${user.lastname}`,
      }));
    default:
      return undefined;
  }
}

/** `size` bytes, generated as they are read. Ranges of one part are honoured. */
async function download({ request, response, url }: Call): Promise<void> {
  const size = Number(url.searchParams.get('size') ?? DEFAULT_DOWNLOAD_BYTES);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range === null ? 0 : Number(range[1]);
  const end = range?.[2] ? Number(range[2]) + 1 : size;
  response.writeHead(range === null ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': String(end - start),
    'content-disposition': 'attachment; filename="file.bin"',
    'accept-ranges': 'bytes',
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  });
  const chunk = Buffer.alloc(CHUNK_BYTES, 'IntelligenceBank');
  function* bytes(): Generator<Buffer> {
    for (let left = end - start; left > 0; left -= CHUNK_BYTES)
      yield left >= CHUNK_BYTES ? chunk : chunk.subarray(0, left);
  }
  await pipeline(Readable.from(bytes(), { objectMode: false, highWaterMark: CHUNK_BYTES }), response).catch(
    () => undefined,
  );
}

/** Counts and hashes what is posted, multipart framing included. */
async function upload({ request, response }: Call): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    hash.update(chunk as Buffer);
  }
  const contentType = request.headers['content-type'] ?? '';
  sendJson(response, 200, { response: { data: { bytes, sha256: hash.digest('hex'), contentType } } });
}
