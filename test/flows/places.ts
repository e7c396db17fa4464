/** Every place that a user may find himself at, and how one gets there. */
import { Browser, type Form, formsOf, type Page } from '../support/browser.ts';
import { tokenOn } from '../support/login.ts';
import {
  authorizeUrl,
  CLIENTS,
  type Stack,
  signIn,
  signInAt,
  startStack,
  TV_CLIENT,
} from '../support/stack.ts';
import { post } from '../support/standards.ts';

/** Where an app that registered itself wants its codes. */
export const SELF = 'https://self.example/cb';

type Place = (browser: Browser) => Promise<Page>;

/** A server, and what its users do there. `stack` and `acme` are there once the suite has begun. */
interface Ground {
  readonly stack: Stack;
  readonly acme: Stack['sandbox']['platforms'][0];
  /** Everything answers again, and nobody remembers that it did not; so after each test. */
  settle(): void;
  /** What is asked while the process is behind. */
  busily(ask: () => Promise<Page>): Promise<Page>;
  start(browser: Browser, params?: Record<string, string>): Promise<Page>;
  /** The first form of a page. */
  first(page: Page): Form;
  /** The address that an app which registers itself for it sends a user to. */
  selfRegistered(browser: Browser): Promise<string>;
  /** The codes of a device that begins. */
  device(): Promise<{ user_code: string; device_code: string }>;
  laterMs(milliseconds: number): void;
}

export interface Places extends Ground {
  /** Each state that a page of a sign-in can be in. */
  readonly inSignIn: Readonly<Record<string, Place>>;
  /** Pages with no request of an app behind them, or none that still can be answered. */
  readonly elsewhere: Readonly<Record<string, Place>>;
}

/** Starts a server for them; call inside `describe`. */
export function usePlaces(): Places {
  const ground = useGround();
  return Object.assign(ground, { inSignIn: placesInSignIn(ground), elsewhere: placesElsewhere(ground) });
}

function useGround(): Ground {
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

  return {
    get stack() {
      return stack;
    },
    get acme() {
      return stack.sandbox.platforms[0];
    },
    laterMs: (milliseconds) => {
      now += milliseconds;
    },
    settle,
    busily,
    start,
    first,
    selfRegistered,
    device,
  };
}

/** Each state that a page of a sign-in can be in. */
function placesInSignIn(on: Ground): Places['inSignIn'] {
  const waiting = async (browser: Browser): Promise<Page> =>
    browser.press(await on.start(browser), 'platform', { platform_url: on.acme.origin });
  const consent = (browser: Browser): Promise<Page> =>
    signInAt(on.stack, browser, authorizeUrl(on.stack.issuer));
  const places: Record<string, Place> = {
    'the platform question': (browser) => on.start(browser),
    'a platform that is none': async (browser) =>
      browser.press(await on.start(browser), 'platform', { platform_url: 'nonsense' }),
    'platforms of this browser': async (browser) => {
      await signIn(on.stack, browser);
      return on.start(browser, { prompt: 'select_account' });
    },
    waiting,
    'waiting, asked too early': async (browser) => browser.press(await waiting(browser), 'continue'),
    'waiting, with a new link': async (browser) => {
      const page = await waiting(browser);
      on.acme.switches.expired = true;
      on.laterMs(120_000);
      return browser.press(page, 'continue');
    },
    'waiting, while IB does not answer': async (browser) => {
      const page = await waiting(browser);
      on.acme.switches.status = 503;
      return browser.press(page, 'continue');
    },
    'waiting, for too long': async (browser) => {
      const page = await waiting(browser);
      on.laterMs(16 * 60_000);
      return browser.open(page.url);
    },
    'asked once more, as the session was over': async (browser) => {
      const page = await waiting(browser);
      on.acme.switches.alreadyOver = true;
      on.acme.signIn('ada', tokenOn(page));
      return browser.press(page, 'continue');
    },
    'refused, as the session was over again': async (browser) => {
      const page = await places['asked once more, as the session was over']?.(browser);
      if (page === undefined) throw new Error();
      on.acme.signIn('ada', tokenOn(page));
      return browser.press(page, 'continue');
    },
    consent,
    'consent of an app that registered itself': async (browser) =>
      signInAt(on.stack, browser, await on.selfRegistered(browser)),
    'a form that has expired': async (browser) =>
      browser.press(await on.start(browser), 'platform', { csrf: 'x' }),
    'a decision that has expired': async (browser) =>
      browser.press(await consent(browser), 'consent', { csrf: 'x', decision: 'allow' }),
    'busy at the start': (browser) => on.busily(() => on.start(browser)),
    'busy at the platform question': async (browser) => {
      const page = await on.start(browser);
      return on.busily(() => browser.press(page, 'platform', { platform_url: on.acme.origin }));
    },
    'busy while it waits': async (browser) => {
      const page = await waiting(browser);
      return on.busily(() => browser.open(page.url));
    },
    'busy at the decision': async (browser) => {
      const page = await consent(browser);
      return on.busily(() => browser.press(page, 'consent', { decision: 'allow' }));
    },
  };
  return places;
}

/** Pages with no request of an app behind them, or none that still can be answered. */
function placesElsewhere(on: Ground): Places['elsewhere'] {
  const consent = (browser: Browser): Promise<Page> =>
    signInAt(on.stack, browser, authorizeUrl(on.stack.issuer));
  const enterCode = async (browser: Browser): Promise<Page> => {
    const page = await browser.open(`${on.stack.issuer}/device`);
    return browser.submit(page, on.first(page), { user_code: (await on.device()).user_code });
  };

  const places: Record<string, Place> = {
    'a sign-in that is over': async (browser) => {
      const page = await consent(browser);
      await browser.press(page, 'consent', { decision: 'allow' });
      return browser.open(page.url);
    },
    'a sign-in of another browser': async (browser) => browser.open((await on.start(new Browser())).url),
    'a sign-in that nobody knows': (browser) => browser.open(`${on.stack.issuer}/interaction/nothing`),
    'nothing here': (browser) => browser.open(`${on.stack.issuer}/nothing`),
    'an app that nobody knows': (browser) => on.start(browser, { client_id: 'nobody' }),
    'an address that is not registered': (browser) =>
      on.start(browser, { redirect_uri: 'https://evil.example/' }),
    'a resource that is not configured': (browser) =>
      on.start(browser, { resource: 'https://other.example/' }),
    'the account': async (browser) => {
      await signIn(on.stack, browser);
      return browser.open(`${on.stack.issuer}/account`);
    },
    'the account of nobody': (browser) => browser.open(`${on.stack.issuer}/account`),
    'an expired form of the account': async (browser) => {
      const page = await places['the account']?.(browser);
      if (page === undefined) throw new Error();
      return browser.submit(page, on.first(page), { csrf: 'x' });
    },
    'the question of a sign-out': async (browser) => {
      await signIn(on.stack, browser);
      return browser.open(`${on.stack.issuer}/logout`);
    },
    'the question of a device': (browser) => browser.open(`${on.stack.issuer}/device`),
    'a device’s code that nobody knows': async (browser) => {
      const page = await browser.open(`${on.stack.issuer}/device`);
      return browser.submit(page, on.first(page), { user_code: 'BBBB-BBBB' });
    },
    'a device to confirm': enterCode,
    'busy at the account': (browser) => on.busily(() => browser.open(`${on.stack.issuer}/account`)),
    'busy at a device': (browser) => on.busily(() => browser.open(`${on.stack.issuer}/device`)),
  };
  return places;
}
