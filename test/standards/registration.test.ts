import { expect } from 'chai';
import { issueRegistrationToken } from '../../src/cli/registration.ts';
import { attributeOf, Browser, formsOf } from '../support/browser.ts';
import {
  authorizeAs as authorizeIn,
  register as registerAt,
  SELF,
  startOpenRegistration,
} from '../support/registration.ts';
import { authorizeUrl, type Stack, signIn, signInAt } from '../support/stack.ts';
import { type Answer, basic, nowSeconds, post, startStandards, submitOnly } from '../support/standards.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

describe('apps that register themselves (RFC 7591, 7592)', () => {
  let stack: Stack;
  const outgoing: string[] = [];
  before(async () => {
    stack = await startOpenRegistration(outgoing);
  });
  after(() => stack.close());

  const register = (metadata: unknown): Promise<Answer> => registerAt(stack, metadata);
  const app = SELF;

  const authorizeAs = (clientId: unknown, more: Record<string, string> = {}) =>
    authorizeIn(stack, clientId, more);

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
    const authorization = `Bearer ${body['registration_access_token']}`;
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
    // Whoever lost the answer goes on with the token that he has.
    expect(changed['registration_access_token']).to.equal(body['registration_access_token']);
    expect((await change({})).status).to.equal(200);
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
    expect(stayed.body).to.match(/href="https:\/\/self\.example\/home"[^>]*>[^<]*<bdi>self\.example</);
    expect(stayed.body, 'a name of its own choice').to.not.contain('Web App');

    const browser = new Browser();
    const configured = await leave('web', 'https://app.example/bye', browser);
    const gone = await submitOnly(browser, configured);
    expect(gone.url.href, 'an admin has entered this one').to.equal('https://app.example/bye?state=a%26b');
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
});
