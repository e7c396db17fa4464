import { expect } from 'chai';
import { attributeOf, Browser } from '../support/browser.ts';
import { type Cluster, logged, startCluster, timesLogged } from '../support/processes.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER, WEB_SECRET } from '../support/stack.ts';

const BASIC = `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}`;

async function token(
  origin: string,
  params: Record<string, string>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${origin}/token`, {
    method: 'POST',
    headers: { authorization: BASIC },
    body: new URLSearchParams(params),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

for (const storage of ['embedded', 'dynamodb'] as const) {
  describe(`several processes on one store (${storage})`, function () {
    this.timeout(60_000);
    suite(storage);
  });
}

function suite(storage: 'embedded' | 'dynamodb'): void {
  let cluster: Cluster;
  let turn = 0;
  const next = (): string => {
    const { workers } = cluster;
    turn += 1;
    return workers[turn % workers.length]?.origin ?? '';
  };

  before(async () => {
    cluster = await startCluster(2, {}, storage);
  });
  after(() => cluster.close());

  async function code(
    browser: Browser,
    between: () => Promise<unknown> = async () => undefined,
  ): Promise<string> {
    let page = await browser.open(authorizeUrl(cluster.issuer));
    await between();
    page = await browser.press(page, 'platform', { platform_url: cluster.sandbox.platforms[0].origin });
    await between();
    const link = new URL(attributeOf(page, 'data-ib-login', 'href') ?? '');
    cluster.sandbox.platforms[0].signIn('ada', link.searchParams.get('token') ?? '');
    page = await browser.press(page, 'continue');
    await between();
    const done = await browser.press(page, 'consent', { decision: 'allow' });
    expect(done.url.origin + done.url.pathname).to.equal(REDIRECT_URI);
    return done.url.searchParams.get('code') ?? '';
  }

  const redeem = (origin: string, value: string) =>
    token(origin, {
      grant_type: 'authorization_code',
      code: value,
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    });

  it('answer one sign-in in turns', async () => {
    const value = await code(new Browser(next));
    const answer = await redeem(next(), value);
    expect(answer.status).to.equal(200);
    const me = await fetch(`${next()}/userinfo`, {
      headers: { authorization: `Bearer ${answer.body['access_token']}` },
    });
    expect(me.status).to.equal(200);
    const refreshed = await token(next(), {
      grant_type: 'refresh_token',
      refresh_token: String(answer.body['refresh_token']),
    });
    expect(refreshed.status).to.equal(200);
  });

  it('lose nothing when processes are killed between the steps of a sign-in and others take over', async () => {
    const value = await code(new Browser(next), async () => {
      await cluster.start();
      const [oldest] = cluster.workers;
      if (oldest !== undefined) await cluster.kill(oldest);
    });
    await cluster.start();
    expect((await redeem(next(), value)).status).to.equal(200);
  });

  it('give exactly one token set for 20 redemptions of one code at once', async () => {
    const value = await code(new Browser(next));
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(next(), value)));
    expect(
      answers.filter(({ status }) => status === 200),
      answers.map(({ status }) => status).join(' '),
    ).to.have.length(1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
      expect(status).to.equal(400);
      expect(body).to.deep.equal({
        error: 'invalid_grant',
        error_description: 'grant request is invalid',
      });
    }
    const [winner] = answers.filter(({ status }) => status === 200);
    const revoked = await token(next(), {
      grant_type: 'refresh_token',
      refresh_token: String(winner?.body['refresh_token']),
    });
    expect(revoked.body['error'], 'two had the code: what it gave is taken back').to.equal('invalid_grant');
  });

  it('give the same pair to a client that repeats a refresh at once, and one family only', async () => {
    const { body } = await redeem(next(), await code(new Browser(next)));
    const refresh = (value: unknown) =>
      token(next(), { grant_type: 'refresh_token', refresh_token: String(value) });
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(body['refresh_token'])));
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
    const [pair, ...others] = new Set(
      answers.map((answer) => `${answer.body['refresh_token']} ${answer.body['access_token']}`),
    );
    expect(others).to.deep.equal([]);
    const successor = pair?.split(' ')[0];
    expect((await refresh(successor)).status).to.equal(200);
    const reused = await refresh(body['refresh_token']);
    expect(reused.body['error'], 'the successor has been used: this is reuse').to.equal('invalid_grant');
    expect((await refresh(successor)).body['error'], 'and it ends the family').to.equal('invalid_grant');
  });

  it('take keys that a command has rotated in their file, without a restart', async () => {
    const workers = [...cluster.workers];
    const before = workers.map(({ output }) => timesLogged(output, 'secrets_reloaded'));
    await cluster.admin(['secrets', 'rotate']);
    await Promise.all(workers.map((worker, at) => logged(worker, 'secrets_reloaded', before[at] ?? 0)));
    const listed = JSON.parse(await cluster.admin(['--json', 'keys', 'list'])) as { kid: string }[];
    expect(listed).to.have.length(4);
    for (const { origin } of workers) {
      const { keys } = (await (await fetch(`${origin}/jwks`)).json()) as { keys: { kid: string }[] };
      expect(keys.map(({ kid }) => kid)).to.have.members(listed.map(({ kid }) => kid));
    }
    expect((await redeem(next(), await code(new Browser(next)))).status).to.equal(200);
  });

  it('exit with code 0 on SIGTERM', async () => {
    const worker = await cluster.start();
    const ended = new Promise((resolve) => worker.child.once('exit', resolve));
    worker.child.kill('SIGTERM');
    expect(await ended).to.equal(0);
    await cluster.kill(worker);
  });
}
