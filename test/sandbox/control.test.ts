import { expect } from 'chai';
import { type Sandbox, type SandboxPlatform, startSandbox } from '../../sandbox/server.ts';
import { defaultSwitches } from '../../sandbox/switches.ts';

describe("the sandbox's control over HTTP", () => {
  let sandbox: Sandbox;
  let acme: SandboxPlatform;
  let globex: SandboxPlatform;

  before(async () => {
    sandbox = await startSandbox();
    [acme, globex] = sandbox.platforms;
  });
  after(() => sandbox.close());
  beforeEach(() => sandbox.reset());

  async function post(
    origin: string,
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${origin}/__sandbox/${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  }
  const newToken = async (platform: SandboxPlatform): Promise<string> =>
    ((await (await fetch(`${platform.origin}/v1/auth/app/token`)).json()) as { content: string }).content;
  const infoStatus = async (platform: SandboxPlatform, token: string): Promise<number> =>
    (await fetch(`${platform.origin}/v1/auth/app/info?token=${token}`)).status;

  it('sets the switches of one platform on its own host', async () => {
    const { status, body } = await post(acme.origin, 'switches', { pendingSeconds: 3, html: true });
    expect(status).to.equal(200);
    expect(body).to.deep.equal({ ...defaultSwitches(), pendingSeconds: 3, html: true });
    expect(acme.switches).to.deep.equal(body);
    expect(globex.switches).to.deep.equal(defaultSwitches());
    const shown = await fetch(`${acme.origin}/__sandbox/switches`);
    expect(await shown.json()).to.deep.equal(body);
  });

  it("sets the switches of both platforms on the API's host", async () => {
    expect(await post(sandbox.apiOrigin, 'switches', { status: 503 })).to.deep.equal({
      status: 200,
      body: { '6M0B': { ...acme.switches, status: 503 }, '7q2C': { ...globex.switches, status: 503 } },
    });
    expect([acme.switches.status, globex.switches.status]).to.deep.equal([503, 503]);
    await post(sandbox.apiOrigin, 'reset', {});
    expect([acme.switches, globex.switches]).to.deep.equal([defaultSwitches(), defaultSwitches()]);
    sandbox.set({ held: true });
    expect([acme.switches.held, globex.switches.held]).to.deep.equal([true, true]);
  });

  it('sets all switches of a call or none, and names what does not fit', async () => {
    const wanted = {
      html: true,
      toString: 1,
      status: 200,
      delayMs: -1,
      expiredAs: 'xml',
      cut: 'yes',
      periodHours: 1.5,
    };
    expect(await post(acme.origin, 'switches', wanted)).to.deep.equal({
      status: 400,
      body: { unknown: ['toString', 'status', 'delayMs', 'expiredAs', 'cut', 'periodHours'] },
    });
    expect(acme.switches).to.deep.equal(defaultSwitches());
    expect((await post(acme.origin, 'switches', '{"html"')).status).to.equal(400);
    expect((await post(acme.origin, 'switches', '[]')).status).to.equal(400);
  });

  it('plays the user, with the newest token of a platform or with a given one', async () => {
    const token = await newToken(acme);
    const answer = await fetch(`${acme.origin}/__sandbox/last-token`);
    expect(await answer.json()).to.deep.equal({ token });
    expect((await post(acme.origin, 'sign-in', { user: 'Ada Lovelace' })).status).to.equal(200);
    expect(await infoStatus(acme, token)).to.equal(200);
    const other = await newToken(globex);
    expect((await post(sandbox.apiOrigin, 'sign-in', { user: 'alan', token: other })).status).to.equal(200);
    expect(await infoStatus(globex, other)).to.equal(200);
  });

  it('says which token or user it does not know', async () => {
    await newToken(acme);
    expect((await post(acme.origin, 'sign-in', { user: 'alan' })).body).to.include({ code: 'unknown_user' });
    expect((await post(acme.origin, 'sign-in', { user: 'ada', token: 'x' })).body).to.include({
      code: 'unknown_token',
    });
    expect(() => acme.signIn('nobody'))
      .to.throw()
      .with.property('code', 'unknown_user');
  });

  it('ends sessions', async () => {
    await newToken(acme);
    const { sid } = acme.signIn('ada');
    const folders = () => fetch(`${sandbox.apiOrigin}/api/3.0.0/6M0B/folder`, { headers: { sid } });
    expect((await folders()).status).to.equal(200);
    expect((await post(acme.origin, 'kill', {})).status).to.equal(200);
    expect((await folders()).status).to.equal(401);
  });

  it('has a page with every switch that a person can set without scripts', async () => {
    const page = await (await fetch(`${acme.origin}/__sandbox/`)).text();
    for (const name of Object.keys(defaultSwitches())) expect(page).to.contain(`name="${name}"`);
    const form = new URLSearchParams({ html: 'true', cut: 'false', delayMs: '15000', expiredAs: 'text' });
    const set = await fetch(`${acme.origin}/__sandbox/switches`, {
      method: 'POST',
      body: form,
      redirect: 'manual',
    });
    expect([set.status, set.headers.get('location')]).to.deep.equal([303, '/__sandbox/']);
    expect(acme.switches).to.deep.include({ html: true, cut: false, delayMs: 15_000, expiredAs: 'text' });
    const bad = await fetch(`${acme.origin}/__sandbox/switches`, {
      method: 'POST',
      body: new URLSearchParams({ status: 'x' }),
    });
    expect(bad.status).to.equal(400);
    const all = await (await fetch(`${sandbox.apiOrigin}/__sandbox/`)).text();
    expect(all).to.contain(`${acme.origin}/__sandbox/`).and.contain(`${globex.origin}/__sandbox/`);
  });

  it('is not among the recorded calls', async () => {
    await fetch(`${acme.origin}/__sandbox/switches`);
    expect(sandbox.calls).to.deep.equal([]);
    expect((await fetch(`${acme.origin}/__sandbox/nothing`)).status).to.equal(404);
  });

  it('opens three consecutive ports, or nothing where one is taken', async () => {
    const port = Number(new URL(sandbox.apiOrigin).port);
    const failed = await startSandbox({ port }).catch((error: { code?: string }) => error.code);
    expect(failed).to.equal('EADDRINUSE');
  });
});
