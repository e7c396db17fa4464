/** A browser for the states that pages can be in. */
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { type StatesStack, startStatesStack } from '../support/page-states.ts';

/** A browser, and a server whose pages can be brought into every state; both are there once the suite has begun. */
export interface BrowserStates {
  readonly states: StatesStack;
  readonly browser: Browser;
}

/** Starts both for a suite; call inside `describe`. */
export function useStates(): BrowserStates {
  let states: StatesStack;
  let browser: Browser;
  before(async () => {
    states = await startStatesStack();
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
    await states.stack.close();
  });
  afterEach(() => states.settle());
  return {
    get states() {
      return states;
    },
    get browser() {
      return browser;
    },
  };
}
