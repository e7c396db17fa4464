/** Apps that are named by the address of their metadata: a host of such documents, and sign-ins of theirs. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import { CHALLENGE, type Stack, signInAt, startStack, VERIFIER } from '../support/stack.ts';
import { type Answer, post } from '../support/standards.ts';

/** A host of metadata documents on loopback: what is at a path, and how often each was asked for. */
export interface DocumentHost {
  readonly origin: string;
  readonly asked: string[];
  at(path: string, answer: (request: IncomingMessage, response: ServerResponse) => void): string;
  /** A document by its path, as JSON; undefined members are left out. */
  document(path: string, more?: object, headers?: Record<string, string>): string;
  close(): Promise<void>;
}

/** Starts one. */
export async function startDocumentHost(): Promise<DocumentHost> {
  const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers.get(request.url ?? '');
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const at: DocumentHost['at'] = (path, answer) => {
    answers.set(path, answer);
    return origin + path;
  };
  return {
    origin,
    asked,
    at,
    document: (path, more = {}, headers = {}) =>
      at(path, (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify({ ...documentOf(origin + path), ...more }));
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A document that will do. */
export const documentOf = (client_id: string) => ({
  client_id,
  client_name: 'Document Client',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

/** Where the apps want their codes. */
export const REDIRECT = 'http://127.0.0.1:50123/callback';

/** `stack` and `host` are there once the suite has begun; what `host` was asked is forgotten before each test. */
export interface DocumentApps {
  readonly stack: Stack;
  readonly host: DocumentHost;
  laterMs(milliseconds: number): void;
  urlFor(clientId: string, more?: Record<string, string>): string;
  /** The first page of a sign-in. */
  open(clientId: string, more?: Record<string, string>): Promise<Page>;
  /** A whole sign-in; where it ends. */
  allow(clientId: string, more?: Record<string, string>): Promise<URL>;
  redeem(clientId: string, back: URL, redirectUri?: string): Promise<Answer>;
  /** Expects a page that names the host and says why. */
  refused(id: string, reason: string | RegExp, more?: Record<string, string>): Promise<void>;
}

/** Starts a server that takes such apps from anywhere; call inside `describe`. */
export function useDocumentApps(): DocumentApps {
  let stack: Stack;
  let host: DocumentHost;
  let offset = 0;
  before(async () => {
    host = await startDocumentHost();
    stack = await startStack({
      env: { CLIENT_ID_METADATA_HOSTS: '*' },
      now: () => Date.now() + offset,
    });
  });
  beforeEach(() => {
    host.asked.length = 0;
  });
  after(async () => {
    await stack.close();
    await host.close();
  });

  const urlFor = (client_id: string, more: Record<string, string> = {}): string => {
    const url = new URL('/authorize', stack.issuer);
    url.search = new URLSearchParams({
      client_id,
      redirect_uri: REDIRECT,
      response_type: 'code',
      scope: 'profile ib:api',
      state: 's',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...more,
    }).toString();
    return url.href;
  };
  const open = (client_id: string, more?: Record<string, string>): Promise<Page> =>
    new Browser().request(urlFor(client_id, more));
  const allow = async (client_id: string, more?: Record<string, string>): Promise<URL> => {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, urlFor(client_id, more));
    return (await browser.press(consent, 'consent', { decision: 'allow' })).url;
  };
  const redeem = (client_id: string, back: URL, redirect_uri = REDIRECT) =>
    post(stack, '/token', {
      grant_type: 'authorization_code',
      client_id,
      code: back.searchParams.get('code') ?? '',
      redirect_uri,
      code_verifier: VERIFIER,
    });
  const refused = async (id: string, reason: string | RegExp, more?: Record<string, string>) => {
    const page = await open(id, more);
    expect([page.status, page.headers.get('location')], id).to.deep.equal([400, null]);
    expect(page.headers.get('content-type')).to.contain('text/html');
    expect(page.body).to.contain(new URL(id).host);
    expect(page.body).to.match(typeof reason === 'string' ? new RegExp(reason) : reason);
  };
  return {
    get stack() {
      return stack;
    },
    get host() {
      return host;
    },
    laterMs: (milliseconds) => {
      offset += milliseconds;
    },
    urlFor,
    open,
    allow,
    redeem,
    refused,
  };
}
