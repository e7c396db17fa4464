import { expect } from 'chai';
import { SignJWT } from 'jose';
import { Browser } from '../support/browser.ts';
import { API, authorizeUrl, CLIENTS, MCP, SPELLINGS } from '../support/resources.ts';
import { CHALLENGE, type Stack, signInAt, startStack, token, VERIFIER } from '../support/stack.ts';
import { basic, post, RESOURCE, startStandards } from '../support/standards.ts';

async function signIn(stack: Stack, browser: Browser, params: Record<string, string>): Promise<URL> {
  const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer, params));
  return (await browser.press(consent, 'consent', { decision: 'allow' })).url;
}

describe('resources (RFC 8707)', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ clients: CLIENTS });
  });
  after(() => stack.close());

  const introspect = async (token: unknown) =>
    (await post(stack, '/introspect', { token: String(token) }, basic('server'))).body;
  const redeem = (back: URL, more: Record<string, string>) =>
    post(
      stack,
      '/token',
      {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: 'https://app.example/callback',
        code_verifier: VERIFIER,
        ...more,
      },
      basic('web'),
    );

  for (const [audience, spellings] of Object.entries(SPELLINGS)) {
    it(`${audience} is meant however it is spelt, at each step, and is the audience as configured`, async () => {
      const browser = new Browser();
      for (const [at, resource] of spellings.entries()) {
        const again = spellings[(at + 1) % spellings.length] ?? '';
        const third = spellings[(at + 2) % spellings.length] ?? '';
        const params = { resource, scope: 'profile ib:api' };
        const back = at === 0 ? await signIn(stack, browser, params) : await openAgain(browser, params);
        const tokens = await redeem(back, { resource: again });
        expect(tokens.status, `${resource} ${again} ${tokens.text}`).to.equal(200);
        const refreshed = await post(
          stack,
          '/token',
          {
            grant_type: 'refresh_token',
            refresh_token: String(tokens.body['refresh_token']),
            resource: third,
          },
          basic('web'),
        );
        expect(refreshed.status, `${third} ${refreshed.text}`).to.equal(200);
        for (const { body } of [tokens, refreshed]) {
          expect(await introspect(body['access_token'])).to.include({ active: true, aud: audience });
        }
      }
    });

    const openAgain = async (browser: Browser, params: Record<string, string>): Promise<URL> => {
      const page = await browser.open(authorizeUrl(stack.issuer, params));
      expect(page.url.origin, `asked once for all spellings: ${params['resource']}`).to.equal(
        'https://app.example',
      );
      return page.url;
    };
  }

  it('are meant however they are spelt in a pushed request, by a device, by a machine and in an exchange', async () => {
    const url = new URL(authorizeUrl(stack.issuer, { resource: `${API}/`, scope: 'profile ib:api' }));
    const pushed = await post(stack, '/par', url.search.slice(1), basic('web'));
    expect(pushed.status, pushed.text).to.equal(201);
    const device = await post(stack, '/device_authorization', {
      client_id: 'tv',
      resource: 'https://API.acme.example/',
      scope: 'profile ib:api',
    });
    expect(device.status, device.text).to.equal(200);
    const machine = await post(
      stack,
      '/token',
      { grant_type: 'client_credentials', resource: `${API}/`, scope: 'ib:api' },
      basic('web'),
    );
    expect(await introspect(machine.body['access_token'])).to.include({ active: true, aud: API });
    const tokens = await redeem(
      await signIn(stack, new Browser(), { resource: MCP, scope: 'profile ib:api' }),
      {},
    );
    const exchanged = await post(
      stack,
      '/token',
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: String(tokens.body['access_token']),
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      },
      basic('server'),
    );
    expect(exchanged.status, exchanged.text).to.equal(200);
  });

  it('are meant however they are spelt in a signed request object', async () => {
    const { stack: signing, key } = await startStandards({ sandbox: stack.sandbox });
    try {
      const request = await new SignJWT({
        client_id: 'signed',
        response_type: 'code',
        redirect_uri: 'https://app.example/callback',
        scope: 'profile ib:api',
        resource: `${RESOURCE.replace('https://mcp.acme.', 'HTTPS://MCP.Acme.')}/`,
        code_challenge: CHALLENGE,
        code_challenge_method: 'S256',
      })
        .setProtectedHeader({ alg: 'ES256', kid: key.kid })
        .setIssuer('signed')
        .setAudience(signing.issuer)
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(key.pair.privateKey);
      const url = `${signing.issuer}/authorize?${new URLSearchParams({ client_id: 'signed', request })}`;
      const consent = await signInAt(signing, new Browser(), url);
      expect(consent.body).to.contain('name="decision"');
    } finally {
      await signing.close();
    }
  });

  it('may be several, of which one is chosen for each token', async () => {
    const url = new URL(authorizeUrl(stack.issuer, { scope: 'profile ib:api' }));
    for (const resource of [`${API}/`, 'https://mcp.acme.example/mcp', API])
      url.searchParams.append('resource', resource);
    const browser = new Browser();
    const consent = await signInAt(stack, browser, url.href);
    const back = (await browser.press(consent, 'consent', { decision: 'allow' })).url;
    const tokens = await redeem(back, { resource: MCP });
    expect(await introspect(tokens.body['access_token'])).to.include({ aud: MCP });
  });

  it('of this server’s own are its address, with and without /proxy', async () => {
    const called = async (resource: string) => {
      const back = await signIn(stack, new Browser(), { resource, scope: 'profile ib:api' });
      const { body } = await redeem(back, { resource });
      return fetch(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, {
        headers: { authorization: `Bearer ${String(body['access_token'])}` },
      });
    };
    for (const resource of [stack.issuer, `${stack.issuer}/`, `${stack.issuer}/proxy`]) {
      expect((await called(resource)).status, resource).to.equal(200);
    }
  });

  it('on this host have a document at the address that follows from theirs, which names them (RFC 9728)', async () => {
    const port = 13_907;
    const issuer = `http://localhost:${port}`;
    const own = await startStack({
      sandbox: stack.sandbox,
      env: { LOG_LEVEL: 'silent', PORT: String(port) },
      clients: `
clients: []
resources:
  - { identifier: '${issuer}/mcp', name: Tools, scopes: ['profile'] }
  - { identifier: '${issuer}/tenants/a/', scopes: ['ib:api'] }
  - { identifier: 'https://elsewhere.example/mcp', scopes: ['ib:api'] }
`,
    });
    try {
      const read = (path: string) => fetch(`${issuer}/.well-known/oauth-protected-resource${path}`);
      for (const [path, resource, scope] of [
        ['', issuer, 'ib:api'],
        ['/proxy', `${issuer}/proxy`, 'ib:api'],
        ['/mcp', `${issuer}/mcp`, 'profile'],
        ['/tenants/a/', `${issuer}/tenants/a/`, 'ib:api'],
      ] as const) {
        const answer = await read(path);
        expect(answer.headers.get('access-control-allow-origin')).to.equal('*');
        expect(await answer.json(), path).to.deep.include({
          resource,
          authorization_servers: [issuer],
          scopes_supported: [scope],
        });
      }
      for (const path of ['/', '/MCP', '/mcp/', '/mcp/x', '/tenants/a', '/nothing', '/proxy/']) {
        expect((await read(path)).status, path).to.equal(404);
      }
    } finally {
      await own.close();
    }
  });

  it('keep a token’s audience through a code that names none', async () => {
    const back = await signIn(stack, new Browser(), { resource: `${API}/`, scope: 'profile' });
    const { body } = await token(stack, {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: 'https://app.example/callback',
      code_verifier: VERIFIER,
    });
    expect(await introspect(body['access_token'])).to.include({ aud: API });
  });
});
