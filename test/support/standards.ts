/** What the tests of standards share: one client of each kind, and calls as such clients make them. */
import { randomUUID } from 'node:crypto';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';
import { Browser, formsOf, type Page } from './browser.ts';
import {
  REDIRECT_URI,
  type Stack,
  type StackOptions,
  signIn,
  startStack,
  TV_CLIENT,
  WEB_SECRET,
} from './stack.ts';

export const RESOURCE = 'https://mcp.acme.example/mcp';
export const JWT_RESOURCE = 'https://api.acme.example/';
export const SPA_REDIRECT_URI = 'https://spa.example/callback';
export const NATIVE_REDIRECT_URI = 'http://127.0.0.1/callback';

/** What a `client_assertion` is said to be (RFC 7523 section 2.2). */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The key that the client `signed` is registered with. */
export interface ClientKey {
  readonly pair: GenerateKeyPairResult;
  readonly kid: string;
}

function clientsFile(jwk: object, backchannelLogoutUri: string): string {
  return `
clients:
  - client_id: web
    client_name: Web App
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    post_logout_redirect_uris: [https://app.example/bye]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile email offline_access ib:api ib:session
    backchannel_logout_uri: ${backchannelLogoutUri}
    backchannel_logout_session_required: true
  - client_id: other
    client_name: Other App
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
  - client_id: spa
    client_name: Single Page
    redirect_uris: [${SPA_REDIRECT_URI}]
    token_endpoint_auth_method: none
    grant_types: [authorization_code, refresh_token]
    scope: openid profile offline_access ib:api
  - client_id: native
    client_name: Native App
    application_type: native
    redirect_uris: ['${NATIVE_REDIRECT_URI}', 'com.example.native:/callback']
    token_endpoint_auth_method: none
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
  - client_id: pairwise
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    subject_type: pairwise
    scope: openid profile${TV_CLIENT}  - client_id: signed
    token_endpoint_auth_method: private_key_jwt
    redirect_uris: [${REDIRECT_URI}]
    grant_types: [authorization_code, client_credentials]
    jwks: { keys: [${JSON.stringify(jwk)}] }
    scope: openid profile ib:api
  - client_id: mcp-server
    client_secret_env: WEB_SECRET
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange', client_credentials]
resources:
  - identifier: ${RESOURCE}
    name: ACME assets
    scopes: [profile, ib:api]
    client_id: mcp-server
  - identifier: ${JWT_RESOURCE}
    scopes: [profile, ib:api]
    token_format: jwt
    client_id: mcp-server
`;
}

/** A running product with one client of each kind. */
export async function startStandards(
  options: StackOptions & { readonly backchannelLogoutUri?: string } = {},
): Promise<{ stack: Stack; key: ClientKey }> {
  const pair = await generateKeyPair('ES256', { extractable: true });
  const kid = 'client-key';
  const jwk = { ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg: 'ES256' };
  const { backchannelLogoutUri = 'https://app.example/backchannel', ...rest } = options;
  const stack = await startStack({
    clients: clientsFile(jwk, backchannelLogoutUri),
    ...rest,
    env: { LOG_LEVEL: 'silent', ...rest.env },
  });
  return { stack, key: { pair, kid } };
}

/** HTTP Basic for a confidential test client. */
export function basic(id: string, secret = WEB_SECRET): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** A form posted to an endpoint, its answer read as JSON where it is. */
export async function post(
  stack: Pick<Stack, 'issuer'>,
  path: string,
  params: Record<string, string> | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(stack.issuer + path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof params === 'string' ? params : new URLSearchParams(params).toString(),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>,
    text,
  };
}

/** What an error answer of a token endpoint is compared by. */
export const errorOf = ({ status, body }: Pick<Answer, 'status' | 'body'>): [number, unknown] => [
  status,
  body['error'],
];

/** The scopes of a token endpoint's answer. */
export const scopesIn = ({ body }: Pick<Answer, 'body'>): string[] => String(body['scope']).split(' ');

/** GET of a JSON document. */
export async function getJson(url: string, headers: Record<string, string> = {}): Promise<Answer['body']> {
  return (await (await fetch(url, { headers })).json()) as Answer['body'];
}

/** The parameters that `/authorize` sends back to the app, wherever in the URL. */
export function answerIn(page: Page): URLSearchParams {
  const location = URL.parse(page.headers.get('location') ?? '', page.url.href);
  if (location === null) return new URLSearchParams();
  return location.hash === '' ? location.searchParams : new URLSearchParams(location.hash.slice(1));
}

/** Submits the only form of a page. */
export async function submitOnly(
  browser: Browser,
  page: Page,
  fields: Record<string, string> = {},
): Promise<Page> {
  const [form] = formsOf(page);
  if (form === undefined) throw new Error(`no form on ${page.url.pathname}: ${page.body.slice(0, 300)}`);
  return browser.submit(page, form, fields);
}

/** A code for the public browser app. */
export function signInAsSpa(stack: Stack, params: Record<string, string> = {}): Promise<URL> {
  return signIn(stack, new Browser(), {
    client_id: 'spa',
    redirect_uri: SPA_REDIRECT_URI,
    scope: 'openid profile ib:api',
    ...params,
  });
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** A DPoP proof (RFC 9449 section 4.2). */
export async function dpopProof(
  stack: Pick<Stack, 'issuer'>,
  key: GenerateKeyPairResult,
  claims: { htm: string; path: string } & Record<string, unknown>,
): Promise<string> {
  const { htm, path, ...more } = claims;
  return new SignJWT({ htm, htu: stack.issuer + path, jti: randomUUID(), iat: nowSeconds(), ...more })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(key.publicKey) })
    .sign(key.privateKey);
}
