/** IB's browser login: the token, the page where a user signs in, and the answer that must be polled. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { escapeText, readBody, sendJson, sendText } from './http.ts';
import { issueToken, type LoginToken, type PlatformState, type Session, signIn } from './state.ts';

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
  if (await misbehave(deps.platform, response)) return true;
  switch (url.pathname) {
    case '/v1/auth/app/token': {
      const { token } = issueToken(deps.platform);
      deps.platform.switches.expired = false;
      sendJson(response, 200, { SID: randomBytes(16).toString('hex'), content: token });
      return true;
    }
    case '/v1/auth/app/getYapiAddress':
      sendJson(response, 200, { content: 'https://apius.intelligencebank.com' });
      return true;
    case '/v1/auth/app/info':
      answerInfo(deps, response, url.searchParams.get('token') ?? '');
      return true;
    default:
      sendJson(response, 404, { message: 'not found' });
      return true;
  }
}

/** Does what the switches say; true when that was the answer. */
async function misbehave({ switches }: PlatformState, response: ServerResponse): Promise<boolean> {
  if (switches.delayMs > 0) await setTimeout(switches.delayMs);
  if (switches.status > 0) {
    if (switches.retryAfterSeconds > 0) response.setHeader('retry-after', String(switches.retryAfterSeconds));
    sendJson(response, switches.status, { message: 'the sandbox was told to' });
  } else if (switches.redirect) {
    response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end();
  } else if (switches.html) {
    sendText(response, 200, '<!doctype html><title>Hello</title><h1>Not IntelligenceBank</h1>', 'text/html');
  } else if (switches.cut) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"content":');
    response.destroy();
  } else {
    return false;
  }
  return true;
}

function answerInfo(deps: LoginDeps, response: ServerResponse, token: string): void {
  const { switches, tokens } = deps.platform;
  const login = tokens.get(token);
  if (login === undefined || login.expired || switches.expired) {
    if (login !== undefined) login.expired = true;
    if (switches.expiredAs === 'text') sendText(response, 404, 'The requested resource has expired.');
    else sendJson(response, 404, { message: 'The requested resource has expired' });
    return;
  }
  if (switches.brokenJson) return sendText(response, 200, '{"content": {', 'application/json');
  if (switches.withoutSession)
    return sendJson(response, 200, { SID: 'anonymous', content: { session: null } });
  const { session } = login;
  const waited = (deps.nowMs() - login.signedInAtMs) / 1000;
  if (session === undefined || waited < switches.pendingSeconds) {
    return sendJson(response, 404, { message: 'Not found' });
  }
  if (switches.tellOnce) login.expired = true;
  sendJson(response, 200, infoOf(deps, session));
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
        clientid: platform.clientid,
        sid,
        apikey: `apikey-${sid}`,
        apiV3url: switches.foreignApi ? 'https://api.evil.example' : apiOrigin,
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
  const login = deps.platform.tokens.get(url.searchParams.get('token') ?? '');
  if (login === undefined || login.expired)
    return sendText(response, 404, page('This link has expired', ''), 'text/html');
  if (request.method === 'POST') {
    const name = new URLSearchParams(await readBody(request)).get('user');
    const user = deps.platform.users.find((candidate) => candidate.name === name);
    if (user !== undefined) signIn(login, user, deps.nowMs());
  }
  sendText(
    response,
    200,
    page(`${deps.platform.clientname} sign-in`, bodyOf(deps.platform, login)),
    'text/html',
  );
}

/** The users to choose from, or who is signed in. IB neither redirects nor tells the window that opened it. */
function bodyOf(platform: PlatformState, login: LoginToken): string {
  const user = login.session?.user;
  if (user !== undefined) {
    return `<p data-signed-in>You are signed in as ${escapeText(user.firstname)}. You can close this window.</p>`;
  }
  const buttons = platform.users.map(
    ({ name, firstname, lastname }) =>
      `<p><button name="user" value="${escapeText(name)}">${escapeText(`${firstname} ${lastname}`)}</button></p>`,
  );
  return `<p>This is a simulated IntelligenceBank. Who are you?</p><form method="post">${buttons.join('')}</form>`;
}

function page(title: string, body: string): string {
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${escapeText(title)}</title><style>body{font:1rem/1.5 system-ui;max-width:24rem;margin:3rem auto;padding:0 1rem}` +
    `button{font:inherit;padding:.5rem 1rem;width:100%}</style><h1>${escapeText(title)}</h1>${body}</html>`
  );
}
