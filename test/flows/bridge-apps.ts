/** Apps of the bridge and others, their sign-ins and tokens, and what the raw session of IntelligenceBank looks like in either. */
import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import {
  authorizeUrl,
  CHALLENGE,
  REDIRECT_URI,
  type Stack,
  signInAt,
  startStack,
  VERIFIER,
} from '../support/stack.ts';
import { type Answer, post } from '../support/standards.ts';

export const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const RESOURCE = 'https://mcp.acme.example/mcp';
export const JWT_RESOURCE = 'https://api.acme.example/';
export const BRIDGE_REDIRECT = 'http://localhost:54321/callback';

const CLIENTS = `
clients:
  - client_id: bridge
    client_name: Bridge App
    application_type: native
    token_endpoint_auth_method: none
    redirect_uris: [http://localhost/callback]
    grant_types: [authorization_code, refresh_token, '${DEVICE}']
    scope: openid profile offline_access ib:api ib:session
    ib: { bridge_compat: true }
  - client_id: narrow
    client_name: Bridge App without the session
    application_type: native
    token_endpoint_auth_method: none
    redirect_uris: [http://localhost/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
    ib: { bridge_compat: true }
  - client_id: secret
    client_name: Bridge App with a secret
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    grant_types: [authorization_code, refresh_token, '${EXCHANGE}', client_credentials]
    scope: openid profile ib:api ib:session
    ib: { bridge_compat: true }
  - client_id: web
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api ib:session
  - client_id: first
    client_name: First Party
    client_secret_env: WEB_SECRET
    redirect_uris: [https://first.example/callback]
    scope: openid profile ib:api ib:session
    ib: { skip_consent: true }
resources:
  - identifier: ${RESOURCE}
    scopes: [profile, ib:api]
    client_id: secret
  - identifier: ${JWT_RESOURCE}
    scopes: [profile, ib:api]
    token_format: jwt
`;

/** How the consent page names the raw session. */
export const NAMED = 'outside our control';
/** Any sid of the simulated IntelligenceBank. */
export const SID = /sid-[0-9a-f]{32}/;

/** `stack` is there once the suite has begun. Calls are the app `bridge`'s where nothing else is said. */
export interface BridgeApps {
  readonly stack: Stack;
  later(ms: number): void;
  bridgeUrl(params?: Record<string, string>): string;
  /** Allows what a consent page asks for; the code. */
  allow(browser: Browser, page: Page): Promise<string>;
  /** Signs in by an address; whether the consent page named the session, and the code. */
  signInBy(url: string, browser?: Browser): Promise<{ named: boolean; code: string; browser: Browser }>;
  redeem(code: string, params?: Record<string, string>): Promise<Answer>;
  refresh(value: unknown, params?: Record<string, string>): Promise<Answer>;
  /** What tokens can be read for, with them or out of them. */
  everythingIn(answer: Answer): Promise<string>;
  /** Expects tokens, and nothing of the session in them. */
  expectNone(answer: Answer): Promise<void>;
  /** The address of a pushed request. */
  pushed(params: Record<string, string>): Promise<string>;
}

/** Starts a server for them; call inside `describe`. */
export function useBridgeApps(): BridgeApps {
  let stack: Stack;
  let now = Date.now();
  before(async () => {
    stack = await startStack({ now: () => now, env: { LOG_LEVEL: 'silent' }, clients: CLIENTS });
  });
  after(() => stack.close());

  const bridgeUrl = (params: Record<string, string> = {}): string =>
    authorizeUrl(stack.issuer, {
      client_id: 'bridge',
      redirect_uri: BRIDGE_REDIRECT,
      scope: 'profile',
      ...params,
    });

  async function allow(browser: Browser, page: Page): Promise<string> {
    const { url } = await browser.press(page, 'consent', { decision: 'allow' });
    return url.searchParams.get('code') ?? '';
  }

  async function signInBy(
    url: string,
    browser = new Browser(),
  ): Promise<{ named: boolean; code: string; browser: Browser }> {
    const page = await signInAt(stack, browser, url);
    return { named: page.body.includes(NAMED), code: await allow(browser, page), browser };
  }

  function redeem(code: string, params: Record<string, string> = {}): Promise<Answer> {
    return post(stack, '/token', {
      grant_type: 'authorization_code',
      client_id: 'bridge',
      redirect_uri: BRIDGE_REDIRECT,
      code,
      code_verifier: VERIFIER,
      ...params,
    });
  }

  const refresh = (value: unknown, params: Record<string, string> = {}): Promise<Answer> =>
    post(stack, '/token', {
      grant_type: 'refresh_token',
      client_id: 'bridge',
      refresh_token: String(value),
      ...params,
    });

  async function everythingIn(answer: Answer): Promise<string> {
    const { access_token: token, id_token: idToken } = answer.body;
    const bearer = { authorization: `Bearer ${String(token)}` };
    const userinfo = await (await fetch(`${stack.issuer}/userinfo`, { headers: bearer })).text();
    const parts = [token, idToken].flatMap((value) => String(value).split('.'));
    const decoded = parts.map((part) => Buffer.from(part, 'base64url').toString());
    return [answer.text, userinfo, ...decoded].join('\n');
  }

  async function expectNone(answer: Answer): Promise<void> {
    expect(answer.status, answer.text).to.equal(200);
    expect(await everythingIn(answer)).to.not.match(SID);
    expect(answer.body).to.not.have.any.keys('sid', 'sidExpiry', 'apiV3url', 'clientid');
  }

  async function pushed(params: Record<string, string>): Promise<string> {
    const answer = await post(stack, '/par', {
      client_id: 'bridge',
      response_type: 'code',
      redirect_uri: BRIDGE_REDIRECT,
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...params,
    });
    const { request_uri: requestUri } = answer.body;
    expect(answer.status, answer.text).to.equal(201);
    return `${stack.issuer}/authorize?client_id=bridge&request_uri=${encodeURIComponent(String(requestUri))}`;
  }

  return {
    get stack() {
      return stack;
    },
    later: (ms) => {
      now += ms;
    },
    bridgeUrl,
    allow,
    signInBy,
    redeem,
    refresh,
    everythingIn,
    expectNone,
    pushed,
  };
}
