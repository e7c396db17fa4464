/** A browser without scripts: cookies, redirects, links and forms, over real HTTP. */
import { fetch, type Response } from 'undici';

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly host: string;
}

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Response['headers'];
  readonly body: string;
}

export interface Form {
  readonly action: string;
  readonly method: string;
  readonly fields: Record<string, string>;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#96': '`',
};

/** Text of markup, entities decoded. */
export function decodeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39|#96);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

function attributes(tag: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of tag.matchAll(/([a-z_-]+)(?:="([^"]*)")?/gi))
    found[name] = decodeEntities(value);
  return found;
}

/** The forms of a page with their hidden and text fields. */
export function formsOf(page: Page): Form[] {
  return [...page.body.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)].map(([, open = '', inner = '']) => {
    const form = attributes(open);
    const fields: Record<string, string> = {};
    for (const [, tag = ''] of inner.matchAll(/<input([^>]*)>/g)) {
      const { name, value } = attributes(tag);
      if (name !== undefined) fields[name] = value ?? '';
    }
    return { action: form['action'] ?? page.url.href, method: form['method'] ?? 'get', fields };
  });
}

/** The value of a data attribute or href on the first element that carries `data-{name}`. */
export function attributeOf(page: Page, marker: string, name: string): string | undefined {
  const [tag] = new RegExp(`<[a-z]+[^>]*${marker}[^>]*>`).exec(page.body) ?? [];
  return tag === undefined ? undefined : attributes(tag)[name];
}

/**
 * A browser with its own cookies. `route` says where an origin is really reached, such as one of several processes; `send`
 * makes its requests.
 */
export class Browser {
  readonly cookies: Cookie[] = [];
  /** Sent with every request. */
  readonly headers: Record<string, string> = {};
  readonly #route: (origin: string) => string;
  readonly #send: typeof fetch;

  constructor(route: (origin: string) => string = (origin) => origin, send: typeof fetch = fetch) {
    this.#route = route;
    this.#send = send;
  }

  #cookieHeader(url: URL): string {
    return this.cookies
      .filter((cookie) => cookie.host === url.hostname)
      .filter(
        ({ path }) =>
          url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`),
      )
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  #store(url: URL, response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      const name = pair.slice(0, at);
      const value = pair.slice(at + 1);
      const settings = Object.fromEntries(
        rest.map((part) => part.toLowerCase().split('=') as [string, string?]),
      );
      const rawPath = rest.find((part) => part.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
      const old = this.cookies.findIndex(
        (cookie) => cookie.name === name && cookie.path === rawPath && cookie.host === url.hostname,
      );
      if (old >= 0) this.cookies.splice(old, 1);
      const gone = settings['expires'] !== undefined && Date.parse(settings['expires']) <= Date.now();
      if (!gone && value !== '') this.cookies.push({ name, value, path: rawPath, host: url.hostname });
    }
  }

  /** One request, no redirect followed. */
  async request(
    target: string | URL,
    init: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Page> {
    const url = new URL(target);
    const cookie = this.#cookieHeader(url);
    const wire = new URL(url.pathname + url.search, this.#route(url.origin));
    const response = await this.#send(wire, {
      method: init.method ?? 'GET',
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        ...this.headers,
        ...(cookie === '' ? {} : { cookie }),
        ...init.headers,
      },
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    this.#store(url, response);
    return { url, status: response.status, headers: response.headers, body: await response.text() };
  }

  /** Follows redirects until a page, or a URL outside `within`. */
  async follow(page: Page, within: string): Promise<Page> {
    let current = page;
    for (let hops = 0; hops < 10 && current.status >= 300 && current.status < 400; hops += 1) {
      const next = new URL(current.headers.get('location') ?? '', current.url);
      if (next.origin !== new URL(within).origin) return { ...current, url: next };
      current = await this.request(next);
    }
    return current;
  }

  async open(target: string | URL): Promise<Page> {
    return this.follow(await this.request(target), new URL(target).origin);
  }

  async submit(page: Page, form: Form, fields: Record<string, string> = {}): Promise<Page> {
    const action = new URL(form.action, page.url);
    const body = new URLSearchParams({ ...form.fields, ...fields }).toString();
    const sent = await this.request(action, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: page.url.origin },
    });
    return this.follow(sent, page.url.origin);
  }

  /** Submits the form whose action ends in `/name`. */
  async press(page: Page, name: string, fields: Record<string, string> = {}): Promise<Page> {
    const form = formsOf(page).find(({ action }) => action.endsWith(`/${name}`));
    if (form === undefined) throw new Error(`no form ${name} on ${page.url.pathname} (${page.status})`);
    return this.submit(page, form, fields);
  }
}

/** A browser that keeps every answer it got, redirects too. */
export class RecordingBrowser extends Browser {
  readonly answers: Page[] = [];

  override async request(...args: Parameters<Browser['request']>): Promise<Page> {
    const page = await super.request(...args);
    this.answers.push(page);
    return page;
  }

  /** Every line of `Set-Cookie`. */
  get setCookies(): string[] {
    return this.answers.flatMap(({ headers }) => headers.getSetCookie());
  }
}
