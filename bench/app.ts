/** What apps and browsers ask of a provider under measurement, the floor's pages and the product's. */
import { fetch as undiciFetch } from 'undici';
import type { Sandbox } from '../sandbox/server.ts';
import { attributeOf, Browser, formsOf, type Page } from '../test/support/browser.ts';
import { REDIRECT, SCOPE, SECRET } from './provider.ts';

const BASIC = { authorization: `Basic ${btoa(`bench:${SECRET}`)}` };

/** Each request from an address of its own: the limits on one address are not what is measured. */
const address = (): Record<string, string> => ({
  'x-forwarded-for': Array.from({ length: 4 }, () => Math.floor(Math.random() * 254) + 1).join('.'),
});

class BenchBrowser extends Browser {
  override request(...[url, init = {}]: Parameters<Browser['request']>): Promise<Page> {
    return super.request(url, { ...init, headers: { ...address(), ...init.headers } });
  }
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** A provider, as apps and browsers meet it. */
export class App {
  readonly issuer: string;
  readonly #sandbox: Sandbox | undefined;

  /** Without a sandbox it is the floor. */
  constructor(issuer: string, sandbox?: Sandbox) {
    this.issuer = issuer;
    this.#sandbox = sandbox;
  }

  get #authorize(): string {
    const query = { client_id: 'bench', response_type: 'code', redirect_uri: REDIRECT, scope: SCOPE };
    return `${this.issuer}/${this.#sandbox === undefined ? 'auth' : 'authorize'}?${new URLSearchParams(query)}`;
  }

  /** A whole sign-in with consent in a new browser: the code, and the browser to come back with. */
  async signIn(): Promise<{ code: string; browser: Browser }> {
    const browser = new BenchBrowser();
    let page = await browser.open(this.#authorize);
    page = await (this.#sandbox === undefined
      ? this.#developmentPages(browser, page)
      : this.#pages(browser, page, this.#sandbox));
    return { code: codeOf(page), browser };
  }

  async #pages(browser: Browser, first: Page, { platforms: [acme] }: Sandbox): Promise<Page> {
    let page = await browser.press(first, 'platform', { platform_url: acme.origin });
    const link = new URL(attributeOf(page, 'data-ib-login', 'href') ?? '');
    acme.signIn('ada', link.searchParams.get('token') ?? '');
    page = await browser.press(page, 'continue');
    return browser.press(page, 'consent', { decision: 'allow' });
  }

  async #developmentPages(browser: Browser, first: Page): Promise<Page> {
    let page = first;
    for (const fields of [{ prompt: 'login', login: 'ada', password: 'x' }, { prompt: 'consent' }]) {
      const [form] = formsOf(page);
      if (form === undefined) throw new Error(`no form: ${page.status}`);
      page = await browser.submit(page, form, fields);
    }
    return page;
  }

  /** A code by single sign-on. */
  async singleSignOn(browser: Browser): Promise<string> {
    return codeOf(await browser.open(this.#authorize));
  }

  async post(path: string, params: Record<string, string>): Promise<Tokens> {
    const response = await undiciFetch(this.issuer + path, {
      method: 'POST',
      headers: { ...address(), ...BASIC },
      body: new URLSearchParams(params),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Tokens;
  }

  exchange(code: string): Promise<Tokens> {
    return this.post('/token', { grant_type: 'authorization_code', code, redirect_uri: REDIRECT });
  }

  refresh({ refresh_token }: Tokens): Promise<Tokens> {
    return this.post('/token', { grant_type: 'refresh_token', refresh_token });
  }

  clientCredentials(): Promise<Tokens> {
    return this.post('/token', { grant_type: 'client_credentials' });
  }

  introspect({ access_token: token }: Tokens): Promise<unknown> {
    const path = this.#sandbox === undefined ? '/token/introspection' : '/introspect';
    return this.post(path, { token });
  }

  async userinfo({ access_token: token }: Tokens): Promise<void> {
    const path = this.#sandbox === undefined ? '/me' : '/userinfo';
    const headers = { ...address(), authorization: `Bearer ${token}` };
    const response = await undiciFetch(this.issuer + path, { headers });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
  }
}

function codeOf(page: Page): string {
  const code = page.url.searchParams.get('code');
  if (code === null)
    throw new Error(`no code: ${page.status} ${page.url.pathname} ${page.body.slice(0, 300)}`);
  return code;
}
