/** A web app that signs users in with OpenID Connect. It knows the issuer's URL and its own registration, nothing else. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as client from 'openid-client';

const {
  ISSUER = 'http://localhost:3000',
  CLIENT_ID = 'demo-web-app',
  CLIENT_SECRET,
  PORT = '3001',
} = process.env;
const home = `http://localhost:${PORT}/`;
const redirectUri = `${home}callback`;
const scope = 'openid profile email offline_access ib:api';

interface Tokens {
  readonly sub: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
}

interface Session {
  readonly checks?: { readonly verifier: string; readonly state: string; readonly nonce: string };
  readonly tokens?: Tokens;
  readonly note?: string;
}

// One process, one demo: a real app keeps its sessions in a store.
const sessions = new Map<string, Session>();
const issuer = new URL(ISSUER);
const insecure = issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {};
const config = await client.discovery(issuer, CLIENT_ID, CLIENT_SECRET, undefined, insecure);

async function signIn(id: string): Promise<string> {
  const checks = {
    verifier: client.randomPKCECodeVerifier(),
    state: client.randomState(),
    nonce: client.randomNonce(),
  };
  sessions.set(id, { checks });
  return client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.verifier),
    code_challenge_method: 'S256',
    prompt: 'consent', // what offline_access asks for (OpenID Connect Core 11)
  }).href;
}

async function callback(id: string, url: URL): Promise<void> {
  const checks = sessions.get(id)?.checks;
  const answer = await client.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: checks?.verifier ?? '',
    expectedState: checks?.state ?? '',
    expectedNonce: checks?.nonce ?? '',
  });
  const { access_token: accessToken, refresh_token: refreshToken = '', id_token: idToken = '' } = answer;
  sessions.set(id, { tokens: { sub: answer.claims()?.sub ?? '', accessToken, refreshToken, idToken } });
}

async function act(id: string, path: string, tokens: Tokens): Promise<string> {
  if (path === '/refresh') {
    const next = await client.refreshTokenGrant(config, tokens.refreshToken);
    const refreshToken = next.refresh_token ?? tokens.refreshToken; // rotated: the old one is used up
    const refreshed = { ...tokens, accessToken: next.access_token, refreshToken };
    sessions.set(id, { tokens: refreshed, note: 'The tokens were refreshed.' });
  } else if (path === '/folders') {
    const claims = await client.fetchUserInfo(config, tokens.accessToken, tokens.sub);
    const url = new URL(`/proxy/api/3.0.0/${claims['ib_client_id']}/folder.limit(0,5)`, issuer);
    const answer = await client.fetchProtectedResource(config, tokens.accessToken, url, 'GET');
    sessions.set(id, { tokens, note: `IntelligenceBank says: ${await answer.text()}` });
  } else if (path === '/sign-out') {
    sessions.delete(id);
    const parameters = { id_token_hint: tokens.idToken, post_logout_redirect_uri: home };
    return client.buildEndSessionUrl(config, parameters).href;
  }
  return home;
}

const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

async function page({ tokens, note }: Session): Promise<string> {
  const claims = tokens && (await client.fetchUserInfo(config, tokens.accessToken, tokens.sub));
  const rows = Object.entries(claims ?? {}).map(
    ([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(String(value))}</dd>`,
  );
  const button = (path: string, text: string) =>
    `<form method="post" action="${path}"><button>${text}</button></form>`;
  const body = claims
    ? `<p>Hello, <strong>${escapeText(String(claims['name']))}</strong>.</p><dl>${rows.join('')}</dl>${button('/refresh', 'Refresh')}${button('/folders', 'List folders')}${button('/sign-out', 'Sign out')}`
    : button('/sign-in', 'Sign in with IntelligenceBank');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Example app</title><style>body{font:1rem/1.5 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem;margin-top:.5rem}dt{color:#5a6270}</style><h1>Example app</h1>${note ? `<p role="status">${escapeText(note)}</p>` : ''}${body}</html>`;
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id =
    /app_session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? randomBytes(32).toString('base64url');
  const url = new URL(request.url ?? '/', home);
  const session = sessions.get(id) ?? {};
  response.setHeader('set-cookie', `app_session=${id}; HttpOnly; SameSite=Lax; Path=/`);
  if (url.pathname === '/callback') await callback(id, url);
  else if (request.method === 'POST') {
    const to =
      url.pathname === '/sign-in'
        ? await signIn(id)
        : session.tokens
          ? await act(id, url.pathname, session.tokens)
          : home;
    return void response.writeHead(303, { location: to }).end();
  } else return void response.setHeader('content-type', 'text/html; charset=utf-8').end(await page(session));
  response.writeHead(303, { location: home }).end();
}

createServer((request, response) => {
  handle(request, response).catch((error: Error & { error?: string }) => {
    response.writeHead(error.error ? 400 : 500, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`Sign-in failed: ${error.error ?? error.message}`);
  });
}).listen(Number(PORT), '127.0.0.1', () => console.log(`example app listens on ${home}`));
