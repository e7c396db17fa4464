/** Sign-ins that wait at the first platform, on a clock that the tests set: what the tests of the login share. */
import type { SandboxPlatform } from '../../sandbox/server.ts';
import type { Switches } from '../../sandbox/switches.ts';
import type { Browser, Page } from '../support/browser.ts';
import { handleOn, openWaiting, type Poll, pollOnce, tokensAfter } from '../support/login.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** `stack` and `acme` are there once the suite has begun. */
export interface WaitingLogin {
  readonly stack: Stack;
  readonly acme: SandboxPlatform;
  readonly now: () => number;
  later(seconds: number): void;
  /** Changes what the platform does, until the test ends. */
  set(switches: Partial<Switches>): void;
  openWaiting(browser: Browser, params?: Record<string, string>): Promise<Page>;
  poll(browser: Browser, handle: unknown, more?: string): Promise<Poll>;
  /** A page in the background, which polls every ten seconds at most, with whatever handle it is given, until it may go on. */
  wait(browser: Browser, page: Page, seconds: number): Promise<{ last: Poll; polls: Poll[] }>;
  tokensAfter(browser: Browser, told: Poll): Promise<Record<string, unknown>>;
  /** How often a path of the platform and its API was asked for. */
  asked(path: string): number;
  newTokens(): number;
}

/** Starts a server and a platform for a suite; call inside `describe`. */
export function useWaitingLogin(): WaitingLogin {
  let nowMs = 0;
  let stack: Stack;
  before(async () => {
    stack = await startStack({ now: () => nowMs, env: { LOG_LEVEL: 'info' } });
  });
  after(() => stack.close());
  // The library keeps the real time: an hour on, it and we would not agree on what has expired.
  beforeEach(() => {
    nowMs = Math.floor(Date.now() / 1000) * 1000;
  });
  afterEach(() => stack.sandbox.reset());

  const later = (seconds: number): void => {
    nowMs += seconds * 1000;
  };
  const poll: WaitingLogin['poll'] = (browser, handle, more = '') => pollOnce(stack, browser, handle, more);
  const asked = (path: string): number =>
    stack.sandbox.calls.filter(({ target }) => target.startsWith(path)).length;
  return {
    get stack() {
      return stack;
    },
    get acme() {
      return stack.sandbox.platforms[0];
    },
    now: () => nowMs,
    later,
    set: (switches) => void Object.assign(stack.sandbox.platforms[0].switches, switches),
    openWaiting: (browser, params = {}) => openWaiting(stack, browser, params),
    poll,
    async wait(browser, page, seconds) {
      const until = nowMs + seconds * 1000;
      let handle: unknown = handleOn(page);
      const polls: Poll[] = [];
      for (;;) {
        const last = await poll(browser, handle);
        polls.push(last);
        if ('redirect_url' in last.body || last.body['error'] === 'expired_token' || nowMs >= until)
          return { last, polls };
        handle = last.body['token'] ?? handle;
        later(Math.max(10, Number(last.body['interval'] ?? 2)));
      }
    },
    tokensAfter: (browser, told) => tokensAfter(stack, browser, told),
    asked,
    newTokens: () => asked('/v1/auth/app/token'),
  };
}
