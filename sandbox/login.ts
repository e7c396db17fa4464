/** IB's browser login: the token, the page where a user signs in, and the answer that must be polled. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { delay, escapeText, htmlPage, readBody, sendHalf, sendJson, sendText } from './http.ts';
import {
  fullName,
  hasExpired,
  issueToken,
  type LoginToken,
  openPage,
  PLATFORM_SEEDS,
  type PlatformState,
  type Session,
  signIn,
} from './state.ts';
import type { Switches } from './switches.ts';
import { DEAD_SESSION } from './words.ts';

export interface LoginDeps {
  readonly platform: PlatformState;
  readonly apiOrigin: string;
  readonly nowMs: () => number;
}

/** Answers the login calls and pages; false for paths that are none of them. */
export async function handleLogin(
  deps: LoginDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<boolean> {
  if (url.pathname === '/auth/' || url.pathname === '/auth') {
    await loginPage(deps, request, response, url);
    return true;
  }
  if (!url.pathname.startsWith('/v1/auth/app/')) return false;
  request.resume();
  if (await misbehave(deps.platform, response)) return true;
  switch (`${request.method} ${url.pathname}`) {
    case 'POST /v1/auth/app/token':
    case 'GET /v1/auth/app/token': {
      const { token } = issueToken(deps.platform, deps.nowMs());
      deps.platform.switches.expired = false;
      sendJson(response, 200, { SID: randomBytes(16).toString('hex'), content: token });
      return true;
    }
    case 'GET /v1/auth/app/getYapiAddress':
      sendJson(response, 200, { content: 'https://apius.intelligencebank.com' });
      return true;
    case 'GET /v1/auth/app/info':
      answerInfo(deps, response, url.searchParams.get('token') ?? '');
      return true;
    default:
      sendJson(response, 404, { message: 'not found' });
      return true;
  }
}

/** Does what the switches say; true when that was the answer. */
async function misbehave({ switches }: PlatformState, response: ServerResponse): Promise<boolean> {
  if (!(await delay(response, switches.delayMs))) return true;
  if (switches.status > 0) {
    if (switches.retryAfterSeconds > 0) response.setHeader('retry-after', String(switches.retryAfterSeconds));
    const own = { message: 'the sandbox was told to' };
    sendJson(response, switches.status, switches.statusAs === 'dead' ? DEAD_SESSION.key : own);
  } else if (switches.redirect) {
    // Port 9 (discard): whoever follows gets no answer.
    response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end();
  } else if (switches.html) {
    sendText(response, 200, htmlPage('Not IntelligenceBank', '<p>Some web server.</p>'), 'text/html');
  } else if (switches.cut) {
    sendHalf(response);
  } else {
    return false;
  }
  return true;
}

function answerInfo(deps: LoginDeps, response: ServerResponse, token: string): void {
  const { switches, tokens } = deps.platform;
  const login = tokens.get(token);
  if (login !== undefined && switches.expired) login.expired = true;
  if (login === undefined || hasExpired(login, deps.nowMs())) {
    return sayExpired(response, switches);
  }
  if (switches.brokenJson) return sendText(response, 200, '{"content": {', 'application/json');
  if (switches.withoutSession) {
    return sendJson(response, 200, { SID: 'anonymous', content: { session: null } });
  }
  const { session } = login;
  const waitedSeconds = (deps.nowMs() - login.signedInAtMs) / 1000;
  if (session === undefined || switches.held || waitedSeconds < switches.pendingSeconds) {
    if (switches.unusedAs === 'expired') return sayExpired(response, switches);
    return sendJson(response, 404, { message: 'Not found' });
  }
  if (switches.tellOnce) login.expired = true;
  sendJson(response, 200, infoOf(deps, session));
}

function sayExpired(response: ServerResponse, { expiredAs }: Switches): void {
  if (expiredAs === 'text') sendText(response, 404, 'The requested resource has expired.');
  else sendJson(response, 404, { message: 'The requested resource has expired' });
}

/** Forms in which the API's address was, or may be, given. */
const API_URLS: Readonly<Record<Switches['apiUrlAs'], (origin: string) => string>> = {
  origin: (origin) => origin,
  slash: (origin) => `${origin}/`,
  path: (origin) => `${origin}/api/v3`,
  no_scheme: (origin) => new URL(origin).host,
  no_scheme_path: (origin) => `${new URL(origin).host}/api/v3/`,
  capitals: (origin) => origin.toUpperCase(),
};

function apiUrlOf(apiOrigin: string, { foreignApi, apiUrlAs }: Switches): string {
  return API_URLS[apiUrlAs](foreignApi ? 'https://api.evil.example' : apiOrigin);
}

function clientidOf({ clientid, switches }: PlatformState): string {
  const another = PLATFORM_SEEDS.find((seed) => seed.clientid !== clientid);
  return switches.otherClient ? (another?.clientid ?? '') : clientid;
}

/** IB's answer for a session, with all its looseness. */
function infoOf({ platform, apiOrigin }: LoginDeps, session: Session): unknown {
  const { switches } = platform;
  const { user, sid } = session;
  const number = (value: number): number | string => (switches.numbersAsText ? String(value) : value);
  return {
    SID: randomBytes(16).toString('hex'),
    content: {
      session: { sid, userUuid: user.useruuid, originalUserUuid: null, loginTime: number(session.loginTime) },
      info: {
        clientname: platform.clientname,
        clientuuid: platform.clientuuid,
        clientid: clientidOf(platform),
        sid,
        apikey: `apikey-${sid}`,
        apiV3url: apiUrlOf(apiOrigin, switches),
        ...(switches.withoutPeriod ? {} : { logintimeoutperiod: number(switches.periodHours) }),
        firstname: user.firstname,
        lastname: user.lastname,
        useruuid: user.useruuid,
        ...(user.email === undefined ? {} : { email: user.email }),
        adminemail: 'admin@customer.example',
        thumbnail: '/uploads/thumbnail.png',
        enableAnnotations: '1',
        language: 12,
      },
    },
  };
}

async function loginPage(
  deps: LoginDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const { platform } = deps;
  const login = platform.tokens.get(url.searchParams.get('token') ?? '');
  if (login === undefined || !openPage(login, deps.nowMs())) {
    request.resume();
    const told = '<p>Go back to the app and begin again.</p>';
    return sendText(response, 404, htmlPage('This link has expired', told), 'text/html');
  }
  if (request.method === 'POST') {
    const name = new URLSearchParams(await readBody(request)).get('user');
    const user = platform.users.find((candidate) => candidate.name === name);
    // Whoever is signed in stays so, however often the form is sent.
    if (user !== undefined && login.session === undefined) signIn(login, user, deps.nowMs());
  }
  const title = `${platform.clientname} sign-in`;
  sendText(response, 200, htmlPage(title, bodyOf(platform, login) + NO_FRAMES), 'text/html');
}

/** IB's page does not stay in a frame: it takes the whole window. */
const NO_FRAMES = '<script>if (top !== self) top.location = self.location.href</script>';

/** The users to choose from, or who is signed in. IB neither redirects nor tells the window that opened it. */
function bodyOf(platform: PlatformState, login: LoginToken): string {
  const user = login.session?.user;
  if (user !== undefined) {
    return `<p data-signed-in>You are signed in as ${escapeText(fullName(user))}. You can close this window.</p>`;
  }
  const buttons = platform.users.map(
    (candidate) =>
      `<button name="user" value="${escapeText(candidate.name)}">${escapeText(fullName(candidate))}</button>`,
  );
  return (
    '<p>This is a simulated IntelligenceBank. Who are you?</p>' +
    `<form method="post" class="users">${buttons.join('')}</form>` +
    '<p><small><a href="/__sandbox/">Make this platform misbehave</a></small></p>'
  );
}
