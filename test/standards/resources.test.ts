import { expect } from 'chai';
import { SignJWT } from 'jose';
import { parse } from 'yaml';
import { canonicalResource } from '../../config/clients/resource-uri.ts';
import { attributeOf, Browser, decodeEntities } from '../support/browser.ts';
import {
  authorizeUrl as anyUrl,
  CHALLENGE,
  type Stack,
  signInAt,
  startStack,
  token,
  VERIFIER,
} from '../support/stack.ts';
import { answerIn, basic, post, RESOURCE, startStandards } from '../support/standards.ts';

const API = 'https://api.acme.example';
const MCP = 'https://mcp.acme.example/mcp/';
const CLIENTS = `
clients:
  - client_id: web
    client_name: Web App
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token, client_credentials]
    scope: openid profile offline_access ib:api
  - client_id: tv
    token_endpoint_auth_method: none
    application_type: native
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code']
    scope: profile ib:api
  - client_id: server
    client_secret_env: WEB_SECRET
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange']
resources:
  - { identifier: '${API}', scopes: [profile, 'ib:api'], client_id: server }
  - { identifier: '${MCP}', scopes: [profile, 'ib:api'], client_id: server }
`;

const authorizeUrl = (issuer: string, params: Record<string, string>): string =>
  anyUrl(issuer, { scope: 'profile ib:api', nonce: '', ...params });

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

  const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
    [API]: [
      API,
      `${API}/`,
      'HTTPS://API.ACME.EXAMPLE',
      'https://Api.Acme.Example:443/',
      `${API}/a/..`,
      `${API}/./`,
      `${API}//`,
    ],
    [MCP]: [
      MCP,
      'https://mcp.acme.example/mcp',
      'https://mcp.acme.example/%6Dcp',
      'https://mcp.acme.example:443/x/../mcp/',
      'https://MCP.acme.example/mcp//',
    ],
  };
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

  describe('that are not configured', () => {
    const UNKNOWN = 'https://unknown.example/mcp?"<b>';

    it('are told to the user in a page that says what an admin has to add, and in the log as one line', async () => {
      stack.logs.length = 0;
      const page = await new Browser().request(
        authorizeUrl(stack.issuer, {
          resource: UNKNOWN,
          scope: 'openid files:read'.replace('files:read', 'profile'),
        }),
      );
      expect([page.status, page.headers.get('location')]).to.deep.equal([400, null]);
      expect(page.body).to.not.contain('<b>');
      const [, copied = ''] = /<pre>([\s\S]*?)<\/pre>/.exec(page.body) ?? [];
      const wanted = [{ identifier: UNKNOWN, scopes: ['profile'] }];
      expect(parse(decodeEntities(copied))).to.deep.equal(wanted);
      const back = new URL(attributeOf(page, 'data-cancel', 'href') ?? '');
      expect(back.searchParams.get('error')).to.equal('invalid_target');
      expect(back.searchParams.get('state')).to.equal('the-state');
      const { line, clientId } = await stack.logged('resource_unknown');
      expect(parse(String(line))).to.deep.equal(wanted);
      expect([clientId, String(line).includes('\n')]).to.deep.equal(['web', false]);
    });

    it('are told in plain characters, whatever they are made of', async () => {
      const resource = 'https://a.example/\u009b31m\u202e\u{1F600}"';
      await new Browser().request(authorizeUrl(stack.issuer, { resource }));
      const isIt = ({ line }: Readonly<Record<string, unknown>>): boolean =>
        String(line).includes('a.example');
      const { line } = await stack.logged('resource_unknown', isIt);
      expect(line).to.match(/^[\x20-\x7e]+$/);
      expect(parse(String(line))[0]['identifier']).to.equal(resource);
    });

    it('are an error for the app where nobody looks on', async () => {
      const silent = await new Browser().request(
        authorizeUrl(stack.issuer, { resource: UNKNOWN, prompt: 'none' }),
      );
      expect(answerIn(silent).get('error')).to.equal('invalid_target');
      const machine = { grant_type: 'client_credentials', resource: UNKNOWN };
      const form = new URL(authorizeUrl(stack.issuer, { resource: UNKNOWN })).search.slice(1);
      for (const answer of [
        await post(stack, '/token', machine, basic('web')),
        await post(stack, '/par', form, basic('web')),
        await post(stack, '/device_authorization', { client_id: 'tv', resource: UNKNOWN }),
      ]) {
        expect([answer.status, answer.body['error']]).to.deep.equal([400, 'invalid_target']);
        expect(answer.body['error_description'])
          .to.contain('clients file')
          .and.match(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/, 'RFC 6749 section 5.2');
      }
      await stack.logged('resource_unknown', ({ clientId }) => clientId === 'tv');
    });

    it('are other paths, queries, hosts, schemes and ports than those that are', async () => {
      for (const resource of [
        `${API}/v1`,
        `${API}?x=1`,
        'http://api.acme.example',
        `${API}:8443`,
        'https://user@api.acme.example',
        'https://mcp.acme.example/MCP',
        'https://mcp.acme.example/mcp%2F',
        'https://mcp.acme.example',
        'urn:mcp.acme.example',
      ]) {
        const page = await new Browser().request(authorizeUrl(stack.issuer, { resource }));
        expect([page.status, page.body.includes('invalid_target')], resource).to.deep.equal([400, true]);
      }
    });
  });

  it('have one form, which is a form of itself', () => {
    for (const identifier of [
      ...Object.values(SPELLINGS).flat(),
      'urn:acme:api',
      'api://1b2c/x',
      'https://a/?x=%7e',
    ]) {
      const form = canonicalResource(identifier) ?? '';
      expect(canonicalResource(form), identifier).to.equal(form);
    }
    expect(canonicalResource('urn:acme:api')).to.equal('urn:acme:api');
    expect(canonicalResource('nonsense')).to.equal(undefined);
  });

  it('are read in time that grows with their length and no faster', () => {
    // Read once for each slash, this row of them would outlast the test, and with it every other request.
    const row = '/'.repeat(1_000_000);
    expect(canonicalResource(`https://a.example${row}x`)).to.equal(`https://a.example${row}x`);
    expect(canonicalResource(`https://a.example/x${row}`)).to.equal('https://a.example/x');
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
