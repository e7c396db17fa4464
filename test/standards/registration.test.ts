import { expect } from 'chai';
import { issueRegistrationToken } from '../../src/cli/registration.ts';
import { attributeOf, Browser, formsOf } from '../support/browser.ts';
import { authorizeUrl, type Stack, signIn, signInAt, VERIFIER } from '../support/stack.ts';
import {
  type Answer,
  basic,
  nowSeconds,
  post,
  RESOURCE,
  startStandards,
  submitOnly,
} from '../support/standards.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const DOCUMENT = 'https://client.example/oauth/metadata.json';

describe('apps that register themselves', () => {
  describe('by dynamic registration (RFC 7591, 7592)', () => {
    let stack: Stack;
    const outgoing: string[] = [];
    before(async () => {
      ({ stack } = await startStandards({
        fetch: async (url) => {
          outgoing.push(String(url));
          throw new TypeError('nobody is there');
        },
        env: { REGISTRATION: 'open', REGISTRATIONS_PER_HOUR: '1000', APP_HOSTS: '*.corp.example' },
        lifetimes: { refusedRegistrationsPerAddress: 1000 },
      }));
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

    const authorizeAs = (client_id: unknown, more: Record<string, string> = {}) =>
      new Browser().request(
        authorizeUrl(stack.issuer, {
          client_id: String(client_id),
          redirect_uri: 'https://self.example/cb',
          ...more,
        }),
      );

    it('sign in', async () => {
      const { status, body } = await register(app);
      expect(status).to.equal(201);
      const page = await authorizeAs(body['client_id']);
      expect(page.headers.get('location')).to.contain('/interaction/');
    });

    it('manage their registration where they have a secret', async () => {
      const confidential = { ...app, token_endpoint_auth_method: 'client_secret_basic' };
      const { body } = await register(confidential);
      expect(body).to.include.keys('client_secret', 'registration_access_token', 'registration_client_uri');
      const uri = String(body['registration_client_uri']);
      let authorization = `Bearer ${body['registration_access_token']}`;
      expect((await fetch(uri, { headers: { authorization } })).status).to.equal(200);
      expect((await fetch(uri)).status).to.be.oneOf([400, 401]);
      const change = async (more: object) =>
        fetch(uri, {
          method: 'PUT',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify({ ...confidential, client_id: body['client_id'], ...more }),
        });
      for (const more of [
        { redirect_uris: ['http://evil.example/cb'] },
        { scope: 'openid ib:session' },
        { client_name: 'evil\u202E' },
        { client_id: 'web' },
        { client_secret: 'another' },
        { registration_access_token: 'another' },
        { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://wiki.corp.example/jwks' },
        { subject_type: 'pairwise', sector_identifier_uri: 'https://wiki.corp.example/sector' },
        { grant_types: ['client_credentials'] },
      ]) {
        expect((await change(more)).status, JSON.stringify(more)).to.equal(400);
      }
      expect(outgoing, 'nothing of it was called').to.deep.equal([]);
      const narrowed = await change({
        grant_types: ['authorization_code', 'client_credentials', TOKEN_EXCHANGE],
        redirect_uris: ['https://self.example/cb', 'https://wiki.corp.example/cb'],
        logo_uri: 'https://wiki.corp.example/delete?page=1',
        client_uri: 'http://self.example',
      });
      const changed = (await narrowed.json()) as Record<string, unknown>;
      expect([narrowed.status, changed['grant_types']]).to.deep.equal([200, ['authorization_code']]);
      expect(changed).to.not.include.keys('logo_uri', 'client_uri');
      expect(changed['client_secret']).to.equal(body['client_secret']);
      authorization = `Bearer ${changed['registration_access_token']}`;
      for (const grant_type of ['client_credentials', TOKEN_EXCHANGE]) {
        const own = basic(String(body['client_id']), String(body['client_secret']));
        const { status, body: answer } = await post(stack, '/token', { grant_type }, own);
        expect([status, answer['access_token']], grant_type).to.deep.equal([400, undefined]);
      }
      expect((await fetch(uri, { method: 'DELETE', headers: { authorization } })).status).to.equal(204);
      expect((await authorizeAs(body['client_id'])).status).to.equal(400);
    });

    it('are the same client when they say the same, in whatever order, and nobody may change it', async () => {
      const first = await register(app);
      const { client_name, ...rest } = app;
      const second = await register({ ...rest, client_name: ` ${client_name} `, logo_uri: null });
      expect(second.status).to.equal(201);
      expect(second.body['client_id']).to.equal(first.body['client_id']);
      expect(first.body).to.not.include.keys('registration_access_token');
      const other = await register({ ...app, client_name: 'Another' });
      expect(other.body['client_id']).to.not.equal(first.body['client_id']);
      const secrets = await Promise.all(
        [0, 1].map(() => register({ ...app, token_endpoint_auth_method: 'client_secret_post' })),
      );
      const [one, two] = secrets.map(({ body }) => body);
      expect(one?.['client_id']).to.not.equal(two?.['client_id']);
      expect(one?.['client_secret']).to.not.equal(two?.['client_secret']);
    });

    it('may ask for what resources give, and never for the raw session', async () => {
      const { body } = await register(app);
      const open = (scope: string) => authorizeAs(body['client_id'], { scope });
      expect((await open('openid profile ib:api')).headers.get('location')).to.contain('/interaction/');
      const refused = await open('openid ib:session');
      expect([refused.status, refused.body.includes('invalid_scope')]).to.deep.equal([400, true]);
      const raw = await register({ ...app, scope: 'openid ib:session' });
      expect([raw.status, raw.body['scope']]).to.deep.equal([201, 'openid']);
    });

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
        expect(
          await answered({ redirect_uris: [' https://self.example/cb '] }, 'redirect_uris'),
        ).to.deep.equal(['https://self.example/cb']);
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
        expect(await answered({ response_types: ['code', 'code id_token'] }, 'response_types')).to.deep.equal(
          ['code'],
        );
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

    it('get no redirect before the user has taken a step', async () => {
      const { body } = await register(app);
      for (const more of [
        { prompt: 'none' },
        { prompt: 'none', scope: 'openid' },
        { scope: 'nonsense' },
        { response_type: 'token' },
        { code_challenge_method: 'plain' },
        { resource: 'https://nowhere.example/' },
        { request: 'nonsense' },
      ]) {
        const page = await authorizeAs(body['client_id'], more);
        expect([page.status, page.headers.get('location')], JSON.stringify(more)).to.deep.equal([400, null]);
        const back = new URL(attributeOf(page, 'data-cancel', 'href') ?? '');
        expect(back.origin + back.pathname).to.equal('https://self.example/cb');
        expect(back.searchParams.get('error')).to.be.a('string');
        expect(back.searchParams.get('state')).to.equal('the-state');
        expect(back.searchParams.get('iss')).to.equal(stack.issuer);
      }
      const cancelled = new Browser();
      const page = await cancelled.open(
        authorizeUrl(stack.issuer, {
          client_id: String(body['client_id']),
          redirect_uri: 'https://self.example/cb',
        }),
      );
      const after = await cancelled.press(page, 'cancel');
      expect(after.url.searchParams.get('error')).to.equal('access_denied');
    });

    it('are asked for each time where their answer stays on the device, whatever they call themselves', async () => {
      for (const [application_type, redirect_uri, asks] of [
        ['web', 'http://localhost:33418/cb', true],
        ['native', 'http://127.0.0.1/cb', true],
        ['web', 'https://self.example/cb', false],
      ] as const) {
        const { body } = await register({ ...app, application_type, redirect_uris: [redirect_uri] });
        const url = authorizeUrl(stack.issuer, { client_id: String(body['client_id']), redirect_uri });
        const browser = new Browser();
        const consent = await signInAt(stack, browser, url);
        const first = await browser.press(consent, 'consent', { decision: 'allow' });
        expect(first.url.href).to.contain(`${redirect_uri}?code=`);
        const again = await browser.open(url);
        expect(again.body.includes('name="decision"'), redirect_uri).to.equal(asks);
        const { status } = await browser.request(`${url}&prompt=none`);
        expect(status, 'nor silently').to.equal(asks ? 400 : 303);
      }
    });

    it('get none after a sign-out either, where nobody was signed in', async () => {
      const bye = 'https://self.example/bye?from=here';
      const post_logout_redirect_uris = [bye, 'com.example.self:/bye'];
      const { body } = await register({ ...app, application_type: 'native', post_logout_redirect_uris });
      const leave = (client: unknown, target: string, browser = new Browser()) => {
        const url = new URL('/logout', stack.issuer);
        url.search = new URLSearchParams({
          client_id: String(client),
          post_logout_redirect_uri: target,
          state: 'a&b',
        }).toString();
        return browser.open(url);
      };
      const page = await leave(body['client_id'], bye);
      expect([page.status, formsOf(page)]).to.deep.equal([200, []]);
      expect(page.body).to.not.contain('<script').and.not.contain('http-equiv');
      expect(page.body).to.contain('href="https://self.example/bye?from=here&amp;state=a%26b"');
      const native = await leave(body['client_id'], 'com.example.self:/bye');
      expect([native.status, native.body.includes('com.example.self')]).to.deep.equal([200, false]);

      const { body: posing } = await register({
        ...app,
        client_name: 'Web App',
        client_uri: 'https://self.example/home',
      });
      const staying = new Browser();
      await signIn(stack, staying);
      const stayed = await submitOnly(
        staying,
        await staying.open(`${stack.issuer}/logout?client_id=${posing['client_id']}`),
      );
      expect(stayed.body).to.match(/href="https:\/\/self\.example\/home"[^>]*>[^<]*self\.example</);
      expect(stayed.body, 'a name of its own choice').to.not.contain('Web App');

      const browser = new Browser();
      const configured = await leave('web', 'https://app.example/bye', browser);
      const gone = await submitOnly(browser, configured);
      expect(gone.url.href, 'an admin has entered this one').to.equal('https://app.example/bye?state=a%26b');
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
      const page = await open(DOCUMENT, { scope: 'openid ib:session' });
      expect([page.status, page.body.includes('invalid_scope')]).to.deep.equal([400, true]);
    });

    it('are announced in the metadata', async () => {
      const response = await fetch(`${stack.issuer}/.well-known/oauth-authorization-server`);
      expect(await response.json()).to.include({ client_id_metadata_document_supported: true });
    });
  });
});
