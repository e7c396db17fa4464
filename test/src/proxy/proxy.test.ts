import { request } from 'node:http';
import { expect } from 'chai';
import { startSandbox } from '../../../sandbox/server.ts';
import { Browser } from '../../support/browser.ts';
import { exchange, type Stack, signIn, startStack } from '../../support/stack.ts';

describe('the proxy', function () {
  this.timeout(60_000);
  let nowMs = Date.now();
  let stack: Stack;
  let accessToken: string;

  before(async () => {
    stack = await startStack({
      now: () => nowMs,
      env: { LOG_LEVEL: 'silent' },
      lifetimes: { proxyIdleMs: 2_000 },
    });
  });
  after(() => stack.close());
  beforeEach(async () => {
    nowMs += 61_000;
    stack.sandbox.reset();
    accessToken = await signedIn();
    stack.sandbox.calls.length = 0;
  });

  async function signedIn(scope = 'openid profile ib:api'): Promise<string> {
    const { body } = await exchange(stack, await signIn(stack, new Browser(), { scope }));
    return String(body['access_token']);
  }

  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${stack.issuer}/proxy${path}`, {
      ...init,
      headers: { authorization: `Bearer ${accessToken}`, ...(init.headers as Record<string, string>) },
    });
  const apiHost = (): string => new URL(stack.sandbox.apiOrigin).host;
  const json = async (response: Response): Promise<Record<string, unknown>> =>
    (await response.json()) as Record<string, unknown>;

  it("passes path and query byte for byte, with the sid and without the app's credentials", async () => {
    const path =
      '/api/3.0.0/6M0B/resource.limit(0,100).order(lastUpdateTime:-1)?verbose=true&searchParams[keywords]=logo%20a+b';
    const target = new URL(stack.issuer);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${accessToken}`,
        cookie: 'a=b',
        'x-forwarded-for': '1.2.3.4',
        'x-own': 'kept',
      };
      request({ host: '127.0.0.1', port: target.port, path: `/proxy${path}`, headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).to.equal(200);
    const [seen] = stack.sandbox.calls;
    expect(seen?.target).to.equal(path);
    expect(seen?.headers)
      .to.include({ 'x-own': 'kept' })
      .and.not.have.any.keys('authorization', 'cookie', 'x-forwarded-for');
    expect(String(seen?.headers['sid'])).to.match(/^sid-/);
  });

  it("reaches the session's own hosts by name, and no other", async () => {
    expect((await call(`/${apiHost()}/api/3.0.0/6M0B/folder`)).status).to.equal(200);
    expect((await call(`/${apiHost().replace(':', '%3A')}/api/3.0.0/6M0B/folder`)).status).to.equal(200);
    stack.sandbox.calls.length = 0;
    const other = new URL(stack.sandbox.platforms[1].origin).host;
    const port = apiHost().split(':')[1] ?? '';
    const hostile = [
      '0.0.0.0',
      '127.1',
      '0x7f.1',
      '0177.0.0.1',
      '127.0.0.1',
      '10.0.0.1',
      '192.168.1.1',
      '172.16.0.1',
      '100.64.0.1',
      '169.254.169.254',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[fe80::1]',
      '[fc00::1]',
      '::1',
      'localhost:22',
      `localhost:${port}`,
      `0.0.0.0:${port}`,
      `127.1:${port}`,
      `[::1]:${port}`,
      `[::ffff:127.0.0.1]:${port}`,
      `0x7f000001:${port}`,
      `2130706433:${port}`,
      `127.0.0.1.:${port}`,
      `127.0.0.1:${port}.`,
      `127.0.0.1:0${port}`,
      `127.0.0.1:${port}0`,
      `127.0.0.1:`,
      `:${port}`,
      `a@127.0.0.1:${port}`,
      `127.0.0.1:${port}@evil.example`,
      `127.0.0.1%00:${port}`,
      `127.0.0.1%0d%0a:${port}`,
      `127.0.0.1%2e:${port}`,
      'acme.intelligencebank.com.evil.example',
      'intelligencebank.com',
      'evil-intelligencebank.com',
      'xn--cme-5cd.intelligencebank.com',
      'acme.intelligencebank.com.',
      'acme..intelligencebank.com',
      '.intelligencebank.com',
      '*.intelligencebank.com',
      'localtest.me',
      'metadata.google.internal',
      'example.com:443',
      'example.com:80',
      '1.1.1.1',
      '8.8.8.8:53',
      'http:',
      'https:',
      'http:%2f%2fevil.example',
      'file:',
      'gopher:',
      'a.b',
      'a:b',
      '%3a',
      '127.0.0.1%3a1',
      '127.0.0.1%3A1',
      '..:',
      '.:',
    ];
    for (const host of hostile) {
      const refused = await call(`/${host}/api/3.0.0/6M0B/folder`);
      expect(refused.status, host).to.equal(403);
      await refused.arrayBuffer();
    }
    for (const host of [
      'evil.example',
      '127.0.0.1:9',
      other,
      '169.254.169.254',
      `${apiHost()}@evil.example`,
      'api.intelligencebank.com',
    ]) {
      const refused = await call(`/${host}/api/3.0.0/6M0B/folder`);
      expect(refused.status, host).to.equal(403);
      expect(await json(refused)).to.include({ error: 'access_denied' });
    }
    expect(stack.sandbox.calls).to.deep.equal([]);
  });

  it('asks for a token, the right scope, and says where its metadata is', async () => {
    const none = await fetch(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`);
    expect(none.status).to.equal(401);
    expect(none.headers.get('www-authenticate')).to.contain(
      `resource_metadata="${stack.issuer}/.well-known/oauth-protected-resource"`,
    );
    const wrong = await fetch(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, {
      headers: { authorization: 'Bearer nonsense' },
    });
    expect([wrong.status, await json(wrong)]).to.deep.equal([
      401,
      { error: 'invalid_token', error_description: 'invalid token provided' },
    ]);
    accessToken = await signedIn('openid profile');
    const narrow = await call('/api/3.0.0/6M0B/folder');
    expect(narrow.status).to.equal(403);
    expect(narrow.headers.get('www-authenticate'))
      .to.contain('insufficient_scope')
      .and.contain('scope="ib:api"');
    const metadata = await json(await fetch(`${stack.issuer}/.well-known/oauth-protected-resource`));
    expect(metadata).to.include({ resource: stack.issuer });
    expect(metadata['authorization_servers']).to.deep.equal([stack.issuer]);
  });

  it('passes on what IB says: lists, objects, errors, RPC', async () => {
    expect(await json(await call('/api/3.0.0/6M0B/folder.limit(0,1)'))).to.have.nested.property(
      'response.rows.length',
      1,
    );
    expect((await call('/api/3.0.0/6M0B/nothing')).status).to.equal(404);
    expect((await call('/api/3.0.0/6M0B/forbidden')).status).to.equal(403);
    const rpc = await call('/api/json', {
      method: 'POST',
      body: JSON.stringify({ client: '6M0B' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await json(rpc)).to.have.nested.property('response.data.client', '6M0B');
    stack.sandbox.platforms[0].switches.apiStatus = 429;
    const limited = await call('/api/3.0.0/6M0B/folder');
    expect([limited.status, limited.headers.get('retry-after')]).to.deep.equal([429, '7']);
    stack.sandbox.platforms[0].switches.apiStatus = 500;
    expect((await call('/api/3.0.0/6M0B/folder')).status).to.equal(500);
  });

  it('passes ranges of a file', async () => {
    const part = await call('/api/3.0.0/6M0B/file?size=1000', { headers: { range: 'bytes=10-19' } });
    expect(part.status).to.equal(206);
    expect(part.headers.get('content-range')).to.equal('bytes 10-19/1000');
    expect((await part.arrayBuffer()).byteLength).to.equal(10);
  });

  it("replaces the sid in IB's answers by addresses that work for a while, without a token", async () => {
    const body = await (await call('/api/3.0.0/6M0B/resource')).text();
    expect(body).to.not.contain('sid-');
    const { response } = JSON.parse(body) as { response: { rows: { preview: string }[] } };
    const preview = response.rows[0]?.preview ?? '';
    expect(preview).to.match(new RegExp(`^${stack.issuer}/proxy/~/`));
    const picture = await fetch(preview);
    expect(picture.status).to.equal(200);
    expect((await picture.arrayBuffer()).byteLength).to.equal(64 * 1024);
    expect(stack.sandbox.calls.at(-1)?.target).to.equal('/api/3.0.0/6M0B/file?preview=0');
    expect((await fetch(preview, { method: 'POST' })).status).to.equal(404);
    expect((await fetch(`${preview.slice(0, -4)}AAAA`)).status).to.equal(404);
    nowMs += 601_000;
    expect((await fetch(preview)).status).to.equal(404);
  });

  it('sends redirects back through itself, and none to a foreign host', async () => {
    const own = await call('/api/3.0.0/6M0B/redirect', { redirect: 'manual' });
    expect(own.status).to.equal(302);
    expect(own.headers.get('location')).to.equal(`${stack.issuer}/proxy/${apiHost()}/api/3.0.0/6M0B/file`);
    const foreign = await call('/api/3.0.0/6M0B/redirect?to=https://evil.example/x', { redirect: 'manual' });
    expect(foreign.status).to.equal(502);
    expect(foreign.headers.get('location')).to.equal(null);
  });

  it("takes IB's own 401 as the end of the session, for all its tokens at once", async () => {
    stack.sandbox.platforms[0].killSessions();
    const ended = await call('/api/3.0.0/6M0B/folder');
    expect([ended.status, await json(ended)]).to.deep.equal([
      401,
      { error: 'invalid_token', error_description: 'Session has expired' },
    ]);
    const userinfo = await fetch(`${stack.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect([userinfo.status, await json(userinfo)]).to.deep.equal([
      401,
      { error: 'invalid_token', error_description: 'Session has expired' },
    ]);
  });

  it("keeps IB's limit of 600 calls a minute for each user, before IB is asked", async () => {
    const statuses: number[] = [];
    for (let round = 0; round < 13; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => call('/api/3.0.0/6M0B/user.limit(1)')),
      );
      statuses.push(...answers.map(({ status }) => status));
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    }
    expect(statuses.filter((status) => status === 200).length).to.be.within(560, 600);
    const limited = await call('/api/3.0.0/6M0B/folder');
    expect(limited.status).to.equal(429);
    expect(Number(limited.headers.get('retry-after'))).to.be.within(1, 60);
    nowMs += 61_000;
    expect((await call('/api/3.0.0/6M0B/folder')).status).to.equal(200);
  });

  it("answers browser apps of the app's own origins only", async () => {
    const own = await call('/api/3.0.0/6M0B/folder', { headers: { origin: 'https://app.example' } });
    expect(own.headers.get('access-control-allow-origin')).to.equal('https://app.example');
    expect(own.headers.get('access-control-allow-credentials')).to.equal(null);
    const foreign = await call('/api/3.0.0/6M0B/folder', { headers: { origin: 'https://evil.example' } });
    expect(foreign.status).to.equal(403);
    const preflight = (origin: string) =>
      call('/api/3.0.0/6M0B/folder', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET' },
      });
    expect((await preflight('https://spa.example')).headers.get('access-control-allow-origin')).to.equal(
      'https://spa.example',
    );
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).to.equal(
      null,
    );
  });
});

describe('the proxy with IB away', () => {
  it('answers 502 as JSON', async () => {
    const sandbox = await startSandbox();
    const stack = await startStack({ sandbox, env: { LOG_LEVEL: 'silent' } });
    const { body } = await exchange(stack, await signIn(stack));
    await sandbox.close();
    const answer = await fetch(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, {
      headers: { authorization: `Bearer ${body['access_token']}` },
    });
    expect(answer.status).to.equal(502);
    expect(await answer.json()).to.include({ error: 'temporarily_unavailable' });
    await stack.close();
  });
});
