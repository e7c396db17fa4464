import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { checkDatabase } from '../../adapters/store/engines/sqlite-maintenance.ts';
import { attributeOf, Browser, type Page } from '../support/browser.ts';
import { type Cluster, startCluster } from '../support/processes.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER, WEB_SECRET } from '../support/stack.ts';

/** `npm run test:kills` takes many more. */
const WANTED = Number(process.env['SIGN_INS'] ?? 0);
const SIGN_INS = { embedded: WANTED || 250, dynamodb: WANTED || 120 };
/** Far more than one takes on a busy machine. */
const MOST_MS_EACH = 600;
const AT_ONCE = 12;
/** A process is killed each time so many sign-ins have been finished. */
const KILL_EVERY = 25;
/** What a process that is behind answers with 503 is tried again after so long. */
const BUSY_MS = 1000;
/** The poll interval of the product. */
const INTERVAL_MS = 2000;
const USERS = ['ada', 'grace'];
const BASIC = `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}`;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/**
 * Three processes behind a balancer that, like any, sends a request to another one when the connection breaks. Users do
 * what a page tells them: where a sign-in is over, they begin again at the app.
 */
for (const storage of ['embedded', 'dynamodb'] as const) {
  describe(`three processes on one store (${storage}), killed at random`, function () {
    this.timeout(300_000 + SIGN_INS[storage] * MOST_MS_EACH);
    suite(storage);
  });
}

function suite(storage: 'embedded' | 'dynamodb'): void {
  const signIns = SIGN_INS[storage];
  let cluster: Cluster;
  let turn = 0;
  let cut = 0;

  before(async () => {
    cluster = await startCluster(3, { TRUSTED_PROXIES: '1' }, storage);
  });
  after(() => cluster.close());

  const next = (): string => {
    turn += 1;
    return cluster.workers[turn % cluster.workers.length]?.origin ?? '';
  };

  /** Repeats what a killed process never answered, or what is to be tried again in a moment; the last failure is not swallowed. */
  async function balanced<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await send();
        if (answer.status !== 503 || tries === 20) return answer;
        await setTimeout(BUSY_MS);
      } catch (error) {
        if (!(error instanceof TypeError) || tries === 20) throw error;
        cut += 1;
      }
    }
  }

  /** At an address of its own: the limits on one address are not what is tried here. */
  class BalancedBrowser extends Browser {
    readonly #address: Record<string, string>;

    constructor(index: number) {
      super(next);
      this.#address = { 'x-forwarded-for': `10.0.${Math.floor(index / 256)}.${index % 256}` };
    }

    override request(...[url, init = {}]: Parameters<Browser['request']>): Promise<Page> {
      const headers = { ...this.#address, ...init.headers };
      return balanced(() => super.request(url, { ...init, headers }));
    }
  }

  async function token(
    params: Record<string, string>,
  ): Promise<{ status: number; body: Tokens; wasCut: boolean }> {
    const before = cut;
    const response = await balanced(() =>
      fetch(`${next()}/token`, {
        method: 'POST',
        headers: { authorization: BASIC },
        body: new URLSearchParams(params),
      }),
    );
    return { status: response.status, body: (await response.json()) as Tokens, wasCut: cut > before };
  }

  /** From the app to its code; the number of times that the user was told to begin again. */
  async function code(browser: Browser, user: string): Promise<{ code: string; beginnings: number }> {
    const [platform] = cluster.sandbox.platforms;
    for (let beginnings = 1; beginnings < 10; beginnings += 1) {
      let page = await browser.open(authorizeUrl(cluster.issuer));
      if (page.body.includes('name="platform_url"')) {
        page = await browser.press(page, 'platform', { platform_url: platform.origin });
      }
      const link = attributeOf(page, 'data-ib-login', 'href');
      if (link !== undefined) {
        platform.signIn(user, new URL(link).searchParams.get('token') ?? '');
        page = await browser.press(page, 'continue');
        // A process that died while it asked IB has used up the turn: the page tells to ask again, after the interval.
        while (page.body.includes('data-ib-login')) {
          await setTimeout(INTERVAL_MS);
          page = await browser.press(page, 'continue');
        }
      }
      if (page.body.includes('name="decision"'))
        page = await browser.press(page, 'consent', { decision: 'allow' });
      const value = page.url.searchParams.get('code');
      if (value !== null && page.url.href.startsWith(REDIRECT_URI)) return { code: value, beginnings };
      expect(page.body.replace(/<[^>]*>/g, ' '), `${page.status} ${page.url.pathname}`).to.contain(
        'sign in again',
      );
    }
    throw new Error('a sign-in was lost');
  }

  /** One user: signs in, gets tokens, refreshes them, and is known by the last ones. */
  async function oneUser(index: number): Promise<{ tokens: Tokens; beginnings: number }> {
    const browser = new BalancedBrowser(index);
    const user = USERS[index % USERS.length] ?? 'ada';
    let beginnings = 0;
    for (;;) {
      const got = await code(browser, user);
      beginnings += got.beginnings;
      const exchanged = await token({
        grant_type: 'authorization_code',
        code: got.code,
        redirect_uri: REDIRECT_URI,
        code_verifier: VERIFIER,
      });
      // The answer to the first try may have died with its process: a used code stays used, and the app begins again.
      if (exchanged.status === 400 && exchanged.wasCut) continue;
      expect(exchanged.status).to.equal(200);
      const refreshed = await token({
        grant_type: 'refresh_token',
        refresh_token: exchanged.body.refresh_token,
      });
      expect(refreshed.status, 'a repeated refresh works').to.equal(200);
      return { tokens: refreshed.body, beginnings };
    }
  }

  it(`lose nothing of ${signIns} sign-ins and refreshes, and give nothing twice`, async () => {
    const finished: { tokens: Tokens; beginnings: number }[] = [];
    const kills: Promise<unknown>[] = [];
    let begun = 0;

    async function killOne(): Promise<void> {
      const victim = cluster.workers[Math.floor(Math.random() * cluster.workers.length)];
      if (victim !== undefined) await cluster.kill(victim);
      await cluster.start();
    }
    async function users(): Promise<void> {
      while (begun < signIns) {
        begun += 1;
        finished.push(await oneUser(begun));
        if (finished.length % KILL_EVERY === 0) {
          const last = kills.at(-1);
          kills.push((last ?? Promise.resolve()).then(killOne));
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, users));
    await Promise.all(kills);

    expect(finished).to.have.length(signIns);
    expect(kills.length).to.be.at.least(signIns / KILL_EVERY - 1);
    expect(cut, 'requests were cut off').to.be.above(0);
    expect(new Set(finished.map(({ tokens }) => tokens.access_token)).size).to.equal(signIns);
    expect(new Set(finished.map(({ tokens }) => tokens.refresh_token)).size).to.equal(signIns);
    for (const { tokens } of finished) {
      const response = await fetch(`${next()}/userinfo`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      });
      expect(response.status).to.equal(200);
    }
    if (storage === 'embedded') expect((await checkDatabase(cluster.dataDir)).damages).to.deep.equal([]);
    const again = finished.reduce((sum, { beginnings }) => sum + beginnings - 1, 0);
    console.log(`      ${kills.length} kills, ${cut} requests cut off, ${again} users told to begin again`);
  });
}
