/** The product, a sandbox and a store for one test: real HTTP on loopback, everything closed at the end. */

import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { loadConfig } from '../../config/config.ts';
import type { Lifetimes } from '../../config/lifetimes.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/server/listen.ts';
import { attributeOf, Browser, type Page } from './browser.ts';

export const REDIRECT_URI = 'https://app.example/callback';
export const WEB_SECRET = 'web-secret-web-secret-web-secret';

/** A clients' file for tests: a confidential web app, a public one, a first-party one, a native one. */
export const CLIENTS = `
clients:
  - client_id: web
    client_name: Web App
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    post_logout_redirect_uris: [https://app.example/bye]
    grant_types: [authorization_code, refresh_token]
    token_endpoint_auth_method: client_secret_basic
    scope: openid profile email offline_access ib:api ib:session
  - client_id: spa
    client_name: Single Page
    redirect_uris: [https://spa.example/callback]
    grant_types: [authorization_code, refresh_token]
    token_endpoint_auth_method: none
    scope: openid profile email offline_access ib:api
  - client_id: first
    client_name: First Party
    client_secret_env: WEB_SECRET
    redirect_uris: [https://first.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
    ib: { skip_consent: true }
`;

/** One more entry for a clients' file: a device without a browser. */
export const TV_CLIENT = `
  - client_id: tv
    client_name: Television
    token_endpoint_auth_method: none
    application_type: native
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', refresh_token]
    scope: openid profile ib:api
`;

export interface Stack {
  readonly sandbox: Sandbox;
  readonly server: RunningServer;
  readonly issuer: string;
  readonly logs: string[];
  readonly clientsFile: string;
  /** The first line of the log, written already or to come, with this event and what else is wanted of it. */
  logged(event: string, wanted?: (line: LogLine) => boolean): Promise<LogLine>;
  close(): Promise<void>;
}

export type LogLine = Readonly<Record<string, unknown>>;

export interface StackOptions
  extends Pick<ServerOptions, 'now' | 'store' | 'fetch' | 'loopDelay' | 'maxProxyBytes'> {
  readonly clients?: string;
  readonly env?: Record<string, string>;
  readonly sandbox?: Sandbox;
  /** More origins that may be private addresses. */
  readonly extraHosts?: readonly string[];
  /** Life times and limits that differ from the product's. */
  readonly lifetimes?: Partial<Lifetimes>;
}

/** Starts a stack. Its store is in memory, its logs are kept for the test to read. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-test-'));
  const sandbox =
    options.sandbox ?? (await startSandbox(options.now === undefined ? {} : { clock: options.now }));
  const end = async (): Promise<void> => {
    if (options.sandbox === undefined) await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await startOn(sandbox, { folder, end, options });
  } catch (error) {
    await end();
    throw error;
  }
}

interface Ground {
  readonly folder: string;
  /** Takes away what the server stood on. */
  readonly end: () => Promise<void>;
  readonly options: StackOptions;
}

async function startOn(sandbox: Sandbox, { folder, end, options }: Ground): Promise<Stack> {
  const clientsFile = join(folder, 'clients.yaml');
  writeFileSync(clientsFile, options.clients ?? CLIENTS);
  const [first, second] = sandbox.platforms;
  const env = {
    PORT: '0',
    CLIENTS_FILE: clientsFile,
    DATA_DIR: ':memory:',
    IB_HOSTS: [first.origin, second.origin, sandbox.apiOrigin].join(','),
    WEB_SECRET,
    LOG_LEVEL: 'debug',
    ...options.env,
    ...(options.extraHosts === undefined
      ? {}
      : { IB_HOSTS: [first.origin, second.origin, sandbox.apiOrigin, ...options.extraHosts].join(',') }),
  };
  const loaded = loadConfig(env);
  if (!loaded.ok) throw new Error(loaded.faults.join('\n'));
  const logs: string[] = [];
  const written = new EventEmitter();
  const write = (line: string): void => {
    logs.push(line);
    written.emit('line');
  };
  const log = pino({ level: loaded.config.logLevel }, { write });
  const server = await startServer({
    config: { ...loaded.config, lifetimes: { ...loaded.config.lifetimes, ...options.lifetimes } },
    clientSecrets: loaded.clientSecrets,
    secretsText: loaded.secretsText,
    log,
    reload: () => loadConfig(env),
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(options.store === undefined ? {} : { store: options.store }),
    ...(options.loopDelay === undefined ? {} : { loopDelay: options.loopDelay }),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.maxProxyBytes === undefined ? {} : { maxProxyBytes: options.maxProxyBytes }),
  });
  return {
    sandbox,
    server,
    issuer: server.issuer,
    logs,
    clientsFile,
    async logged(event, wanted = () => true) {
      for (let next = 0; ; ) {
        while (next < logs.length) {
          const line = JSON.parse(logs[next] ?? '') as LogLine;
          next += 1;
          if (line['event'] === event && wanted(line)) return line;
        }
        await once(written, 'line');
      }
    },
    async close() {
      await server.close();
      await end();
    },
  };
}

/** An authorization URL with PKCE for the test verifier. */
export function authorizeUrl(issuer: string, params: Record<string, string> = {}): string {
  const url = new URL('/authorize', issuer);
  url.search = new URLSearchParams({
    client_id: 'web',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile email ib:api',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...params,
  }).toString();
  return url.href;
}

/** RFC 7636 appendix B. */
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

/** From `/authorize` to the page after the login at IB: chooses the platform, signs in there, goes on without scripts. */
export async function signInAt(
  stack: Pick<Stack, 'sandbox'>,
  browser: Browser,
  url: string,
  user = 'ada',
  at: 0 | 1 = 0,
): Promise<Page> {
  const platform = stack.sandbox.platforms[at];
  let page = await browser.open(url);
  page = await browser.press(page, 'platform', { platform_url: platform.origin });
  const link = attributeOf(page, 'data-ib-login', 'href');
  if (link === undefined) throw new Error(`no login link: ${page.status} ${page.body.slice(0, 400)}`);
  platform.signIn(user, new URL(link).searchParams.get('token') ?? '');
  return browser.press(page, 'continue');
}

/** A whole sign-in with consent; the URL the app gets. */
export async function signIn(
  stack: Pick<Stack, 'issuer' | 'sandbox'>,
  browser = new Browser(),
  params: Record<string, string> = {},
  user = 'ada',
): Promise<URL> {
  const page = await signInAt(stack, browser, authorizeUrl(stack.issuer, params), user);
  if (page.url.origin !== new URL(stack.issuer).origin) return page.url;
  const done = await browser.press(page, 'consent', { decision: 'allow' });
  return done.url;
}

/** A call of the token endpoint as the confidential test app. */
export async function token(
  { issuer }: Pick<Stack, 'issuer'>,
  params: Record<string, string>,
  clientId = 'web',
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(clientId === 'spa'
        ? {}
        : { authorization: `Basic ${Buffer.from(`${clientId}:${WEB_SECRET}`).toString('base64')}` }),
    },
    body: new URLSearchParams({ ...params, ...(clientId === 'spa' ? { client_id: clientId } : {}) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Exchanges the code of a redirect. */
export async function exchange(
  stack: Pick<Stack, 'issuer'>,
  redirect: URL,
  clientId = 'web',
): Promise<{ status: number; body: Record<string, unknown> }> {
  return token(
    stack,
    {
      grant_type: 'authorization_code',
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: redirect.origin + redirect.pathname,
      code_verifier: VERIFIER,
    },
    clientId,
  );
}

/** GET with a bearer token. */
export async function withBearer(url: string, accessToken: unknown): Promise<Response> {
  return fetch(url, { headers: { authorization: `Bearer ${String(accessToken)}` } });
}
