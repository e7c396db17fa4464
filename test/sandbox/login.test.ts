import { expect } from 'chai';
import { type Sandbox, type SandboxPlatform, startSandbox } from '../../sandbox/server.ts';
import type { Switches } from '../../sandbox/switches.ts';

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const START_SECONDS = START_MS / 1000;

interface Info {
  readonly content: {
    readonly session: Record<string, unknown>;
    readonly info: Record<string, unknown>;
  };
}

describe("the sandbox's login", () => {
  let nowMs = START_MS;
  let sandbox: Sandbox;
  let acme: SandboxPlatform;
  let globex: SandboxPlatform;

  before(async () => {
    sandbox = await startSandbox({ clock: () => nowMs });
    [acme, globex] = sandbox.platforms;
  });
  after(() => sandbox.close());
  beforeEach(() => {
    nowMs = START_MS;
    sandbox.reset();
  });

  const set = (switches: Partial<Switches>): void => void Object.assign(acme.switches, switches);
  const later = (seconds: number): void => {
    nowMs += seconds * 1000;
  };

  async function newToken(platform = acme, method = 'POST'): Promise<string> {
    const answer = await fetch(`${platform.origin}/v1/auth/app/token`, { method });
    const body = (await answer.json()) as Record<string, unknown>;
    expect(answer.status).to.equal(200);
    expect(body).to.have.all.keys('SID', 'content');
    return String(body['content']);
  }
  const info = (token: string, platform = acme): Promise<Response> =>
    fetch(`${platform.origin}/v1/auth/app/info?token=${token}`);
  const loginPage = (token: string, platform = acme): string =>
    `${platform.origin}/auth/?login=0&token=${token}`;

  async function signedInToken(user = 'ada'): Promise<string> {
    const token = await newToken();
    acme.signIn(user, token);
    return token;
  }
  async function signedIn(token: string, platform = acme): Promise<Info['content']> {
    const answer = await info(token, platform);
    expect(answer.status).to.equal(200);
    return ((await answer.json()) as Info).content;
  }
  async function expectPending(token: string): Promise<void> {
    const answer = await info(token);
    expect(answer.status).to.equal(404);
    expect(await answer.text()).to.not.match(/expired/);
  }
  async function expectExpired(token: string): Promise<void> {
    const answer = await info(token);
    expect(answer.status).to.equal(404);
    expect(await answer.text()).to.contain('resource has expired');
  }

  it('plays two platforms that share a useruuid for two different people', async () => {
    expect([acme.clientid, globex.clientid]).to.deep.equal(['6M0B', '7q2C']);
    const tokens = [await newToken(acme), await newToken(globex)] as const;
    acme.signIn('Ada Lovelace', tokens[0]);
    globex.signIn('Alan Turing', tokens[1]);
    const ada = (await signedIn(tokens[0])).info;
    const alan = (await signedIn(tokens[1], globex)).info;
    expect(ada['useruuid']).to.equal(alan['useruuid']);
    expect([ada['firstname'], alan['firstname']]).to.deep.equal(['Ada', 'Alan']);
    expect((await info(tokens[0], globex)).status, 'a token is of one platform').to.equal(404);
  });

  it('hands out short alphanumeric tokens, to POST and to GET', async () => {
    expect(await newToken(acme, 'POST')).to.match(/^[A-Za-z0-9]{8}$/);
    expect(await newToken(acme, 'GET')).to.equal(acme.lastToken());
  });

  it('answers 404 until the user signs in, then the session', async () => {
    const token = await newToken();
    await expectPending(token);
    const { sid } = acme.signIn('ada', token);
    const { session, info: told } = await signedIn(token);
    expect(session).to.include({ sid, originalUserUuid: null, loginTime: START_SECONDS });
    expect(session['userUuid']).to.match(/^[0-9a-f]{32}$/);
    expect(told).to.include({
      clientname: 'ACME',
      clientid: '6M0B',
      sid,
      apiV3url: sandbox.apiOrigin,
      logintimeoutperiod: 24,
      lastname: 'Lovelace',
      email: 'ada@acme.example',
      adminemail: 'admin@customer.example',
    });
    expect(told).to.include.keys('clientuuid', 'apikey', 'thumbnail', 'enableAnnotations');
    expect((await signedIn(token)).session, 'a second call says the same').to.deep.equal(session);
  });

  it("gives most users no e-mail, but always the administrator's", async () => {
    const { info: told } = await signedIn(await signedInToken('grace'));
    expect(told).to.not.have.property('email');
    expect(told).to.have.property('adminemail');
  });

  it('shows a page without need of scripts that signs in, stays where it is and sends nobody back', async () => {
    const token = await newToken();
    const url = loginPage(token);
    const page = await (await fetch(url)).text();
    expect(page).to.contain('<form method="post"').and.contain('value="ada">Ada Lovelace</button>');
    const done = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ user: 'ada' }),
      redirect: 'manual',
    });
    expect(done.status).to.equal(200);
    expect(await done.text())
      .to.contain('You are signed in as Ada Lovelace')
      .and.not.contain('opener')
      .and.not.contain('postMessage');
    const { session } = await signedIn(token);
    await fetch(url, { method: 'POST', body: new URLSearchParams({ user: 'grace' }) });
    expect((await signedIn(token)).session, 'sent again, the form changes nothing').to.deep.equal(session);
  });

  it('escapes names, and knows no page for unknown and expired tokens', async () => {
    const page = await (await fetch(loginPage(await newToken(globex), globex))).text();
    expect(page).to.contain('Mary O&#39;Brien');
    expect((await fetch(loginPage('unknown'))).status).to.equal(404);
    const token = await newToken();
    set({ expired: true });
    await expectExpired(token);
    expect((await fetch(loginPage(token))).status).to.equal(404);
  });

  it('tells a platform from other hosts: getYapiAddress', async () => {
    const answer = await fetch(`${acme.origin}/v1/auth/app/getYapiAddress`);
    expect(await answer.json()).to.deep.equal({ content: 'https://apius.intelligencebank.com' });
    expect((await fetch(`${sandbox.apiOrigin}/v1/auth/app/getYapiAddress`)).status).to.equal(404);
  });

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
    acme.signIn('ada', used);
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
      const answer = await fetch(`${acme.origin}/v1/auth/app/${path}`);
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
      sandbox.reset();
      set(switches);
      const answer = await fetch(`${acme.origin}/v1/auth/app/token`, { method: 'POST' });
      seen.push([answer.status, answer.headers.get('retry-after')]);
    }
    expect(seen).to.deep.equal([
      [500, null],
      [429, null],
      [429, '20'],
    ]);
    expect((await fetch(`${globex.origin}/v1/auth/app/token`)).status, 'of one platform').to.equal(200);
  });

  it('delayMs: answers late, and leaves nothing behind when the caller gives up', async () => {
    set({ delayMs: 50 });
    const began = performance.now();
    await newToken();
    expect(performance.now() - began).to.be.at.least(45);
    set({ delayMs: 15_000 });
    const failed = await fetch(`${acme.origin}/v1/auth/app/token`, { signal: AbortSignal.timeout(20) }).catch(
      (error: Error) => error.name,
    );
    expect(failed).to.equal('TimeoutError');
  });

  it('cut: ends the connection in the middle of the answer', async () => {
    set({ cut: true });
    const answer = await fetch(`${acme.origin}/v1/auth/app/token`);
    const failed = await answer.text().catch((error: Error) => error.name);
    expect(failed).to.equal('TypeError');
  });

  it('redirect: sends the caller to another host', async () => {
    set({ redirect: true });
    const answer = await fetch(`${acme.origin}/v1/auth/app/token`, { redirect: 'manual' });
    expect(answer.status).to.equal(302);
    expect(new URL(answer.headers.get('location') ?? '').origin).to.not.equal(acme.origin);
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
    const answer = await fetch(`${sandbox.apiOrigin}/api/3.0.0/6M0B/folder?sid=${String(told['sid'])}`);
    expect(answer.status).to.equal(401);
  });

  it('records what it was asked, byte for byte', async () => {
    await fetch(`${acme.origin}/v1/auth/app/info?token=a%20b&x=[1]`, { headers: { accept: 'text/x-test' } });
    const [call] = sandbox.calls;
    expect(call).to.include({ method: 'GET', target: '/v1/auth/app/info?token=a%20b&x=[1]' });
    expect(call?.headers['accept']).to.equal('text/x-test');
    expect(call?.host).to.equal(new URL(acme.origin).host);
  });
});
