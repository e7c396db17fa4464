import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import { CHALLENGE, type Stack, signInAt, startStack, VERIFIER } from '../support/stack.ts';
import { post } from '../support/standards.ts';

/** A host of metadata documents on loopback: what is at a path, and how often each was asked for. */
interface DocumentHost {
  readonly origin: string;
  readonly asked: string[];
  at(path: string, answer: (request: IncomingMessage, response: ServerResponse) => void): string;
  /** A document by its path, as JSON; undefined members are left out. */
  document(path: string, more?: object, headers?: Record<string, string>): string;
  close(): Promise<void>;
}

async function startDocumentHost(): Promise<DocumentHost> {
  const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers.get(request.url ?? '');
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const at: DocumentHost['at'] = (path, answer) => {
    answers.set(path, answer);
    return origin + path;
  };
  return {
    origin,
    asked,
    at,
    document: (path, more = {}, headers = {}) =>
      at(path, (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify({ ...documentOf(origin + path), ...more }));
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const documentOf = (client_id: string) => ({
  client_id,
  client_name: 'Document Client',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

const REDIRECT = 'http://127.0.0.1:50123/callback';

describe('apps whose client_id is the address of their metadata', () => {
  let stack: Stack;
  let host: DocumentHost;
  let offset = 0;
  before(async () => {
    host = await startDocumentHost();
    stack = await startStack({
      env: { CLIENT_ID_METADATA_HOSTS: '*' },
      now: () => Date.now() + offset,
    });
  });
  beforeEach(() => {
    host.asked.length = 0;
  });
  after(async () => {
    await stack.close();
    await host.close();
  });

  const urlFor = (client_id: string, more: Record<string, string> = {}): string => {
    const url = new URL('/authorize', stack.issuer);
    url.search = new URLSearchParams({
      client_id,
      redirect_uri: REDIRECT,
      response_type: 'code',
      scope: 'profile ib:api',
      state: 's',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...more,
    }).toString();
    return url.href;
  };
  const open = (client_id: string, more?: Record<string, string>): Promise<Page> =>
    new Browser().request(urlFor(client_id, more));
  const allow = async (client_id: string, more?: Record<string, string>): Promise<URL> => {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, urlFor(client_id, more));
    return (await browser.press(consent, 'consent', { decision: 'allow' })).url;
  };
  const redeem = (client_id: string, back: URL, redirect_uri = REDIRECT) =>
    post(stack, '/token', {
      grant_type: 'authorization_code',
      client_id,
      code: back.searchParams.get('code') ?? '',
      redirect_uri,
      code_verifier: VERIFIER,
    });

  it('are announced', async () => {
    const answer = await fetch(`${stack.issuer}/.well-known/oauth-authorization-server`);
    expect(await answer.json()).to.include({ client_id_metadata_document_supported: true });
  });

  it('sign in with one reading of it, and refresh', async () => {
    const id = host.document('/plain');
    const tokens = await redeem(id, await allow(id));
    expect(tokens.status, tokens.text).to.equal(200);
    const refreshed = await post(stack, '/token', {
      grant_type: 'refresh_token',
      client_id: id,
      refresh_token: String(tokens.body['refresh_token']),
    });
    expect(refreshed.status, refreshed.text).to.equal(200);
    expect(host.asked).to.deep.equal(['/plain']);
  });

  describe('as they are in the wild', () => {
    for (const [name, document, redirect] of [
      [
        'Visual Studio Code, loopback with one port, beside its page',
        {
          client_name: 'Visual Studio Code',
          logo_uri: 'https://code.visualstudio.com/assets/branding/code-stable.png',
          grant_types: [
            'authorization_code',
            'refresh_token',
            'urn:ietf:params:oauth:grant-type:device_code',
          ],
          response_types: ['code'],
          token_endpoint_auth_method: 'none',
          application_type: 'native',
          client_uri: 'https://vscode.dev/product',
          redirect_uris: ['http://127.0.0.1:33418/'],
        },
        'http://127.0.0.1:52011/',
      ],
      [
        'the same without application_type',
        { redirect_uris: ['http://127.0.0.1:33418/'] },
        'http://127.0.0.1:52011/',
      ],
      [
        'Claude Code, loopback without a port',
        {
          client_name: 'Claude Code',
          client_uri: 'https://claude.ai',
          redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
        },
        'http://localhost:3118/callback',
      ],
      [
        'Claude, with a grant type that nobody here knows',
        {
          client_name: 'Claude',
          grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        },
        REDIRECT,
      ],
      ['no authentication method', { token_endpoint_auth_method: undefined }, REDIRECT],
      [
        'members of which there is nothing to say, as programs write them',
        { token_endpoint_auth_method: null, client_uri: '', contacts: null, jwks: { keys: [] }, scope: '' },
        REDIRECT,
      ],
      [
        'a method that it shares with nobody, and one that will do',
        {
          token_endpoint_auth_method: 'client_secret_post',
          token_endpoint_auth_methods_supported: ['client_secret_post', 'none'],
        },
        REDIRECT,
      ],
      ['everything of ours', { scope: 'openid profile email offline_access ib:api ib:session' }, REDIRECT],
    ] as const) {
      it(`sign in: ${name}`, async () => {
        const id = host.document(`/wild/${encodeURIComponent(name)}`, document);
        const back = await allow(id, { redirect_uri: redirect });
        expect(back.origin + back.pathname).to.equal(redirect);
        const tokens = await redeem(id, back, redirect);
        expect(tokens.status, tokens.text).to.equal(200);
      });
    }
  });

  const refused = async (id: string, reason: string | RegExp, more?: Record<string, string>) => {
    const page = await open(id, more);
    expect([page.status, page.headers.get('location')], id).to.deep.equal([400, null]);
    expect(page.headers.get('content-type')).to.contain('text/html');
    expect(page.body).to.contain(new URL(id).host);
    expect(page.body).to.match(typeof reason === 'string' ? new RegExp(reason) : reason);
  };

  describe('are refused in a page that names the host and the reason, and nothing is kept', () => {
    const send = (status: number, headers: Record<string, string>, body: string | Buffer) => {
      return (_request: IncomingMessage, response: ServerResponse) => {
        response.writeHead(status, headers).end(body);
      };
    };
    const json = { 'content-type': 'application/json' };

    const cases: Record<string, [reason: string, make: (path: string) => string]> = {
      'is not there': ['status 404', (path) => host.origin + path],
      'is a failure': ['status 503', (path) => host.at(path, send(503, {}, ''))],
      'is elsewhere': ['redirect', (path) => host.at(path, send(302, { location: '/plain' }, ''))],
      'is a page': [
        'content type',
        (path) => host.at(path, send(200, { 'content-type': 'text/html' }, '{}')),
      ],
      'is broken': ['not a JSON object', (path) => host.at(path, send(200, json, '{'))],
      'is a list': ['not a JSON object', (path) => host.at(path, send(200, json, '[]'))],
      'is cut off': [
        'cannot be reached',
        (path) =>
          host.at(path, (_request, response) => {
            response.writeHead(200, { ...json, 'content-length': '1000' });
            response.write('{');
            response.destroy();
          }),
      ],
      'is too large': [
        'larger than 5120 bytes',
        (path) => host.document(path, { software_statement: 'x'.repeat(6000) }),
      ],
      'is too large when unpacked': [
        'larger than 5120 bytes',
        (path) => {
          const text = JSON.stringify({ ...documentOf(host.origin + path), x: 'x'.repeat(1_000_000) });
          return host.at(path, send(200, { ...json, 'content-encoding': 'gzip' }, gzipSync(text)));
        },
      ],
      'is of somebody else': [
        'another client_id',
        (path) => host.document(path, { client_id: 'https://a.example/' }),
      ],
      'lists a foreign redirect': [
        'redirect URI at another host, evil.example',
        (path) =>
          host.document(path, { redirect_uris: ['http://127.0.0.1/callback', 'https://evil.example/cb'] }),
      ],
      'lists a dangerous redirect': [
        'redirect_uris\\[0\\]: must not use the scheme javascript',
        (path) => host.document(path, { redirect_uris: ['javascript:alert(1)'] }),
      ],
      'lists no redirect': ['redirect_uris', (path) => host.document(path, { redirect_uris: undefined })],
      'holds a secret': ['client_secret', (path) => host.document(path, { client_secret: 'x' })],
      'wants a secret': [
        'none or private_key_jwt',
        (path) => host.document(path, { token_endpoint_auth_method: 'client_secret_basic' }),
      ],
      'has a name to mislead': ['client_name', (path) => host.document(path, { client_name: 'a\u202eb' })],
      'has keys inside': [
        'jwks_uri',
        (path) =>
          host.document(path, {
            token_endpoint_auth_method: 'private_key_jwt',
            jwks_uri: 'http://127.0.0.1:1/jwks',
          }),
      ],
    };
    for (const [name, [reason, make]] of Object.entries(cases)) {
      it(`where the document ${name}`, async () => {
        const path = `/bad/${encodeURIComponent(name)}`;
        const id = make(path);
        await refused(id, reason);
        expect(host.asked, 'read once').to.deep.equal([path]);
        host.document(path);
        expect((await open(id)).status).to.equal(303);
      });
    }

    it('where the address is not written plainly, or not at https', async () => {
      const { host: name } = new URL(host.origin);
      for (const id of [
        `${host.origin}/a/../plain`,
        `${host.origin}/a/%2e%2e/plain`,
        `${host.origin}/plain#x`,
        `http://user@${name}/plain`,
        `HTTP://${name}/plain`,
        host.origin,
        'http://client.example/plain',
      ]) {
        await refused(id, /must be (named by its plain address|at https)/);
      }
      expect(host.asked).to.deep.equal([]);
    });

    it('where nobody answers', async () => {
      const gone = await startDocumentHost();
      const id = gone.document('/gone');
      await gone.close();
      await refused(id, 'cannot be reached');
    });
  });

  describe('and change', () => {
    it('are read anew when they are no longer fresh, by what their host says', async () => {
      const id = host.document('/fresh', {}, { 'cache-control': 'max-age=60' });
      await open(id);
      offset += 59_000;
      await open(id);
      expect(host.asked.length).to.equal(1);
      offset += 2_000;
      host.document('/fresh', { redirect_uris: ['http://127.0.0.1/other'] });
      expect((await open(id)).status).to.equal(400);
      expect(host.asked.length).to.equal(2);
    });

    it('get no code at an address that they list no more', async () => {
      const id = host.document('/moved', {}, { 'cache-control': 'no-store' });
      const browser = new Browser();
      const consent = await signInAt(stack, browser, urlFor(id));
      host.document('/moved', { redirect_uris: ['http://127.0.0.1/elsewhere'] });
      const page = await browser.press(consent, 'consent', { decision: 'allow' });
      expect([page.status, page.headers.get('location')]).to.deep.equal([400, null]);
      expect(page.body).to.contain(new URL(id).host).and.contain('has changed');
    });

    it('keep what they have while their host does not answer', async () => {
      const id = host.document('/away', {}, { 'cache-control': 'no-store' });
      const tokens = await redeem(id, await allow(id));
      host.at('/away', (_request, response) => void response.writeHead(503).end());
      const refreshed = await post(stack, '/token', {
        grant_type: 'refresh_token',
        client_id: id,
        refresh_token: String(tokens.body['refresh_token']),
      });
      expect(refreshed.status, refreshed.text).to.equal(200);
      await refused(id, 'status 503');
    });
  });

  it('are like apps that have been removed where their host is not allowed any more', async () => {
    const id = host.document('/removed');
    const browser = new Browser();
    const consent = await signInAt(stack, browser, urlFor(id, { scope: 'openid ib:api' }));
    const back = (await browser.press(consent, 'consent', { decision: 'allow' })).url;
    const { body } = await redeem(id, back);
    // After a week without a word of it, its copy is gone, and its host with it.
    host.at('/removed', (_request, response) => void response.writeHead(410).end());
    await stack.server.store.adapter('Client').destroy(id);
    const bearer = { authorization: `Bearer ${String(body['access_token'])}` };
    for (const path of ['/userinfo', '/proxy/api/3.0.0/6M0B/folder']) {
      const answer = await fetch(stack.issuer + path, { headers: bearer });
      expect([path, answer.status]).to.deep.equal([path, 401]);
    }
    const account = await browser.open(`${stack.issuer}/account`);
    expect([account.status, account.body.includes(id)]).to.deep.equal([200, true]);
    const signedOut = await browser.open(`${stack.issuer}/logout`);
    expect(signedOut.status).to.equal(200);
  });

  it('are read where an app begins or redeems something, and for nobody else', async () => {
    const id = host.document('/unheard-of', { logo_uri: `${host.origin}/logo.png` });
    const encoded = encodeURIComponent(id);
    for (const [path, form] of [
      [`/logout?client_id=${encoded}&post_logout_redirect_uri=x`],
      [`/logout/success?client_id=${encoded}`],
      [`/assets/logos/0123456789abcdef/${Buffer.from(id).toString('base64url')}`],
      ['/introspect', `client_id=${encoded}&token=x`],
      ['/revoke', `client_id=${encoded}&token=x`],
    ]) {
      const answer = await fetch(stack.issuer + path, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        ...(form === undefined ? {} : { method: 'POST', body: form }),
      });
      expect(answer.status, path).to.be.within(400, 404);
    }
    expect(host.asked).to.deep.equal([]);
  });

  it('are of no use where no host is named', async () => {
    const plain = await startStack({ env: { LOG_LEVEL: 'silent' }, sandbox: stack.sandbox });
    try {
      const id = host.document('/off');
      const url = new URL(urlFor(id));
      const page = await new Browser().request(new URL(url.pathname + url.search, plain.issuer));
      expect(page.status).to.equal(400);
      expect(host.asked).to.deep.equal([]);
      const metadata = await fetch(`${plain.issuer}/.well-known/oauth-authorization-server`);
      expect(await metadata.json()).to.not.include.keys('client_id_metadata_document_supported');
    } finally {
      await plain.close();
    }
  });
});
