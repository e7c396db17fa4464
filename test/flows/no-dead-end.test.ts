import { expect } from 'chai';
import { Browser, decodeEntities, type Form, formsOf, type Page } from '../support/browser.ts';
import { tokenOn } from '../support/login.ts';
import {
  authorizeUrl,
  CLIENTS,
  REDIRECT_URI,
  type Stack,
  signIn,
  signInAt,
  startStack,
  TV_CLIENT,
} from '../support/stack.ts';
import { post } from '../support/standards.ts';

const SELF = 'https://self.example/cb';

/** Something on a page that a user can do. */
interface Control {
  readonly name: string;
  readonly isCancel: boolean;
  readonly press: (browser: Browser, page: Page) => Promise<Page>;
}

/** The attributes of a tag. */
const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : decodeEntities(found);
};

function formControls(page: Page, form: Form, markup: string): Control[] {
  return [...markup.matchAll(/<button[^>]*>/g)].map(([button]) => {
    const name = attribute(button, 'name');
    const value = attribute(button, 'value') ?? '';
    return {
      name: `${new URL(form.action, page.url).pathname.replace(/interaction\/[^/]+/, '…')} ${name ?? ''}=${value}`,
      isCancel: button.includes('data-cancel'),
      press: (browser, shown) => browser.submit(shown, form, name === undefined ? {} : { [name]: value }),
    };
  });
}

/** Every button, and every link that stays here or leads to the app. */
function controlsOf(page: Page): Control[] {
  const forms = formsOf(page);
  const markups = [...page.body.matchAll(/<form[\s\S]*?<\/form>/g)].map(([markup]) => markup);
  const buttons = forms.flatMap((form, at) => formControls(page, form, markups[at] ?? ''));
  const links = [...page.body.matchAll(/<a [^>]*href="[^"]*"[^>]*>/g)].flatMap(([tag]) => {
    const href = new URL(attribute(tag, 'href') ?? '', page.url);
    if (tag.includes('data-ib-login')) return [];
    return [
      {
        name: href.pathname,
        isCancel: tag.includes('data-cancel'),
        press: async (browser: Browser, shown: Page): Promise<Page> =>
          href.origin === page.url.origin ? browser.open(href) : { ...shown, url: href },
      },
    ];
  });
  return [...buttons, ...links];
}

describe('no page is the end of the way', () => {
  let stack: Stack;
  // Ahead of the library's clock by as much as the tests let pass.
  let now = Date.now();
  let isBehind = false;
  before(async () => {
    stack = await startStack({
      now: () => now,
      loopDelay: { takeMs: () => (isBehind ? 1000 : 0) },
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'open' },
      clients: CLIENTS + TV_CLIENT,
      lifetimes: { interactionSeconds: 7 * 24 * 3600 },
    });
  });
  after(() => stack.close());
  /** Everything answers again, and nobody remembers that it did not. */
  const settle = (): void => {
    isBehind = false;
    stack.sandbox.reset();
    now += 120_000;
  };
  afterEach(settle);

  const acme = () => stack.sandbox.platforms[0];
  /** What is asked while the process is behind. */
  async function busily(ask: () => Promise<Page>): Promise<Page> {
    isBehind = true;
    now += 1000;
    const page = await ask();
    isBehind = false;
    now += 1000;
    return page;
  }

  const start = (browser: Browser, params: Record<string, string> = {}): Promise<Page> =>
    browser.open(authorizeUrl(stack.issuer, params));
  const waiting = async (browser: Browser): Promise<Page> =>
    browser.press(await start(browser), 'platform', { platform_url: acme().origin });
  const consent = (browser: Browser): Promise<Page> => signInAt(stack, browser, authorizeUrl(stack.issuer));
  const first = (page: Page): Form => {
    const [form] = formsOf(page);
    if (form === undefined) throw new Error(page.body);
    return form;
  };

  async function selfRegistered(browser: Browser): Promise<string> {
    const metadata = { redirect_uris: [SELF], token_endpoint_auth_method: 'none' };
    const { body } = await post(stack, '/register', JSON.stringify(metadata), {
      'content-type': 'application/json',
    });
    browser.headers['x-app'] = String(body['client_id']);
    return authorizeUrl(stack.issuer, {
      client_id: String(body['client_id']),
      redirect_uri: SELF,
      scope: 'openid',
    });
  }

  async function device(): Promise<{ user_code: string; device_code: string }> {
    const { body } = await post(stack, '/device_authorization', { client_id: 'tv', scope: 'openid' });
    return body as { user_code: string; device_code: string };
  }
  const enterCode = async (browser: Browser): Promise<Page> => {
    const page = await browser.open(`${stack.issuer}/device`);
    return browser.submit(page, first(page), { user_code: (await device()).user_code });
  };

  /** Each state that a page of a sign-in can be in. */
  const inSignIn: Record<string, (browser: Browser) => Promise<Page>> = {
    'the platform question': (browser) => start(browser),
    'a platform that is none': async (browser) =>
      browser.press(await start(browser), 'platform', { platform_url: 'nonsense' }),
    'platforms of this browser': async (browser) => {
      await signIn(stack, browser);
      return start(browser, { prompt: 'select_account' });
    },
    waiting,
    'waiting, asked too early': async (browser) => browser.press(await waiting(browser), 'continue'),
    'waiting, with a new link': async (browser) => {
      const page = await waiting(browser);
      acme().switches.expired = true;
      now += 120_000;
      return browser.press(page, 'continue');
    },
    'waiting, while IB does not answer': async (browser) => {
      const page = await waiting(browser);
      acme().switches.status = 503;
      return browser.press(page, 'continue');
    },
    'waiting, for too long': async (browser) => {
      const page = await waiting(browser);
      now += 16 * 60_000;
      return browser.open(page.url);
    },
    'asked once more, as the session was over': async (browser) => {
      const page = await waiting(browser);
      acme().switches.alreadyOver = true;
      acme().signIn('ada', tokenOn(page));
      return browser.press(page, 'continue');
    },
    'refused, as the session was over again': async (browser) => {
      const page = await inSignIn['asked once more, as the session was over']?.(browser);
      if (page === undefined) throw new Error();
      acme().signIn('ada', tokenOn(page));
      return browser.press(page, 'continue');
    },
    consent,
    'consent of an app that registered itself': async (browser) =>
      signInAt(stack, browser, await selfRegistered(browser)),
    'a form that has expired': async (browser) =>
      browser.press(await start(browser), 'platform', { csrf: 'x' }),
    'a decision that has expired': async (browser) =>
      browser.press(await consent(browser), 'consent', { csrf: 'x', decision: 'allow' }),
    'busy at the start': (browser) => busily(() => start(browser)),
    'busy at the platform question': async (browser) => {
      const page = await start(browser);
      return busily(() => browser.press(page, 'platform', { platform_url: acme().origin }));
    },
    'busy while it waits': async (browser) => {
      const page = await waiting(browser);
      return busily(() => browser.open(page.url));
    },
    'busy at the decision': async (browser) => {
      const page = await consent(browser);
      return busily(() => browser.press(page, 'consent', { decision: 'allow' }));
    },
  };

  /** Pages with no request of an app behind them, or none that still can be answered. */
  const elsewhere: Record<string, (browser: Browser) => Promise<Page>> = {
    'a sign-in that is over': async (browser) => {
      const page = await consent(browser);
      await browser.press(page, 'consent', { decision: 'allow' });
      return browser.open(page.url);
    },
    'a sign-in of another browser': async (browser) => browser.open((await start(new Browser())).url),
    'a sign-in that nobody knows': (browser) => browser.open(`${stack.issuer}/interaction/nothing`),
    'nothing here': (browser) => browser.open(`${stack.issuer}/nothing`),
    'an app that nobody knows': (browser) => start(browser, { client_id: 'nobody' }),
    'an address that is not registered': (browser) =>
      start(browser, { redirect_uri: 'https://evil.example/' }),
    'a resource that is not configured': (browser) => start(browser, { resource: 'https://other.example/' }),
    'the account': async (browser) => {
      await signIn(stack, browser);
      return browser.open(`${stack.issuer}/account`);
    },
    'the account of nobody': (browser) => browser.open(`${stack.issuer}/account`),
    'an expired form of the account': async (browser) => {
      const page = await elsewhere['the account']?.(browser);
      if (page === undefined) throw new Error();
      return browser.submit(page, first(page), { csrf: 'x' });
    },
    'the question of a sign-out': async (browser) => {
      await signIn(stack, browser);
      return browser.open(`${stack.issuer}/logout`);
    },
    'the question of a device': (browser) => browser.open(`${stack.issuer}/device`),
    'a device’s code that nobody knows': async (browser) => {
      const page = await browser.open(`${stack.issuer}/device`);
      return browser.submit(page, first(page), { user_code: 'BBBB-BBBB' });
    },
    'a device to confirm': enterCode,
    'busy at the account': (browser) => busily(() => browser.open(`${stack.issuer}/account`)),
    'busy at a device': (browser) => busily(() => browser.open(`${stack.issuer}/device`)),
  };

  const isHeard = ({ url }: Page): boolean => url.href.startsWith(REDIRECT_URI) || url.href.startsWith(SELF);

  /** Goes on as somebody would who wants to get away: cancels where he can, else takes what the page offers first. */
  async function leave(browser: Browser, page: Page): Promise<Page> {
    let current = page;
    for (let steps = 0; steps < 8 && current.url.origin === new URL(stack.issuer).origin; steps += 1) {
      const controls = controlsOf(current);
      const control = controls.find(({ isCancel }) => isCancel) ?? controls[0];
      if (control === undefined) return current;
      current = await control.press(browser, current);
    }
    return current;
  }

  for (const [state, open] of Object.entries(inSignIn)) {
    it(`${state}: whatever is pressed, the app hears of the end`, async () => {
      const shown = controlsOf(await open(new Browser()));
      expect(
        shown.some(({ isCancel }) => isCancel),
        'there is a way to cancel',
      ).to.equal(true);
      for (const [at, { name }] of shown.entries()) {
        settle();
        const browser = new Browser();
        const page = await open(browser);
        const control = controlsOf(page)[at];
        if (control === undefined) throw new Error(page.body);
        const end = await leave(browser, await control.press(browser, page));
        expect(isHeard(end), `${name} leads to ${end.url.href}: ${end.body}`).to.equal(true);
      }
    });
  }

  for (const [state, open] of Object.entries(elsewhere)) {
    it(`${state}: there is a way on, and what it leads to is a page`, async () => {
      const shown = controlsOf(await open(new Browser()));
      expect(shown).to.not.deep.equal([]);
      for (const [at, { name }] of shown.entries()) {
        const browser = new Browser();
        const page = await open(browser);
        const next = await controlsOf(page)[at]?.press(browser, page);
        if (next?.url.origin !== page.url.origin) continue;
        expect(next.status, name).to.be.oneOf([200, next.url.href === page.url.href ? page.status : 200]);
        expect(next.body, name).to.contain('<h1>');
      }
    });
  }

  it('a sign-in that is over, or another browser’s, leads to its app', async () => {
    for (const state of ['a sign-in that is over', 'a sign-in of another browser']) {
      const page = await elsewhere[state]?.(new Browser());
      expect(page?.status, state).to.equal(400);
      expect(page?.body, state).to.contain('Back to Web App').and.contain('href="https://app.example"');
    }
    const stranger = await new Browser().open(await selfRegistered(new Browser()));
    const lost = await new Browser().open(stranger.url);
    expect(lost.body, 'nobody here knows where that would lead').to.not.contain('self.example');
  });

  it('a sign-in that is lost says that cookies are blocked where they may be', async () => {
    const browser = new Browser();
    const { url } = await start(browser);
    const blocked = await new Browser().open(url);
    expect(blocked.status).to.equal(400);
    expect(blocked.body).to.contain('Allow cookies for this site').and.contain('Back to Web App');
    const other = new Browser();
    await start(other);
    expect((await other.open(url)).body)
      .to.contain('started in another browser')
      .and.not.contain('cookies');
  });

  it('a 503 in the middle of a sign-in asks again by itself, and goes on where it was', async () => {
    for (const state of ['start', 'platform question', 'decision']) {
      const browser = new Browser();
      const page = await inSignIn[`busy at the ${state}`]?.(browser);
      if (page === undefined) throw new Error(state);
      expect(page.status).to.equal(503);
      const [, seconds, url = ''] = /^(\d+); url=(.*)$/.exec(page.headers.get('refresh') ?? '') ?? [];
      expect(Number(seconds)).to.be.within(1, 30);
      const next = await browser.open(new URL(url, stack.issuer));
      expect(next.status).to.equal(200);
      expect(next.body).to.contain(state === 'decision' ? 'name="decision"' : 'platform_url');
      expect(controlsOf(next).length).to.be.above(0);
    }
    const apart = await busily(() => new Browser().open(`${stack.issuer}/account`));
    expect(apart.headers.get('refresh')).to.equal(null);
  });

  it('a form that could not be served is there again with what was typed into it', async () => {
    const typed = 'nowhere.example/"><b>';
    const browser = new Browser();
    const question = await start(browser);
    const busy = await busily(() => browser.press(question, 'platform', { platform_url: typed }));
    const [, , again = ''] = /^(\d+); url=(.*)$/.exec(busy.headers.get('refresh') ?? '') ?? [];
    for (const address of [again, attribute(/<a [^>]*>/.exec(busy.body)?.[0] ?? '', 'href') ?? '']) {
      const page = await browser.open(new URL(address, stack.issuer));
      expect(page.status).to.equal(200);
      expect(first(page).fields['platform_url']).to.equal(typed);
    }
    const expired = await browser.press(question, 'platform', { platform_url: typed, csrf: 'x' });
    expect(expired.status).to.equal(403);
    const back = attribute(/<a class="primary"[^>]*>/.exec(expired.body)?.[0] ?? '', 'href') ?? '';
    const questionAgain = await browser.open(new URL(back, stack.issuer));
    expect(first(questionAgain).fields['platform_url']).to.equal(typed);
    const { user_code } = await device();
    const asked = await browser.open(`${stack.issuer}/device`);
    const refused = await busily(() => browser.submit(asked, first(asked), { user_code }));
    expect(refused.status).to.equal(503);
    expect(refused.body).to.contain(`href="/device?user_code=${user_code}"`);
  });

  it('a device that is cancelled hears of it, and its page says so', async () => {
    const browser = new Browser();
    const { user_code, device_code } = await device();
    const asked = await browser.open(`${stack.issuer}/device`);
    const page = await browser.submit(asked, first(asked), { user_code });
    const stopped = await browser.submit(page, first(page), { abort: 'yes' });
    expect(stopped.body).to.contain('was not connected').and.not.contain('not known');
    const { body } = await post(stack, '/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'tv',
      device_code,
    });
    expect(body['error']).to.equal('access_denied');
  });

  it('a device whose sign-in is cancelled or denied hears of it, and its page says so', async () => {
    for (const step of ['platform', 'consent']) {
      const browser = new Browser();
      const { user_code, device_code } = await device();
      const asked = await browser.open(`${stack.issuer}/device`);
      const page = await browser.submit(asked, first(asked), { user_code });
      let current = await browser.submit(page, first(page), { confirm: 'yes' });
      if (step === 'consent') {
        current = await browser.press(current, 'platform', { platform_url: acme().origin });
        acme().signIn('ada', tokenOn(current));
        current = await browser.press(current, 'continue');
      }
      const stopped = await browser.press(current, 'cancel');
      expect(stopped.body, step).to.contain('was not connected');
      const { body } = await post(stack, '/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'tv',
        device_code,
      });
      expect(body['error'], step).to.equal('access_denied');
    }
  });
});
