import { expect } from 'chai';
import type { SandboxPlatform } from '../../sandbox/server.ts';
import type { Switches } from '../../sandbox/switches.ts';
import { attributeOf, Browser, formsOf, type Page } from '../support/browser.ts';
import { authorizeUrl, type Stack, startStack } from '../support/stack.ts';

interface Poll {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Record<string, unknown>;
}

describe('IntelligenceBank in trouble', () => {
  let nowMs = Date.now();
  let stack: Stack;
  let acme: SandboxPlatform;

  before(async () => {
    stack = await startStack({
      now: () => nowMs,
      env: { LOG_LEVEL: 'silent' },
      lifetimes: { ibTimeoutMs: 500 },
    });
    [acme] = stack.sandbox.platforms;
  });
  after(() => stack.close());
  afterEach(() => stack.sandbox.reset());

  const later = (seconds: number): void => {
    nowMs += seconds * 1000;
  };
  const set = (switches: Partial<Switches>): void => void Object.assign(acme.switches, switches);

  /** A waiting page whose user has signed in at IB, or not. */
  async function waiting(browser: Browser, user?: string): Promise<Page> {
    const page = await browser.press(await browser.open(authorizeUrl(stack.issuer)), 'platform', {
      platform_url: acme.origin,
    });
    expect(attributeOf(page, 'data-ib-login', 'href'), page.body).to.be.a('string');
    if (user !== undefined) acme.signIn(user);
    later(2);
    return page;
  }

  async function poll(browser: Browser, handle: unknown): Promise<Poll> {
    const answer = await browser.request(`${stack.issuer}/authorize/poll?token=${String(handle)}`, {
      headers: { accept: 'application/json' },
    });
    return {
      status: answer.status,
      retryAfter: answer.headers.get('retry-after'),
      body: JSON.parse(answer.body),
    };
  }
  const handleOf = (page: Page): string => attributeOf(page, 'data-poll', 'data-poll') ?? '';

  async function expectSignedIn(browser: Browser, page: Page): Promise<void> {
    const { status, body } = await poll(browser, handleOf(page));
    expect(status, JSON.stringify(body)).to.equal(200);
    const consent = await browser.open(String(body['redirect_url']));
    expect(formsOf(consent).some(({ action }) => action.endsWith('/consent'))).to.equal(true);
    const done = await browser.press(consent, 'consent', { decision: 'allow' });
    expect(done.url.searchParams.get('code')).to.be.a('string');
  }

  it('says authorization_pending until the user has signed in, and slow_down to whoever asks too soon', async () => {
    const browser = new Browser();
    const page = await waiting(browser);
    const pending = await poll(browser, handleOf(page));
    expect(pending.status).to.equal(400);
    expect(pending.body).to.include({ error: 'authorization_pending', interval: 2 });
    const tooSoon = await poll(browser, handleOf(page));
    expect(tooSoon.body).to.include({ error: 'slow_down', interval: 2 });
    acme.signIn('ada');
    later(2);
    await expectSignedIn(browser, page);
  });

  it('asks IB once per interval, however many tabs poll', async () => {
    const browser = new Browser();
    const page = await waiting(browser);
    stack.sandbox.calls.length = 0;
    await Promise.all(Array.from({ length: 10 }, () => poll(browser, handleOf(page))));
    expect(stack.sandbox.calls.filter(({ target }) => target.includes('/info'))).to.have.length(1);
  });

  it('reports a login as pending for as long as IB does', async () => {
    const browser = new Browser();
    set({ pendingSeconds: 5 });
    const page = await waiting(browser, 'ada');
    expect((await poll(browser, handleOf(page))).body).to.include({ error: 'authorization_pending' });
    later(4);
    await expectSignedIn(browser, page);
  });

  for (const expiredAs of ['json', 'text'] as const) {
    it(`renews an expired login token, told as ${expiredAs}, for the same request`, async () => {
      const browser = new Browser();
      const page = await waiting(browser);
      const first = acme.lastToken();
      set({ expired: true, expiredAs });
      later(60);
      const renewed = await poll(browser, handleOf(page));
      expect(renewed.status).to.equal(200);
      expect(renewed.body).to.have.keys('login_url', 'token');
      expect(String(renewed.body['login_url'])).to.contain(acme.lastToken()).and.not.contain(first);
      const otherTab = await poll(browser, handleOf(page));
      expect(otherTab.body, 'the old handle learns of the new link').to.deep.equal(renewed.body);
      acme.signIn('ada');
      later(2);
      const { body } = await poll(browser, renewed.body['token']);
      expect(body).to.have.keys('redirect_url');
    });
  }

  const stillPending: readonly (readonly [string, Partial<Switches>])[] = [
    ['200 without a session', { withoutSession: true }],
    ['broken JSON', { brokenJson: true }],
    ['a web page instead of JSON', { html: true }],
  ];
  for (const [name, switches] of stillPending) {
    it(`takes ${name} for "not signed in yet"`, async () => {
      const browser = new Browser();
      const page = await waiting(browser, 'ada');
      set(switches);
      expect((await poll(browser, handleOf(page))).body).to.include({ error: 'authorization_pending' });
      stack.sandbox.reset();
      later(2);
      await expectSignedIn(browser, page);
    });
  }

  const troubles: readonly (readonly [string, Partial<Switches>, number])[] = [
    ['500', { status: 500 }, 4],
    ['429 with Retry-After', { status: 429, retryAfterSeconds: 20 }, 20],
    ['a cut connection', { cut: true }, 4],
    ['a redirect', { redirect: true }, 4],
    ['an answer later than its time-out', { delayMs: 1_500 }, 4],
  ];
  for (const [name, switches, seconds] of troubles) {
    it(`answers 503 while IB gives ${name}, slows down, and goes on when IB is back`, async () => {
      const browser = new Browser();
      const page = await waiting(browser, 'ada');
      set(switches);
      const trouble = await poll(browser, handleOf(page));
      expect(trouble.status).to.equal(503);
      expect(trouble.retryAfter).to.equal(String(seconds));
      expect(trouble.body).to.include({ error: 'temporarily_unavailable', interval: seconds });
      const reloaded = await browser.open(page.url);
      expect(reloaded.body).to.contain('IntelligenceBank is not answering right now');
      stack.sandbox.reset();
      later(seconds);
      await expectSignedIn(browser, page);
    });
  }

  it('lets the interval grow up to its limit while IB stays away', async () => {
    const browser = new Browser();
    const page = await waiting(browser);
    set({ status: 503 });
    const intervals: unknown[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const { body } = await poll(browser, handleOf(page));
      intervals.push(body['interval']);
      later(Number(body['interval']));
    }
    expect(intervals).to.deep.equal([4, 8, 16, 30, 30]);
  });

  it('refuses an API on a foreign host, says so to the user, and lets them begin again', async () => {
    const browser = new Browser();
    set({ foreignApi: true });
    const page = await waiting(browser, 'ada');
    const over = await poll(browser, handleOf(page));
    expect(over.status).to.equal(400);
    expect(over.body).to.include({ error: 'expired_token' });
    const told = await browser.open(page.url);
    expect(told.body).to.contain('could not be accepted');
    stack.sandbox.reset();
    const again = await browser.press(told, 'restart');
    acme.signIn('ada');
    later(2);
    await expectSignedIn(browser, again);
  });

  it('lets a session without a stated period last 24 hours, and reads numbers that come as text', async () => {
    const browser = new Browser();
    set({ withoutPeriod: true, numbersAsText: true });
    const page = await waiting(browser, 'ada');
    await expectSignedIn(browser, page);
  });

  it('ends an attempt after its deadline and begins another for the same request', async () => {
    const browser = new Browser();
    const page = await waiting(browser);
    let handle: unknown = handleOf(page);
    for (let minute = 0; minute < 14; minute += 1) {
      later(60);
      const { body } = await poll(browser, handle);
      expect(body).to.not.include({ error: 'expired_token' });
      handle = body['token'] ?? handle;
    }
    later(60);
    expect((await poll(browser, handle)).body).to.include({ error: 'expired_token' });
    const told = await browser.open(page.url);
    expect(told.body).to.contain('took too long');
    const again = await browser.press(told, 'restart');
    acme.signIn('ada');
    later(2);
    await expectSignedIn(browser, again);
  });

  it('says beside the field that IB does not answer, or that the host is no platform', async () => {
    const browser = new Browser();
    const page = await browser.open(authorizeUrl(stack.issuer));
    set({ status: 503 });
    expect((await browser.press(page, 'platform', { platform_url: acme.origin })).body).to.contain(
      'is not answering',
    );
    stack.sandbox.reset();
    set({ html: true });
    const notIb = await browser.press(page, 'platform', { platform_url: acme.origin });
    expect(notIb.status).to.equal(422);
    expect(notIb.body).to.contain('There is no IntelligenceBank platform');
  });

  it('does not know a poll of another browser', async () => {
    const page = await waiting(new Browser(), 'ada');
    const stranger = new Browser();
    await stranger.open(authorizeUrl(stack.issuer));
    const answer = await poll(stranger, handleOf(page));
    expect(answer.status).to.equal(400);
    expect(answer.body).to.include({ error: 'invalid_request' });
    expect((await poll(new Browser(), handleOf(page))).body).to.include({ error: 'invalid_request' });
    expect((await poll(new Browser(), 'nonsense')).body).to.include({ error: 'invalid_request' });
  });

  it('loses nothing when two polls meet a platform that tells of a session only once', async () => {
    const browser = new Browser();
    set({ tellOnce: true, delayMs: 60 });
    const page = await waiting(browser, 'ada');
    const first = poll(browser, handleOf(page));
    later(2);
    const both = await Promise.all([first, poll(browser, handleOf(page))]);
    later(2);
    const last = await poll(browser, handleOf(page));
    expect([...both, last].some(({ body }) => 'redirect_url' in body)).to.equal(true);
    expect((await browser.open(page.url)).body).to.contain('Ada Lovelace');
  });
});
