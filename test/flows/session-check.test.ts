import { expect } from 'chai';
import type { SandboxPlatform } from '../../sandbox/server.ts';
import type { Switches } from '../../sandbox/switches.ts';
import { Browser } from '../support/browser.ts';
import {
  authorizeUrl,
  exchange,
  type Stack,
  signIn,
  startStack,
  token,
  withBearer,
} from '../support/stack.ts';

const SPA = { client_id: 'spa', redirect_uri: 'https://spa.example/callback' };
const RAW = { scope: 'openid profile ib:api ib:session' };

describe('a session that an app holds itself', () => {
  let stack: Stack;
  let acme: SandboxPlatform;

  async function start(options: Parameters<typeof startStack>[0] = {}): Promise<void> {
    stack = await startStack({ ...options, env: { LOG_LEVEL: 'silent', ...options.env } });
    [acme] = stack.sandbox.platforms;
  }
  beforeEach(() => start());
  afterEach(() => stack.close());

  const set = (switches: Partial<Switches>): void => void Object.assign(acme.switches, switches);
  const refresh = (value: unknown, clientId?: string) =>
    token(stack, { grant_type: 'refresh_token', refresh_token: String(value) }, clientId);
  const userinfo = async (value: unknown) => {
    const answer = await withBearer(`${stack.issuer}/userinfo`, value);
    return { status: answer.status, body: await answer.json() };
  };
  const reads = (): number =>
    stack.sandbox.calls.filter(({ target }) => target === '/api/3.0.0/6M0B/folder.limit(1)').length;
  const tokensOf = async (params: Record<string, string>, browser = new Browser()) =>
    (await exchange(stack, await signIn(stack, browser, params))).body;

  it('is asked about once at each refresh, and goes on', async () => {
    let body = await tokensOf(RAW);
    expect(reads(), 'it is as new as can be').to.equal(0);
    for (let turn = 1; turn <= 2; turn += 1) {
      const refreshed = await refresh(body['refresh_token']);
      expect(refreshed.status).to.equal(200);
      expect(reads()).to.equal(turn);
      ({ body } = refreshed);
    }
    expect((await userinfo(body['access_token'])).status).to.equal(200);
  });

  for (const deadAs of ['key', 'text', 'verbose', 'invalid_request', 'invalid_response'] as const) {
    it(`is over for every app once IB says that its sid is dead, as ${deadAs}`, async () => {
      const browser = new Browser();
      const holder = await tokensOf(RAW, browser);
      const consent = await browser.open(authorizeUrl(stack.issuer, SPA));
      const redirect = (await browser.press(consent, 'consent', { decision: 'allow' })).url;
      const other = (await exchange(stack, redirect, 'spa')).body;
      expect((await userinfo(other['access_token'])).status).to.equal(200);
      set({ deadAs });
      acme.killSessions();
      const refused = await refresh(holder['refresh_token']);
      const expired = { error: 'invalid_grant', error_description: 'Session has expired' };
      expect(refused).to.deep.equal({ status: 400, body: expired });
      for (const value of [holder['access_token'], other['access_token']]) {
        expect(await userinfo(value)).to.deep.equal({
          status: 401,
          body: { error: 'invalid_token', error_description: 'Session has expired' },
        });
      }
      expect(await refresh(other['refresh_token'], 'spa')).to.deep.equal({ status: 400, body: expired });
      expect(await refresh(holder['refresh_token'])).to.deep.equal({ status: 400, body: expired });
      expect(reads(), 'once is enough').to.equal(1);
      expect((await stack.server.store.stats())['IbSession']?.live ?? 0).to.equal(0);
    });
  }

  const troubles: readonly (readonly [string, Partial<Switches>])[] = [
    ['another 401', { apiStatus: 401 }],
    ['403', { apiStatus: 403 }],
    ['404', { apiStatus: 404 }],
    ['429', { apiStatus: 429 }],
    ['500', { apiStatus: 500 }],
    ['503', { apiStatus: 503 }],
    ['a cut connection', { apiCut: true }],
    ['silence', { apiDelayMs: 60_000 }],
  ];
  for (const [name, switches] of troubles) {
    it(`goes on where IB answers with ${name}`, async () => {
      await stack.close();
      await start({ lifetimes: { ibSessionCheckMs: 200 } });
      const body = await tokensOf(RAW);
      set(switches);
      const refreshed = await refresh(body['refresh_token']);
      expect(refreshed.status, JSON.stringify(refreshed.body)).to.equal(200);
      expect(reads()).to.equal(1);
      stack.sandbox.reset();
      expect((await userinfo(refreshed.body['access_token'])).status).to.equal(200);
    });
  }

  it('is not asked about for an app that does not hold it, which goes on until a call says that it is over', async () => {
    const body = await tokensOf({ scope: 'openid profile ib:api' });
    acme.killSessions();
    expect((await refresh(body['refresh_token'])).status).to.equal(200);
    expect(reads()).to.equal(0);
  });

  it('is not asked about with IB_SESSION_CHECK=off', async () => {
    await stack.close();
    await start({ env: { IB_SESSION_CHECK: 'off' } });
    const body = await tokensOf(RAW);
    acme.killSessions();
    expect((await refresh(body['refresh_token'])).status).to.equal(200);
    expect(reads()).to.equal(0);
  });

  it("is not asked about for whoever's token or client is not good", async () => {
    const body = await tokensOf(RAW);
    acme.killSessions();
    expect((await refresh(body['refresh_token'], 'first')).body).to.include({ error: 'invalid_grant' });
    expect((await refresh(body['refresh_token'], 'spa')).body).to.include({ error: 'invalid_grant' });
    expect((await refresh(`${String(body['refresh_token']).slice(0, -1)}-`)).body).to.include({
      error: 'invalid_grant',
    });
    const wrong = await fetch(`${stack.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('web:wrong')}` },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: String(body['refresh_token']),
      }),
    });
    expect(wrong.status).to.equal(401);
    expect(reads()).to.equal(0);
    expect((await userinfo(body['access_token'])).status, 'and nothing has ended').to.equal(200);
  });

  it("counts against the user's own limit of calls, and waits for nobody where that is used up", async () => {
    await stack.close();
    // One minute of the limit, whenever the test runs.
    const nowMs = Math.floor(Date.now() / 60_000) * 60_000 + 30_000;
    await start({ lifetimes: { proxyCallsPerMinute: 3, proxyCallBlock: 1 }, now: () => nowMs });
    let body = await tokensOf(RAW);
    const call = async () =>
      (await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, body['access_token'])).status;
    expect(await call()).to.equal(200);
    for (let turn = 0; turn < 2; turn += 1) ({ body } = await refresh(body['refresh_token']));
    expect(reads()).to.equal(2);
    expect(await call(), 'the two reads counted').to.equal(429);
    expect((await refresh(body['refresh_token'])).status).to.equal(200);
    expect(reads()).to.equal(2);
  });
});
