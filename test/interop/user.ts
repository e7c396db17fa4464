/** The user of every program: a browser without scripts that does what each page asks, wherever it is led on loopback. */
import { setTimeout } from 'node:timers/promises';
import { attributeOf, Browser, type Form, formsOf, type Page } from '../support/browser.ts';
import type { Stack } from '../support/stack.ts';

const MOST_PAGES = 30;
const MOST_TRIES = 50;
const RETRY_MS = 200;

/** Where a visit ended: a page, or an address that nobody serves, as the redirect of a program that has no server. */
export interface Landing {
  readonly url: URL;
  readonly body: string;
}

export interface User {
  /** Opens an address and plays the user until nothing is asked any more; one with scripts, until `shows` is there. */
  visit(url: string, shows?: string): Promise<Landing>;
}

/** One person with a browser of their own, signed in nowhere. `listens` is said of programs that serve their redirect. */
export function createUser(stack: Stack, { listens }: { readonly listens: boolean }): User {
  const browser = new Browser();

  /** The next page, or undefined where the address leads to nobody. */
  async function load(url: URL, form?: Form): Promise<Page | undefined> {
    if (url.hostname !== 'localhost' && url.hostname !== '127.0.0.1') return undefined;
    for (let tries = 1; ; tries += 1) {
      try {
        return await browser.request(url, form === undefined ? {} : posted(form, url));
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        // Nobody listens: the program takes the address itself from here, or begins to listen in a moment.
        if (!listens || tries === MOST_TRIES) return undefined;
        await setTimeout(RETRY_MS);
      }
    }
  }

  /** What the user does on one of our pages: where it leads, and the form that is sent. */
  function answerTo(page: Page): { url: URL; form: Form } | undefined {
    const press = (name: string, fields: Record<string, string> = {}) => {
      const form = formsOf(page).find(({ action }) => action.endsWith(`/${name}`));
      if (form === undefined) return undefined;
      return {
        url: new URL(form.action, page.url),
        form: { ...form, fields: { ...form.fields, ...fields } },
      };
    };
    const [platform] = stack.sandbox.platforms;
    const login = attributeOf(page, 'data-ib-login', 'href');
    if (login !== undefined) {
      platform.signIn('ada', new URL(login).searchParams.get('token') ?? '');
      return press('continue');
    }
    return (
      press('logout/confirm', { logout: 'yes' }) ??
      press('consent', { decision: 'allow' }) ??
      press('platform', { platform_url: platform.origin })
    );
  }

  return {
    async visit(url) {
      let at = new URL(url);
      let form: Form | undefined;
      for (let pages = 0; pages < MOST_PAGES; pages += 1) {
        const page = await load(at, form);
        if (page === undefined) return { url: at, body: '' };
        const location = page.headers.get('location');
        const next =
          page.status >= 300 && page.status < 400 && location !== null
            ? { url: new URL(location, at), form: undefined }
            : at.origin === stack.issuer
              ? answerTo(page)
              : beginIn(page);
        if (next === undefined) return { url: at, body: page.body };
        ({ url: at, form } = next);
      }
      throw new Error(`led on for ever, at last to ${at.origin}${at.pathname}`);
    },
  };
}

/** The form with which an app begins a sign-in, where it asks for a press of a button. */
function beginIn(page: Page): { url: URL; form: Form } | undefined {
  const form = formsOf(page).find(({ action }) => action.startsWith('/login/'));
  return form === undefined ? undefined : { url: new URL(form.action, page.url), form };
}

function posted(
  { fields }: Form,
  url: URL,
): { method: string; body: string; headers: Record<string, string> } {
  return {
    method: 'POST',
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: url.origin },
  };
}
