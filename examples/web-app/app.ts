/** A web app that signs users in with OpenID Connect: its routes and its sessions. `oauth.ts` is the part to copy. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as oauth from './oauth.ts';
import { failedPage, signedInPage, signedOutPage } from './pages.ts';

type Session = { checks?: oauth.Checks; tokens?: oauth.Tokens; note?: string; folders?: string[] };
/** Where to go or what to show; `next` replaces the session, under a new cookie. */
type Answer = { to: string; next?: Session } | { page: string; status?: number; next?: Session };

// By a random cookie, in memory: right for one process and a demo. A real app keeps its sessions in a store.
const sessions = new Map<string, Session>();

async function answer(route: string, url: URL, session: Session): Promise<Answer> {
  const { tokens, checks, note, folders } = session;
  if (route === 'POST /sign-in') {
    const begun = await oauth.beginSignIn();
    return { to: begun.to, next: { checks: begun.checks } };
  }
  if (route === 'GET /callback' && checks)
    return { to: oauth.home, next: { tokens: await oauth.finishSignIn(url, checks) } };
  if (tokens === undefined) return { page: signedOutPage(note) };
  if (route === 'POST /sign-out') return { to: oauth.signOutUrl(tokens), next: {} };
  if (route === 'POST /refresh') {
    await oauth.refresh(tokens);
    session.note = 'The tokens were refreshed.';
  }
  if (route === 'POST /folders') session.folders = await oauth.withToken(tokens, oauth.foldersOf);
  if (!route.startsWith('GET ')) return { to: oauth.home };
  session.note = '';
  return { page: signedInPage({ claims: await oauth.withToken(tokens, oauth.claimsOf), note, folders }) };
}

function failure(error: unknown): Answer {
  const reason = oauth.codeOf(error) ?? (error as Error).message;
  if (oauth.isOver(error)) return { page: signedOutPage('Your session is over.'), next: {} };
  if (oauth.isDenied(error))
    return { page: signedOutPage(`Sign-in failed: ${reason}`), status: 400, next: {} };
  return { page: failedPage(reason), status: 502 };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = /(?:^|; )app_session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
  const url = new URL(request.url ?? '/', oauth.home);
  const route = `${request.method} ${url.pathname}`;
  const answered = await answer(route, url, sessions.get(id) ?? {}).catch(failure);
  if (answered.next) {
    sessions.delete(id);
    const next = randomBytes(32).toString('base64url');
    if (answered.next.checks || answered.next.tokens) sessions.set(next, answered.next);
    response.setHeader('set-cookie', `app_session=${next}; HttpOnly; SameSite=Lax; Path=/`);
  }
  if ('to' in answered) response.writeHead(303, { location: answered.to }).end();
  else
    response
      .writeHead(answered.status ?? 200, { 'content-type': 'text/html; charset=utf-8' })
      .end(answered.page);
}

createServer((request, response) => void handle(request, response)).listen(oauth.port, '127.0.0.1', () =>
  console.log(`example app listens on ${oauth.home}`),
);
