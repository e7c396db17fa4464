/** All that this app knows of OAuth: the issuer's URL and its own registration. The rest comes from discovery. */
import * as client from 'openid-client';

const { ISSUER = 'http://localhost:3000', CLIENT_ID = 'demo-web-app', PORT = '3001' } = process.env;
const issuer = new URL(ISSUER);
const authentication = client.ClientSecretBasic(process.env['CLIENT_SECRET']);
const insecure = issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {};
const config = await client.discovery(issuer, CLIENT_ID, undefined, authentication, insecure);

export const port = Number(PORT);
export const home = `http://localhost:${port}/`;

/** What is remembered between the button and the callback. */
export type Checks = { pkceCodeVerifier: string; expectedState: string; expectedNonce: string };
export type Tokens = { sub: string; accessToken: string; refreshToken: string; idToken: string };

/** Where to send the browser, and what to check when it comes back. */
export async function beginSignIn(): Promise<{ to: string; checks: Checks }> {
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
  return { to: url.href, checks };
}

export async function finishSignIn(callback: URL, checks: Checks): Promise<Tokens> {
  const got = await client.authorizationCodeGrant(config, callback, checks);
  const { access_token: accessToken, refresh_token: refreshToken = '', id_token: idToken = '' } = got;
  return { sub: got.claims()?.sub ?? '', accessToken, refreshToken, idToken };
}

export async function refresh(tokens: Tokens): Promise<void> {
  const got = await client.refreshTokenGrant(config, tokens.refreshToken);
  tokens.accessToken = got.access_token;
  tokens.refreshToken = got.refresh_token ?? tokens.refreshToken; // rotated: the old one is used up
}

/** Runs `use`; where the access token is refused (it lives for an hour), once more with a new one. */
export async function withToken<T>(tokens: Tokens, use: (tokens: Tokens) => Promise<T>): Promise<T> {
  return use(tokens).catch(async (error: unknown) => {
    if (!isRefused(error)) throw error;
    await refresh(tokens);
    return use(tokens);
  });
}

export const claimsOf = ({ accessToken, sub }: Tokens) => client.fetchUserInfo(config, accessToken, sub);

/** Calls IntelligenceBank: its own path behind `/proxy`, with the access token as bearer. */
export async function foldersOf(tokens: Tokens): Promise<string[]> {
  const { ib_client_id: clientid } = await claimsOf(tokens);
  const url = new URL(`/proxy/api/3.0.0/${clientid}/folder.limit(0,5)`, issuer);
  const got = await client.fetchProtectedResource(config, tokens.accessToken, url, 'GET');
  if (!got.ok) throw new Error(`IntelligenceBank answered with status ${got.status}`);
  const { response } = (await got.json()) as { response: { rows: { name: string }[] } };
  return response.rows.map(({ name }) => name);
}

export const signOutUrl = ({ idToken }: Tokens): string =>
  client.buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: home }).href;

/** The browser came back with an error instead of a code, e.g. `access_denied`. */
export const isDenied = (error: unknown): boolean => error instanceof client.AuthorizationResponseError;

/** The IntelligenceBank session has ended, or access was taken back: only a new sign-in helps. */
export const isOver = (error: unknown): boolean => isRefused(error) || codeOf(error) === 'invalid_grant';

/** The `error` of an OAuth answer; undefined for any other failure. */
export const codeOf = (error: unknown): string | undefined => (error as { error?: string }).error;

function isRefused(error: unknown): boolean {
  return error instanceof client.WWWAuthenticateChallengeError && error.status === 401;
}
