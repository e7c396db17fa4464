/** IB's API v3, as far as it is needed: folders, resources, users, RPC, a download, an upload, previews. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { download, upload } from './files.ts';
import { delay, parseObject, readBody, sendHalf, sendJson } from './http.ts';
import { type PlatformState, type Session, use } from './state.ts';
import { parseTable, rowsOf, select } from './tables.ts';
import { DEAD_SESSION } from './words.ts';

export interface ApiDeps {
  readonly platforms: readonly PlatformState[];
  readonly apiOrigin: () => string;
  readonly nowMs: () => number;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly session: Session;
  readonly platform: PlatformState;
}

const ERRORS = {
  badRequest: [400, 'error.bad_request', 'Bad parameters'],
  noPermission: [403, 'error.no_permission', 'No permission'],
  notFound: [404, 'error.not_found', 'Not found'],
} as const;

/** The key of the one row, folder or resource, that nobody may read. */
const FORBIDDEN = 'forbidden';

/** IB's errors have a top-level `error`. A body that was on its way is read and dropped. */
function refuse({ request, response }: Pick<Call, 'request' | 'response'>, error: keyof typeof ERRORS): void {
  const [status, key, message] = ERRORS[error];
  request.resume();
  sendJson(response, status, { error: { key, message } });
}

/** The session behind the header `sid`, else behind `?sid=`, with its platform. */
function sessionOf(
  { platforms }: ApiDeps,
  request: IncomingMessage,
  url: URL,
): Pick<Call, 'session' | 'platform'> | undefined {
  const header = request.headers['sid'];
  const sid = typeof header === 'string' ? header : (url.searchParams.get('sid') ?? '');
  for (const platform of platforms) {
    const session = platform.sessions.get(sid);
    if (session !== undefined) return { session, platform };
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
  const found = sessionOf(deps, request, url);
  const lives = found !== undefined && !found.session.dead && deps.nowMs() / 1000 < found.session.endsAt;
  if (!lives) {
    request.resume();
    sendJson(response, 401, DEAD_SESSION[found?.platform.switches.deadAs ?? 'key']);
    return true;
  }
  const call: Call = { request, response, url, ...found };
  if (await misbehave(call)) return true;
  use(found.session, found.platform.switches, deps.nowMs());
  if (url.pathname === '/api/json') await answerRpc(call);
  else await answerTable(deps, call);
  return true;
}

/** Does what the switches say; true when that was the answer. */
async function misbehave({ request, response, platform }: Call): Promise<boolean> {
  const { apiDelayMs, apiStatus, apiRetryAfterSeconds, apiCut } = platform.switches;
  if (!(await delay(response, apiDelayMs))) return true;
  if (apiStatus > 0) {
    request.resume();
    if (apiStatus === 429 && apiRetryAfterSeconds > 0) {
      response.setHeader('retry-after', String(apiRetryAfterSeconds));
    }
    sendJson(response, apiStatus, { error: { key: 'error.sandbox', message: 'the sandbox was told to' } });
  } else if (apiCut) {
    request.resume();
    sendHalf(response);
  } else {
    return false;
  }
  return true;
}

async function answerRpc(call: Call): Promise<void> {
  if (call.request.method !== 'POST') return refuse(call, 'notFound');
  const body = parseObject(await readBody(call.request));
  if (body === undefined) return refuse(call, 'badRequest');
  if (body['client'] !== call.platform.clientid) return refuse(call, 'noPermission');
  sendJson(call.response, 200, { response: { data: { echo: body, client: call.platform.clientid } } });
}

/** The segments of a path, decoded; none where they cannot be. */
function segmentsOf({ pathname }: URL): readonly string[] {
  try {
    return pathname.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return [];
  }
}

async function answerTable(deps: ApiDeps, call: Call): Promise<void> {
  const { request, response, url, session, platform } = call;
  const [, version, client, segment = '', id] = segmentsOf(url);
  if (version === undefined) return refuse(call, 'badRequest');
  if (version !== '3.0.0' || client !== platform.clientid) return refuse(call, 'notFound');
  const wanted = parseTable(segment);
  if (wanted === undefined) return refuse(call, 'badRequest');
  if (wanted.table === 'file' && request.method === 'POST') return upload(call);
  request.resume();
  if (wanted.table === 'file') return download(call);
  if (wanted.table === 'redirect') {
    const target = url.searchParams.get('to') ?? `${deps.apiOrigin()}/api/3.0.0/${platform.clientid}/file`;
    response.writeHead(302, { location: target }).end();
    return;
  }
  if (wanted.table === FORBIDDEN || id === FORBIDDEN) return refuse(call, 'noPermission');
  const rows = rowsOf(wanted.table, { platform, session, apiOrigin: deps.apiOrigin() });
  if (rows === undefined) return refuse(call, 'notFound');
  if (id === undefined) {
    const keywords = url.searchParams.get('searchParams[keywords]');
    return sendJson(response, 200, { response: select(rows, wanted, keywords) });
  }
  const row = rows.find((candidate) => candidate['_id'] === id);
  if (row === undefined) return refuse(call, 'notFound');
  sendJson(response, 200, { response: { data: row } });
}
