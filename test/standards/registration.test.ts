import { expect } from 'chai';
import { issueRegistrationToken } from '../../src/cli/registration.ts';
import { Browser } from '../support/browser.ts';
import { authorizeUrl, type Stack, signInAt, VERIFIER } from '../support/stack.ts';
import { type Answer, answerIn, nowSeconds, post, RESOURCE, startStandards } from '../support/standards.ts';

const DOCUMENT = 'https://client.example/oauth/metadata.json';

describe('apps that register themselves', () => {
  describe('by dynamic registration (RFC 7591, 7592)', () => {
    let stack: Stack;
    before(async () => {
      ({ stack } = await startStandards({ env: { REGISTRATION: 'open' } }));
    });
    after(() => stack.close());

    const register = async (metadata: unknown): Promise<Answer> => {
      const text = typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
      return post(stack, '/register', text, { 'content-type': 'application/json' });
    };
    const app = {
      client_name: 'Self',
      redirect_uris: ['https://self.example/cb'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    };

    it('sign in, and manage their registration', async () => {
      const { status, body } = await register(app);
      expect(status).to.equal(201);
      expect(body).to.include.keys('client_id', 'registration_access_token', 'registration_client_uri');
      const asked = { client_id: String(body['client_id']), redirect_uri: 'https://self.example/cb' };
      const page = await new Browser().open(authorizeUrl(stack.issuer, asked));
      expect(page.body).to.contain('name="platform_url"');
      const uri = String(body['registration_client_uri']);
      const authorization = `Bearer ${body['registration_access_token']}`;
      expect((await fetch(uri, { headers: { authorization } })).status).to.equal(200);
      expect((await fetch(uri)).status).to.be.oneOf([400, 401]);
      expect((await fetch(uri, { method: 'DELETE', headers: { authorization } })).status).to.equal(204);
      const gone = await new Browser().open(authorizeUrl(stack.issuer, asked));
      expect(gone.status).to.equal(400);
    });

    it('may ask for what resources give, and never for the raw session', async () => {
      const { body } = await register(app);
      const open = (scope: string) =>
        new Browser().request(
          authorizeUrl(stack.issuer, {
            client_id: String(body['client_id']),
            redirect_uri: 'https://self.example/cb',
            scope,
          }),
        );
      expect((await open('openid profile ib:api')).headers.get('location')).to.contain('/interaction/');
      expect(answerIn(await open('openid ib:session')).get('error')).to.equal('invalid_scope');
      const raw = await register({ ...app, scope: 'openid ib:session' });
      expect([raw.status, raw.body['error']]).to.deep.equal([400, 'invalid_client_metadata']);
    });

    for (const [name, metadata] of Object.entries({
      'http to a foreign host': { ...app, redirect_uris: ['http://evil.example/cb'] },
      'a script as redirect URI': { ...app, redirect_uris: ['javascript:alert(1)'] },
      'data as redirect URI': { ...app, redirect_uris: ['data:text/html,x'] },
      'a fragment': { ...app, redirect_uris: ['https://self.example/cb#x'] },
      'a custom scheme for a web app': { ...app, redirect_uris: ['self:/cb'] },
      'the implicit grant': { ...app, grant_types: ['implicit'], response_types: ['token'] },
      'no redirect URI': { ...app, redirect_uris: [] },
      'a name that is no text': { ...app, client_name: { a: 1 } },
      'a script as logo': { ...app, logo_uri: 'javascript:alert(1)' },
      'a broken key': {
        ...app,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ kty: 'RSA' }] },
      },
      'its private key': {
        ...app,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] },
      },
      'broken JSON': '{',
      'a list': '[]',
      'too much': JSON.stringify({ ...app, client_name: 'x'.repeat(100_000) }),
    })) {
      it(`are refused with ${name}`, async () => {
        const { status, body } = await register(metadata);
        expect(status).to.be.oneOf([400, 413]);
        expect(body['error']).to.be.oneOf([
          'invalid_client_metadata',
          'invalid_redirect_uri',
          'invalid_request',
        ]);
      });
    }
  });

  it('are turned away where registration is off, and need a token where it says so', async () => {
    const { stack } = await startStandards({ env: { REGISTRATION: 'token' } });
    try {
      const register = (headers: Record<string, string>) =>
        post(
          stack,
          '/register',
          JSON.stringify({ redirect_uris: ['https://self.example/cb'], token_endpoint_auth_method: 'none' }),
          { 'content-type': 'application/json', ...headers },
        );
      expect((await register({})).status).to.be.oneOf([400, 401]);
      expect((await register({ authorization: 'Bearer ibia_guessed' })).status).to.equal(401);
      const token = await issueRegistrationToken(stack.server.store, {
        seconds: 60,
        nowSeconds: nowSeconds(),
      });
      expect((await register({ authorization: `Bearer ${token}` })).status).to.equal(201);
    } finally {
      await stack.close();
    }
  });

  describe('by a client-ID metadata document', () => {
    let stack: Stack;
    const fetched: string[] = [];
    let document: unknown;
    before(async () => {
      ({ stack } = await startStandards({
        env: { CLIENT_ID_METADATA_HOSTS: 'client.example' },
        fetch: async (url) => {
          fetched.push(String(url));
          return new Response(typeof document === 'string' ? document : JSON.stringify(document), {
            headers: { 'content-type': 'application/json' },
          });
        },
      }));
    });
    beforeEach(() => {
      fetched.length = 0;
    });
    after(() => stack.close());

    const metadata = (client_id: string, more: object = {}) => ({
      client_id,
      client_name: 'Document Client',
      redirect_uris: ['https://client.example/cb'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      ...more,
    });
    const open = (client_id: string, more: Record<string, string> = {}) =>
      new Browser().request(
        authorizeUrl(stack.issuer, {
          client_id,
          redirect_uri: 'https://client.example/cb',
          scope: 'openid',
          ...more,
        }),
      );

    it('sign in', async () => {
      document = metadata(DOCUMENT);
      const browser = new Browser();
      const url = authorizeUrl(stack.issuer, {
        client_id: DOCUMENT,
        redirect_uri: 'https://client.example/cb',
        scope: 'profile ib:api',
        nonce: '',
        resource: RESOURCE,
      });
      const consent = await signInAt(stack, browser, url);
      expect(consent.body).to.contain('Document Client').and.contain('client.example');
      const { url: back } = await browser.press(consent, 'consent', { decision: 'allow' });
      const tokens = await post(stack, '/token', {
        grant_type: 'authorization_code',
        client_id: DOCUMENT,
        code: back.searchParams.get('code') ?? '',
        redirect_uri: 'https://client.example/cb',
        code_verifier: VERIFIER,
        resource: RESOURCE,
      });
      expect(tokens.status, tokens.text).to.equal(200);
      expect(fetched).to.deep.equal([DOCUMENT]);
    });

    it('are fetched from allowed hosts only', async () => {
      for (const id of [
        'https://evil.example/oauth/metadata.json',
        'https://client.example.evil.example/metadata.json',
        'https://client.example@evil.example/metadata.json',
        'https://client.example:8443/metadata.json',
        'http://client.example/metadata.json',
        'https://127.0.0.1/metadata.json',
      ]) {
        document = metadata(id);
        expect((await open(id)).status, id).to.equal(400);
      }
      expect(fetched).to.deep.equal([]);
    });

    it('are refused when the document is not theirs, asks too much or is none', async () => {
      const bad: Record<string, (id: string) => unknown> = {
        other: () => metadata(DOCUMENT),
        raw: (id) => metadata(id, { scope: 'openid ib:session' }),
        secret: (id) => metadata(id, { token_endpoint_auth_method: 'client_secret_basic' }),
        http: (id) => metadata(id, { redirect_uris: ['http://evil.example/cb'] }),
        broken: () => '{',
        html: () => '<!doctype html>',
        large: (id) => metadata(id, { client_name: 'x'.repeat(20_000) }),
      };
      for (const [name, make] of Object.entries(bad)) {
        const id = `https://client.example/${name}`;
        document = make(id);
        const page = await open(id);
        expect([page.status, page.headers.get('location')], name).to.deep.equal([400, null]);
      }
    });

    it('never get the raw session', async () => {
      document = metadata(DOCUMENT);
      expect(answerIn(await open(DOCUMENT, { scope: 'openid ib:session' })).get('error')).to.equal(
        'invalid_scope',
      );
    });

    it('are announced in the metadata', async () => {
      const response = await fetch(`${stack.issuer}/.well-known/oauth-authorization-server`);
      expect(await response.json()).to.include({ client_id_metadata_document_supported: true });
    });
  });
});
