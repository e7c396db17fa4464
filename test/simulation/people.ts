/** Apps and users as they are told to behave: they repeat what was not answered, wait as long as they are asked, begin again. */
import type { Response } from 'undici';
import { attributeOf, Browser, formsOf, type Page } from '../support/browser.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER, WEB_SECRET } from '../support/stack.ts';
import { ISSUER, type World } from './world.ts';

/** Something was lost, doubled or told wrongly. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

const MOST_TRIES = 100;
const PAUSE_MS = 2000;
const TROUBLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What has been seen of a person's or an app's answers. */
export interface Seen {
  /** Requests that were never answered. */
  cut: number;
  /** Answers that asked to come again. */
  asked: number;
  /** Times that a user or app had to begin again. */
  begun: number;
}

/** Repeats a request until it is answered, with what says something about it. A status of 500 may be IB's own, passed on. */
export async function persist<T extends { readonly status: number; readonly headers: Response['headers'] }>(
  world: World,
  seen: Seen,
  send: () => Promise<T>,
  isIbs = false,
): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    try {
      const answer = await send();
      if (answer.status === 500 && !isIbs) throw new Violation('a fault that passes was answered with 500');
      if (!TROUBLE.has(answer.status) && answer.status !== 500) return answer;
      seen.asked += 1;
      const seconds = Number(answer.headers.get('retry-after') ?? 0);
      world.wait(seconds > 0 ? seconds * 1000 : PAUSE_MS);
    } catch (error) {
      if (error instanceof Violation) throw error;
      seen.cut += 1;
      world.wait(PAUSE_MS);
    }
  }
  throw new Violation('it was never answered');
}

export interface Json {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export const BASIC = (id: string): Record<string, string> => ({
  authorization: `Basic ${btoa(`${id}:${WEB_SECRET}`)}`,
});

/** An app: sends forms, reads JSON. */
export function createApps(world: World, seen: Seen) {
  async function json(
    path: string,
    init: { method?: string; headers?: object; body?: string },
  ): Promise<Json> {
    const send = (): Promise<Response> => world.fetch(ISSUER + path, init as never);
    const answer = await persist(world, seen, send, path.startsWith('/proxy'));
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as Json['body']) : {} };
  }
  const post = (path: string, params: Record<string, string>, clientId: string | null = 'web') =>
    json(path, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(clientId === null ? {} : BASIC(clientId)),
      },
      body: new URLSearchParams(params).toString(),
    });
  return {
    json,
    post,
    exchange: (code: string, clientId = 'web') =>
      post(
        '/token',
        { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER },
        clientId,
      ),
    refresh: (value: unknown, clientId = 'web') =>
      post('/token', { grant_type: 'refresh_token', refresh_token: String(value) }, clientId),
    bearer: (path: string, value: unknown) =>
      json(path, { headers: { authorization: `Bearer ${String(value)}` } }),
  };
}

/** A user with a browser. */
export class User extends Browser {
  readonly #world: World;
  readonly #seen: Seen;
  /** What the user answers at consent, or whether the sign-in is left before. */
  decision: 'allow' | 'deny' | 'cancel' = 'allow';
  /** Which of the sandbox's platforms is the user's. */
  at: 0 | 1 = 0;

  constructor(world: World, seen: Seen) {
    super((origin) => origin, world.fetch);
    this.#world = world;
    this.#seen = seen;
  }

  override request(...args: Parameters<Browser['request']>): Promise<Page> {
    return persist(this.#world, this.#seen, () => super.request(...args));
  }

  /** Opens an address of an app's and does what the pages ask for, until the app has its answer. */
  async goThrough(url: string | (() => Promise<string>)): Promise<URL> {
    for (let beginnings = 0; beginnings < 6; beginnings += 1) {
      if (beginnings > 0) this.#seen.begun += 1;
      const page = await this.walk(await this.open(typeof url === 'string' ? url : await url()));
      if (page.url.origin !== ISSUER) return page.url;
      this.#world.wait(PAUSE_MS);
    }
    throw new Violation('the user never came back to the app');
  }

  /** Opens an app's address once; where the app is sent, unless the pages want to begin again. */
  async startOnce(params: Record<string, string>): Promise<URL | undefined> {
    const page = await this.open(authorizeUrl(ISSUER, params));
    return page.url.origin === ISSUER ? undefined : page.url;
  }

  /** Does what the pages ask for, as long as they ask for something. */
  async walk(from: Page): Promise<Page> {
    const platform = this.#world.sandbox.platforms[this.at];
    const signedIn = new Set<string>();
    let page = from;
    for (let steps = 0; steps < 40; steps += 1) {
      if (page.url.origin !== ISSUER) return page;
      const link = attributeOf(page, 'data-ib-login', 'href');
      const offered = formsOf(page).map(({ action }) => action.split('/').at(-1));
      if (link !== undefined && this.decision === 'cancel') {
        page = await this.press(page, 'cancel');
      } else if (link !== undefined && offered.includes('continue')) {
        const token = new URL(link).searchParams.get('token') ?? '';
        if (!signedIn.has(token)) platform.signIn(this.at === 0 ? 'ada' : 'alan', token);
        signedIn.add(token);
        this.#world.wait(PAUSE_MS);
        page = await this.press(page, 'continue');
      } else if (offered.includes('platform')) {
        this.#world.wait(PAUSE_MS);
        page = await this.press(page, 'platform', { platform_url: platform.origin });
      } else if (offered.includes('consent')) {
        page = await this.press(page, 'consent', { decision: this.decision });
      } else return page;
    }
    throw new Violation('the pages lead nowhere');
  }

  /** A code, however often it takes to begin. */
  async code(params: Record<string, string> = {}): Promise<string> {
    const url = await this.goThrough(authorizeUrl(ISSUER, params));
    const code = url.searchParams.get('code');
    if (code === null) throw new Violation(`the app was told ${url.search}`);
    return code;
  }
}
