import { expect } from 'chai';
import { exportJWK, generateKeyPair } from 'jose';
import {
  authorizeAs as authorizeIn,
  register as registerAt,
  SELF,
  startOpenRegistration,
} from '../support/registration.ts';
import type { Stack } from '../support/stack.ts';
import { type Answer, post } from '../support/standards.ts';

describe('what apps say when they register themselves', () => {
  let stack: Stack;
  before(async () => {
    stack = await startOpenRegistration();
  });
  after(() => stack.close());

  const register = (metadata: unknown): Promise<Answer> => registerAt(stack, metadata);
  const app = SELF;

  const authorizeAs = (clientId: unknown, more: Record<string, string> = {}) =>
    authorizeIn(stack, clientId, more);

  describe('are read as real clients write', () => {
    const answered = async (metadata: object, field: string): Promise<unknown> => {
      const { status, body, text } = await register({ ...app, ...metadata });
      expect(status, text).to.equal(201);
      return body[field];
    };

    it('members that are empty or null count for nothing, text is trimmed', async () => {
      const empty = {
        scope: '',
        client_uri: '',
        logo_uri: null,
        contacts: [],
        jwks_uri: ' ',
        jwks: {},
        response_types: [''],
      };
      const { status, body } = await register({ ...app, ...empty });
      expect(status).to.equal(201);
      expect(body).to.not.include.keys('client_uri', 'logo_uri', 'contacts', 'jwks_uri', 'jwks');
      expect(body['scope']).to.equal(await answered({}, 'scope'));
      expect(await answered({ jwks: { keys: [] } }, 'jwks')).to.equal(undefined);
      expect(await answered({ scope: ' offline_access' }, 'scope')).to.equal('offline_access');
      expect(await answered({ scope: 'openid\t profile\n' }, 'scope')).to.equal('openid profile');
      expect(await answered({ redirect_uris: [' https://self.example/cb '] }, 'redirect_uris')).to.deep.equal(
        ['https://self.example/cb'],
      );
      expect(await answered({ token_endpoint_auth_method: ' none ' }, 'client_secret')).to.equal(undefined);
    });

    it('what may not be had is left out, and the answer says what was registered', async () => {
      const server = await (await fetch(`${stack.issuer}/.well-known/oauth-authorization-server`)).json();
      const { scopes_supported } = server as { scopes_supported: string[] };
      expect(scopes_supported).to.include.members(['openid', 'offline_access', 'ib:api']);
      expect(scopes_supported).to.not.include('ib:session');
      expect(await answered({ scope: scopes_supported.join(' ') }, 'scope')).to.equal(
        scopes_supported.join(' '),
      );
      expect(await answered({ scope: 'openid ib:session mcp:unheard-of' }, 'scope')).to.equal('openid');
      expect(await answered({ scope: ['openid', 'profile'] }, 'scope')).to.equal('openid profile');
      expect(await answered({ scope: 'ib:session' }, 'scope')).to.not.contain('ib:session');
      const grants = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'];
      expect(await answered({ grant_types: grants }, 'grant_types')).to.deep.equal(grants.slice(0, 2));
      expect(await answered({ response_types: ['code', 'code id_token'] }, 'response_types')).to.deep.equal([
        'code',
      ]);
      const contacts = ['https://self.example/support', 'ada@self.example', '+61 2 0000 0000'];
      expect(await answered({ contacts }, 'contacts')).to.deep.equal(['ada@self.example']);
      expect(await answered({ contacts: ['Ada'] }, 'contacts')).to.equal(undefined);
      expect(await answered({ client_uri: 'http://localhost:3000' }, 'client_uri')).to.equal(undefined);
      expect(
        await answered({ software_id: 'x', id_token_encrypted_response_alg: 'RSA-OAEP' }, 'software_id'),
      ).to.equal(undefined);
    });

    it('what is nested without end is refused, and not walked through', async () => {
      const bottomless = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
      for (const field of ['redirect_uris', 'contacts', 'jwks', 'nobody_knows_this']) {
        const { status, body } = await post(
          stack,
          '/register',
          `{"redirect_uris":["https://self.example/cb"],"${field}":${bottomless}}`,
          { 'content-type': 'application/json' },
        );
        expect([status, body['error']], field).to.deep.equal([400, 'invalid_client_metadata']);
      }
      const key = { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'a', x5c: ['AAAA'] };
      expect(await answered({ jwks: { keys: [key] } }, 'jwks')).to.be.an('object');
    });

    it('an app that registers itself acts for users only', async () => {
      const both = ['client_credentials', 'authorization_code'];
      const secret = { token_endpoint_auth_method: 'client_secret_basic' };
      expect(await answered({ ...secret, grant_types: both }, 'grant_types')).to.deep.equal([
        'authorization_code',
      ]);
      const alone = await register({ ...app, ...secret, grant_types: ['client_credentials'] });
      expect([alone.status, alone.body['error']]).to.deep.equal([400, 'invalid_client_metadata']);
    });

    for (const [redirect_uris, type] of [
      [['cursor://anysphere.cursor-mcp/oauth/callback'], 'native'],
      [['http://127.0.0.1:33418/', 'http://localhost:33418/'], 'native'],
      [['http://[::1]/cb'], 'native'],
      [['com.example.app:/cb'], 'native'],
      [['http://127.0.0.1:33418/', 'https://vscode.dev/redirect'], 'native'],
      [['https://self.example/cb'], 'web'],
      [['https://localhost:3000/cb'], 'web'],
    ] as const) {
      it(`${redirect_uris.join(' and ')} without application_type make the app ${type}`, async () => {
        expect(await answered({ redirect_uris }, 'application_type')).to.equal(type);
      });
    }

    it('a loopback redirect matches any port, whichever was registered, and nothing else of it differs', async () => {
      for (const [registered, used, matches] of [
        ['http://127.0.0.1:33418/', 'http://127.0.0.1:50123/', true],
        ['http://localhost/callback', 'http://localhost:3118/callback', true],
        ['http://localhost:8080/callback', 'http://localhost/callback', true],
        ['http://[::1]/callback', 'http://[::1]:9/callback', true],
        ['http://localhost/callback', 'http://localhost:3118/other', false],
        ['http://localhost/callback', 'http://127.0.0.1:3118/callback', false],
        ['http://localhost/callback', 'http://localhost.evil.example:3118/callback', false],
        ['http://localhost/callback', 'http://localhost:x@evil.example/callback', false],
      ] as const) {
        const id = await answered({ redirect_uris: [registered] }, 'client_id');
        const { status } = await authorizeAs(id, { redirect_uri: used });
        expect([used, status]).to.deep.equal([used, matches ? 303 : 400]);
      }
    });

    it('a logo is shown from a host that the code goes to, and left out from elsewhere', async () => {
      const own = 'https://self.example/logo.png';
      expect(await answered({ logo_uri: own }, 'logo_uri')).to.equal(own);
      expect(await answered({ logo_uri: 'https://cdn.example/ib.png' }, 'logo_uri')).to.equal(undefined);
      const inside = 'https://wiki.corp.example/delete?page=1';
      const redirect_uris = ['https://wiki.corp.example/cb'];
      expect(
        await answered({ redirect_uris, logo_uri: inside }, 'logo_uri'),
        'a stranger has this server call nothing in the operator’s own network (APP_HOSTS)',
      ).to.equal(undefined);
    });
  });

  describe('are refused by name', () => {
    for (const [field, metadata, came] of [
      [
        'redirect_uris[1]',
        { redirect_uris: ['https://self.example/cb', 'mailto:a@b.example'] },
        'mailto:a@b',
      ],
      ['redirect_uris[0]', { redirect_uris: ['ms-msdt:/id'] }, 'ms-msdt:/id'],
      ['redirect_uris[0]', { redirect_uris: ['search-ms:query=x'] }, 'search-ms'],
      ['redirect_uris[0]', { redirect_uris: ['view-source:https://a.example/'] }, 'view-source'],
      ['redirect_uris[0]', { redirect_uris: ['tel:+123'] }, 'tel:+123'],
      ['redirect_uris[0]', { redirect_uris: ['evil:/cb'] }, 'evil:/cb'],
      ['redirect_uris[0]', { redirect_uris: ['https://user:pw@self.example/cb'] }, 'user'],
      ['redirect_uris[0]', { redirect_uris: ['https://*.evil.example/cb'] }, '*.evil.example'],
      ['redirect_uris[0]', { redirect_uris: ['https://self.example/cb#x'] }, '#x'],
      ['redirect_uris[0]', { redirect_uris: ['http://self.example/cb'] }, 'http://self.example'],
      ['redirect_uris', { redirect_uris: [] }, ''],
      ['redirect_uris', { redirect_uris: 'https://self.example/cb' }, 'https://self.example/cb'],
      ['post_logout_redirect_uris[0]', { post_logout_redirect_uris: ['javascript:1'] }, 'javascript:1'],
      ['client_name', { client_name: 'IntelligenceBank\u202Emoc.live' }, 'U+202E'],
      ['client_name', { client_name: 'two\nlines' }, 'two/nlines'],
      ['client_name', { client_name: 'x'.repeat(300) }, 'xxx'],
      ['client_name', { client_name: { en: 'x' } }, 'en'],
      ['application_type', { application_type: 'spa' }, 'spa'],
      [
        'redirect_uris[0]',
        { application_type: 'web', redirect_uris: ['com.example.app:/cb'] },
        'com.example',
      ],
      [
        'token_endpoint_auth_method',
        { token_endpoint_auth_method: 'client_secret_jwt' },
        'client_secret_jwt',
      ],
      ['grant_types', { grant_types: ['implicit'] }, 'implicit'],
      ['response_types', { response_types: ['token'] }, 'token'],
      [
        'jwks_uri',
        { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://localhost/jwks' },
        'http:',
      ],
      ['backchannel_logout_uri', { backchannel_logout_uri: 'http://127.0.0.1:1/x' }, '127.0.0.1'],
      ['id_token_signed_response_alg', { id_token_signed_response_alg: 'HS256' }, 'HS256'],
    ] as const) {
      it(`${field} of ${JSON.stringify(metadata).slice(0, 80)}`, async () => {
        const { status, body } = await register({ ...app, ...metadata });
        const description = String(body['error_description']);
        expect(status).to.equal(400);
        expect(body['error']).to.equal(
          field.startsWith('redirect_uris') ? 'invalid_redirect_uri' : 'invalid_client_metadata',
        );
        expect(description).to.match(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
        expect(description.startsWith(`${field}: `), description).to.equal(true);
        expect(description).to.contain(came);
        if (field.includes('redirect_uris[')) expect(description, 'what is allowed').to.contain('https');
      });
    }
  });

  it('are not told the secrets that they should not have sent', async () => {
    const key = await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey);
    const password = 'p455word-in-an-address';
    for (const [secret, metadata] of [
      [key.d, { jwks: { keys: [{ d: key.d, ...key }] } }],
      [key.d, { jwks: { d: key.d, ...key } }],
      [key.d, { jwks: [{ d: key.d, ...key }] }],
      [key.d, { jwks: { keys: [key.d] } }],
      [password, { redirect_uris: [`https://user:${password}@self.example/cb`] }],
      [password, { redirect_uris: [`https://:${password}@self.example/cb`] }],
      [password, { redirect_uris: `https://user:${password}@self.example/cb` }],
      [password, { jwks_uri: `https://user:${password}@self.example/jwks` }],
      [password, { post_logout_redirect_uris: [`https://user:${password}@self.example/`] }],
    ] as const) {
      const sent = { ...app, token_endpoint_auth_method: 'private_key_jwt', ...metadata };
      const { status, body } = await register(sent);
      const said = String(body['error_description']);
      expect(status, said).to.equal(400);
      expect(said.includes(String(secret).slice(0, 20)), said).to.equal(false);
    }
  });

  for (const [name, metadata] of Object.entries({
    'http to a foreign host': { ...app, redirect_uris: ['http://evil.example/cb'] },
    'a script as redirect URI': { ...app, redirect_uris: ['javascript:alert(1)'] },
    'data as redirect URI': { ...app, redirect_uris: ['data:text/html,x'] },
    'a fragment': { ...app, redirect_uris: ['https://self.example/cb#x'] },
    'a custom scheme for a web app': {
      ...app,
      application_type: 'web',
      redirect_uris: ['self.example:/cb'],
    },
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
