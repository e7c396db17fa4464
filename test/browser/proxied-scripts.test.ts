import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { type OwnIb, startOwnIb } from '../src/proxy/own-ib.ts';
import { launchChromium } from '../support/chromium.ts';

const SCRIPT = "globalThis.ran = true; document.title = 'taken over'";

describe('what IB serves through the proxy, in a browser', function () {
  this.timeout(30_000);
  let ib: OwnIb;
  let browser: Browser;
  let page: Page;
  /** Addresses of the same things as a script, a style and a page, which need no token. */
  const addresses: Record<string, string> = {};

  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' } });
    ib.answer((request, response) => {
      const types: Record<string, readonly [type: string, body: string]> = {
        '/script': ['text/javascript', SCRIPT],
        '/style': ['text/css', 'body { display: none }'],
        '/page': ['text/html', `<title>IB's</title><script>${SCRIPT}</script><p>there</p>`],
        '/drawing': [
          'image/svg+xml',
          `<svg xmlns="http://www.w3.org/2000/svg"><script>${SCRIPT}</script></svg>`,
        ],
      };
      const [type, body] = types[request.url ?? ''] ?? [
        'application/json',
        JSON.stringify(Object.keys(types).map((path) => `${ib.origin}${path}?sid=${ib.sid}`)),
      ];
      response.writeHead(200, { 'content-type': type, 'service-worker-allowed': '/' }).end(body);
    });
    const listed = (await (await ib.call()).json()) as string[];
    for (const [at, name] of ['script', 'style', 'page', 'drawing'].entries())
      addresses[name] = listed[at] ?? '';
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
    await ib.close();
  });

  beforeEach(async () => {
    page = await browser.newPage();
    await page.goto(`${ib.stack.issuer}/account`);
  });
  afterEach(() => page.close());

  /** Puts an element into the page, as whoever found a hole in it would; how that ended. */
  const insert = (tag: 'script' | 'link', address: string): Promise<string> =>
    page.evaluate(
      ([name, url]) =>
        new Promise<string>((resolve) => {
          const element = document.createElement(name);
          if (element instanceof HTMLScriptElement) element.src = url;
          else Object.assign(element, { rel: 'stylesheet', href: url });
          element.onload = () => resolve('loaded');
          element.onerror = () => resolve('refused');
          document.head.append(element);
        }),
      [tag, address] as const,
    );

  it('is no script and no style of a page of ours; what is ours is', async () => {
    const own = await page.evaluate(() => document.querySelector('link')?.href ?? '');
    expect(await insert('link', own)).to.equal('loaded');
    for (const address of [addresses['script'], `${addresses['script']}`.replace(ib.stack.issuer, '')]) {
      expect(await insert('script', address ?? '')).to.equal('refused');
    }
    expect(await insert('link', addresses['style'] ?? '')).to.equal('refused');
    expect(await page.evaluate(() => 'ran' in globalThis)).to.equal(false);
  });

  it('is no worker that answers for our pages', async () => {
    const outcome = await page.evaluate(
      (address) =>
        navigator.serviceWorker.register(address, { scope: '/' }).then(
          () => 'registered',
          () => 'refused',
        ),
      addresses['script'] ?? '',
    );
    expect(outcome).to.equal('refused');
  });

  for (const kind of ['page', 'drawing']) {
    it(`is a ${kind} in which nothing runs, of an origin of its own`, async () => {
      const answer = await page.goto(addresses[kind] ?? '');
      expect(answer?.status()).to.equal(200);
      expect(await page.evaluate(() => ['ran' in globalThis, self.origin])).to.deep.equal([false, 'null']);
      expect(await page.title()).to.not.equal('taken over');
    });
  }
});
