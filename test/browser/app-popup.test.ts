import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { authorizeUrl, CLIENTS, REDIRECT_URI, type Stack, startStack } from '../support/stack.ts';
import { type App, signInAtIb, startApp } from './app.ts';

/** An app's page that opens the sign-in in a popup, and its callback that tells the page and closes. */
const page = (address: string): string =>
  `<button onclick="popup = open('${address}', 'sign-in', 'popup')">Sign in</button>
<script>onmessage = ({ data }) => { document.title = data; };</script>`;
const CALLBACK = '<script>opener.postMessage(location.href, location.origin); close();</script>';

describe('an app that opens the sign-in in a popup of its own', function () {
  this.timeout(60_000);
  let app: App;
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  before(async () => {
    app = await startApp((path) =>
      path.startsWith('/callback')
        ? CALLBACK
        : page(authorizeUrl(stack.issuer, { redirect_uri: app.callback })),
    );
    stack = await startStack({ clients: CLIENTS.replace(REDIRECT_URI, app.callback) });
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
    await stack.close();
    app.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(() => context.close());

  async function open(): Promise<{ opener: Page; popup: Page }> {
    const opener = await context.newPage();
    await opener.goto(app.origin);
    const opened = opener.waitForEvent('popup');
    await opener.locator('button').click();
    const popup = await opened;
    await popup.locator('input[name=platform_url]').waitFor();
    expect(await opener.evaluate('popup.closed'), 'the app sees that it is still open').to.equal(false);
    return { opener, popup };
  }

  /** What the app's page was told by its popup, which has closed. */
  async function heard({ opener, popup }: { opener: Page; popup: Page }): Promise<URLSearchParams> {
    if (!popup.isClosed()) await popup.waitForEvent('close');
    await opener.waitForFunction("document.title !== ''");
    return new URL(await opener.title()).searchParams;
  }

  it('gets the code there', async () => {
    const windows = await open();
    const { popup } = windows;
    await signInAtIb(popup, stack.sandbox.platforms[0]);
    await popup.locator('[name=decision][value=allow]').click();
    expect((await heard(windows)).get('code')).to.be.a('string');
  });

  it('learns there that the user has cancelled', async () => {
    const windows = await open();
    await windows.popup.locator('[data-cancel]').click();
    expect((await heard(windows)).get('error')).to.equal('access_denied');
  });
});
