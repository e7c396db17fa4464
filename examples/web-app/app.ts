/** A web app that signs users in with OpenID Connect. It knows the issuer's URL and its own registration, nothing else. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as client from 'openid-client';
import { failedPage, signedInPage, signedOutPage } from './pages.ts';

const { ISSUER = 'http://localhost:3000', CLIENT_ID = 'demo-web-app', PORT = '3001' } = process.env;
const home = `http://localhost:${PORT}/`;
const issuer = new URL(ISSUER);
const authentication = client.ClientSecretBasic(process.env['CLIENT_SECRET']);
const insecure = issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {};
const config = await client.discovery(issuer, CLIENT_ID, undefined, authentication, insecure);

/** What is remembered between the button and the callback. */
type Checks = { pkceCodeVerifier: string; expectedState: string; expectedNonce: string };
type Tokens = { sub: string; accessToken: string; refreshToken: string; idToken: string };
type Session = { checks?: Checks; tokens?: Tokens; note?: string; folders?: string[] };
/** Where to go or what to show; `next` replaces the session, under a new cookie. */
type Answer = { to: string; next?: Session } | { page: string; status?: number; next?: Session };

// By a random cookie, in memory: right for one process and a demo. A real app keeps its sessions in a store.
const sessions = new Map<string, Session>();

async function signIn(): Promise<Answer> {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: `${home}callback`,
    scope: 'openid profile email offline_access ib:api',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    prompt: 'consent', // what offline_access asks for (OpenID Connect Core, 11)
  });
  return { to: url.href, next: { checks } };
}

async function callback(url: URL, checks: Checks): Promise<Answer> {
  const got = await client.authorizationCodeGrant(config, url, checks);
  const { access_token: accessToken, refresh_token: refreshToken = '', id_token: idToken = '' } = got;
  const sub = got.claims()?.sub ?? '';
  return { to: home, next: { tokens: { sub, accessToken, refreshToken, idToken } } };
}

async function refresh(session: Session, tokens: Tokens): Promise<void> {
  const got = await client.refreshTokenGrant(config, tokens.refreshToken);
  tokens.accessToken = got.access_token;
  tokens.refreshToken = got.refresh_token ?? tokens.refreshToken; // rotated: the old one is used up
  session.note = 'The tokens were refreshed.';
}

/** Runs `use`; where the access token is refused (it lives for an hour), once more with a new one. */
async function withToken<T>(session: Session, tokens: Tokens, use: () => Promise<T>): Promise<T> {
  return use().catch(async (error: unknown) => {
    if (!isRefused(error)) throw error;
    await refresh(session, tokens);
    return use();
  });
}

const claimsOf = ({ accessToken, sub }: Tokens) => client.fetchUserInfo(config, accessToken, sub);

/** Calls IntelligenceBank: its own path behind `/proxy`, with the access token as bearer. */
async function listFolders(session: Session, tokens: Tokens): Promise<void> {
  const { ib_client_id: clientid } = await claimsOf(tokens);
  const url = new URL(`/proxy/api/3.0.0/${clientid}/folder.limit(0,5)`, issuer);
  const got = await client.fetchProtectedResource(config, tokens.accessToken, url, 'GET');
  if (!got.ok) {
    session.note = `IntelligenceBank answered with status ${got.status}.`;
    return;
  }
  const { response } = (await got.json()) as { response: { rows: { name: string }[] } };
  session.folders = response.rows.map(({ name }) => name);
}

const isRefused = (error: unknown): boolean =>
  error instanceof client.WWWAuthenticateChallengeError && error.status === 401;

async function answer(route: string, url: URL, session: Session): Promise<Answer> {
  const { tokens, checks, note, folders } = session;
  if (route === 'POST /sign-in') return signIn();
  if (route === 'GET /callback' && checks) return callback(url, checks);
  if (tokens === undefined) return { page: signedOutPage(note) };
  if (route === 'POST /sign-out') {
    const parameters = { id_token_hint: tokens.idToken, post_logout_redirect_uri: home };
    return { to: client.buildEndSessionUrl(config, parameters).href, next: {} };
  }
  if (route === 'POST /refresh') await refresh(session, tokens);
  if (route === 'POST /folders') await withToken(session, tokens, () => listFolders(session, tokens));
  if (!route.startsWith('GET ')) return { to: home };
  session.note = '';
  const claims = await withToken(session, tokens, () => claimsOf(tokens));
  return { page: signedInPage({ claims, note, folders }) };
}

function failure(error: unknown): Answer {
  const { error: code } = error as { error?: string };
  // The IntelligenceBank session has ended, or access was taken back: only a new sign-in helps.
  if (isRefused(error) || code === 'invalid_grant')
    return { page: signedOutPage('Your session is over.'), next: {} };
  if (error instanceof client.AuthorizationResponseError)
    return { page: signedOutPage(`Sign-in failed: ${code}`), status: 400, next: {} };
  return { page: failedPage(code ?? (error as Error).message), status: 502 };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = /(?:^|; )app_session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
  const url = new URL(request.url ?? '/', home);
  const answered = await answer(`${request.method} ${url.pathname}`, url, sessions.get(id) ?? {}).catch(
    failure,
  );
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

createServer((request, response) => void handle(request, response)).listen(Number(PORT), '127.0.0.1', () =>
  console.log(`example app listens on ${home}`),
);
