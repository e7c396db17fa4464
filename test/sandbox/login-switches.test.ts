import { expect } from 'chai';
import { START_SECONDS, useLogins } from './logins.ts';

describe("the switches of the sandbox's login", () => {
  const logins = useLogins();
  const { expectExpired, expectPending, info, later, newToken, set, signedIn, signedInToken } = logins;

  it('pendingSeconds: reports a sign-in only after its time', async () => {
    set({ pendingSeconds: 5 });
    const token = await signedInToken();
    later(4);
    await expectPending(token);
    later(1);
    await signedIn(token);
  });

  it('held: reports no sign-in until it is released', async () => {
    set({ held: true });
    const token = await signedInToken();
    later(1000);
    await expectPending(token);
    set({ held: false });
    await signedIn(token);
  });

  it('expired: ends tokens that are asked about, until a new one is handed out', async () => {
    const token = await newToken();
    set({ expired: true });
    await expectExpired(token);
    const next = await newToken();
    await expectPending(next);
    await expectExpired(token);
  });

  for (const [expiredAs, type] of [
    ['json', 'application/json'],
    ['text', 'text/plain'],
  ] as const) {
    it(`expiredAs: ${expiredAs}`, async () => {
      const token = await newToken();
      set({ expired: true, expiredAs });
      expect((await info(token)).headers.get('content-type')).to.contain(type);
    });
  }

  it('tokenSeconds: ends a token that nobody signed in with in time', async () => {
    set({ tokenSeconds: 60 });
    const [unused, used] = [await newToken(), await newToken()];
    later(59);
    await expectPending(unused);
    logins.acme.signIn('ada', used);
    later(1);
    await expectExpired(unused);
    await signedIn(used);
  });

  it('tellOnce: a second call with the same token fails', async () => {
    set({ tellOnce: true });
    const token = await signedInToken();
    await signedIn(token);
    await expectExpired(token);
  });

  it('withoutSession: 200 without a session', async () => {
    const token = await signedInToken();
    set({ withoutSession: true });
    const answer = await info(token);
    expect(answer.status).to.equal(200);
    expect(await answer.json()).to.have.nested.property('content.session', null);
  });

  it('brokenJson: 200 with what is no JSON', async () => {
    const token = await signedInToken();
    set({ brokenJson: true });
    const answer = await info(token);
    expect(answer.status).to.equal(200);
    const text = await answer.text();
    expect(() => JSON.parse(text)).to.throw(SyntaxError);
  });

  it('html: a web page instead of every answer', async () => {
    set({ html: true });
    for (const path of ['token', 'getYapiAddress', 'info?token=x']) {
      const answer = await fetch(`${logins.acme.origin}/v1/auth/app/${path}`);
      expect([answer.status, answer.headers.get('content-type')], path).to.deep.equal([
        200,
        'text/html; charset=utf-8',
      ]);
      expect(await answer.text()).to.match(/^<!doctype html>/);
    }
  });

  it('status and retryAfterSeconds: 500, 429, with and without Retry-After', async () => {
    const seen: unknown[] = [];
    for (const switches of [
      { status: 500 },
      { status: 429 },
      { status: 429, retryAfterSeconds: 20 },
    ] as const) {
      logins.sandbox.reset();
      set(switches);
      const answer = await fetch(`${logins.acme.origin}/v1/auth/app/token`, { method: 'POST' });
      seen.push([answer.status, answer.headers.get('retry-after')]);
    }
    expect(seen).to.deep.equal([
      [500, null],
      [429, null],
      [429, '20'],
    ]);
    expect((await fetch(`${logins.globex.origin}/v1/auth/app/token`)).status, 'of one platform').to.equal(
      200,
    );
  });

  it('delayMs: answers late, and leaves nothing behind when the caller gives up', async () => {
    set({ delayMs: 50 });
    const began = performance.now();
    await newToken();
    expect(performance.now() - began).to.be.at.least(45);
    set({ delayMs: 15_000 });
    const failed = await fetch(`${logins.acme.origin}/v1/auth/app/token`, {
      signal: AbortSignal.timeout(20),
    }).catch((error: Error) => error.name);
    expect(failed).to.equal('TimeoutError');
  });

  it('cut: ends the connection in the middle of the answer', async () => {
    set({ cut: true });
    const answer = await fetch(`${logins.acme.origin}/v1/auth/app/token`);
    const failed = await answer.text().catch((error: Error) => error.name);
    expect(failed).to.equal('TypeError');
  });

  it('redirect: sends the caller to another host', async () => {
    set({ redirect: true });
    const answer = await fetch(`${logins.acme.origin}/v1/auth/app/token`, { redirect: 'manual' });
    expect(answer.status).to.equal(302);
    expect(new URL(answer.headers.get('location') ?? '').origin).to.not.equal(logins.acme.origin);
  });

  it('foreignApi, withoutPeriod, periodHours, numbersAsText: change what the session says', async () => {
    const token = await signedInToken();
    set({ foreignApi: true, periodHours: 2 });
    expect((await signedIn(token)).info).to.include({
      apiV3url: 'https://api.evil.example',
      logintimeoutperiod: 2,
    });
    set({ withoutPeriod: true, numbersAsText: true });
    const { info: told, session } = await signedIn(token);
    expect(told).to.not.have.property('logintimeoutperiod');
    expect(session['loginTime']).to.equal(String(START_SECONDS));
    set({ withoutPeriod: false });
    expect((await signedIn(token)).info['logintimeoutperiod']).to.equal('2');
  });

  it('alreadyOver: hands out a session whose end has passed, and whose sid is dead', async () => {
    set({ alreadyOver: true });
    const { session, info: told } = await signedIn(await signedInToken());
    const end = Number(session['loginTime']) + Number(told['logintimeoutperiod']) * 3600;
    expect(end).to.be.below(START_SECONDS);
    const answer = await fetch(
      `${logins.sandbox.apiOrigin}/api/3.0.0/6M0B/folder?sid=${String(told['sid'])}`,
    );
    expect(answer.status).to.equal(401);
  });
});
