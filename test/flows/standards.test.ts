import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect } from 'chai';
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from 'jose';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import {
  authorizeUrl,
  CHALLENGE,
  exchange,
  REDIRECT_URI,
  type Stack,
  signIn,
  signInAt,
  startStack,
  token,
  VERIFIER,
  WEB_SECRET,
  withBearer,
} from '../support/stack.ts';

const RESOURCE = 'https://mcp.acme.example/mcp';
const JWT_RESOURCE = 'https://api.acme.example/';

describe('standards', () => {
  let stack: Stack;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let logoutTokens: string[];
  const hooks = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    logoutTokens.push(new URLSearchParams(body).get('logout_token') ?? '');
    response.end();
  });

  before(async () => {
    keys = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'client-key', use: 'sig', alg: 'ES256' };
    logoutTokens = [];
    hooks.listen(0, '127.0.0.1');
    await once(hooks, 'listening');
    const { port } = hooks.address() as { port: number };
    stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'open', IB_HOSTS: '' },
      extraHosts: [`http://127.0.0.1:${port}`],
      clients: `
clients:
  - client_id: web
    client_name: Web App
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    post_logout_redirect_uris: [https://app.example/bye]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile email offline_access ib:api ib:session
    backchannel_logout_uri: http://127.0.0.1:${port}/logout
    backchannel_logout_session_required: true
  - client_id: pairwise
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    subject_type: pairwise
    scope: openid profile
  - client_id: tv
    client_name: Television
    token_endpoint_auth_method: none
    application_type: native
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', refresh_token]
    scope: openid profile ib:api
  - client_id: signed
    token_endpoint_auth_method: private_key_jwt
    redirect_uris: [${REDIRECT_URI}]
    grant_types: [authorization_code, client_credentials]
    jwks: { keys: [${JSON.stringify(jwk)}] }
    scope: openid profile ib:api
  - client_id: mcp-server
    client_secret_env: WEB_SECRET
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange', client_credentials]
resources:
  - identifier: ${RESOURCE}
    name: ACME assets
    scopes: [profile, ib:api]
    client_id: mcp-server
  - identifier: ${JWT_RESOURCE}
    scopes: [profile, ib:api]
    token_format: jwt
`,
    });
  });
  after(async () => {
    await stack.close();
    hooks.close();
    hooks.closeAllConnections();
  });

  const basic = (id: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${WEB_SECRET}`).toString('base64')}`,
  });
  const post = async (path: string, params: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(stack.issuer + path, {
      method: 'POST',
      headers,
      body: new URLSearchParams(params),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>,
      text,
    };
  };
  const nowSeconds = () => Math.floor(Date.now() / 1000);

  it('publish metadata at both well-known addresses that says what works', async () => {
    const read = async (name: string) =>
      (await (await fetch(`${stack.issuer}/.well-known/${name}`)).json()) as Record<string, unknown>;
    const openid = await read('openid-configuration');
    expect(await read('oauth-authorization-server')).to.deep.equal(openid);
    expect(openid['code_challenge_methods_supported']).to.deep.equal(['S256']);
    expect(openid['response_types_supported']).to.deep.equal(['code']);
    expect(openid['scopes_supported']).to.include.members([
      'openid',
      'offline_access',
      'ib:api',
      'ib:session',
    ]);
    expect(openid['authorization_response_iss_parameter_supported']).to.equal(true);
    for (const [name, path] of Object.entries({
      authorization_endpoint: '/authorize',
      token_endpoint: '/token',
      userinfo_endpoint: '/userinfo',
      jwks_uri: '/jwks',
      introspection_endpoint: '/introspect',
      revocation_endpoint: '/revoke',
      end_session_endpoint: '/logout',
      pushed_authorization_request_endpoint: '/par',
      device_authorization_endpoint: '/device_authorization',
      registration_endpoint: '/register',
    })) {
      expect(openid[name]).to.equal(stack.issuer + path);
    }
  });

  it('PAR: a pushed request is used once, by its client', async () => {
    const pushed = await post(
      '/par',
      { ...Object.fromEntries(new URL(authorizeUrl(stack.issuer)).searchParams) },
      basic('web'),
    );
    expect(pushed.status).to.equal(201);
    const request_uri = String(pushed.body['request_uri']);
    const open = (client_id: string) => {
      const url = new URL('/authorize', stack.issuer);
      url.search = new URLSearchParams({ client_id, request_uri }).toString();
      return url.href;
    };
    expect((await new Browser().request(open('signed'))).headers.get('location')).to.not.contain(
      '/interaction',
    );
    const browser = new Browser();
    const consent = await signInAt(stack, browser, open('web'));
    const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
    expect((await exchange(stack, url)).status).to.equal(200);
    const again = await new Browser().request(open('web'));
    expect(again.headers.get('location') ?? again.body).to.contain('invalid_request_uri');
  });

  it('JAR: a signed request object is taken, an unsigned or foreign one refused', async () => {
    const claims = Object.fromEntries(
      new URL(authorizeUrl(stack.issuer, { client_id: 'signed', scope: 'openid profile' })).searchParams,
    );
    const sign = (key: typeof keys.privateKey) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: 'client-key' })
        .setIssuer('signed')
        .setAudience(stack.issuer)
        .setIssuedAt()
        .setExpirationTime('1m')
        .setJti(randomUUID())
        .sign(key);
    const open = async (request: string): Promise<Page> => {
      const url = new URL('/authorize', stack.issuer);
      url.search = new URLSearchParams({
        client_id: 'signed',
        scope: 'openid',
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        request,
      }).toString();
      return new Browser().request(url.href);
    };
    expect((await open(await sign(keys.privateKey))).headers.get('location')).to.contain('/interaction/');
    const stranger = await generateKeyPair('ES256');
    expect((await open(await sign(stranger.privateKey))).headers.get('location') ?? '').to.contain(
      'invalid_request_object',
    );
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;
    expect((await open(none)).headers.get('location') ?? '').to.not.contain('/interaction/');
  });

  it('private_key_jwt: the assertion is checked for audience, key, age and replay', async () => {
    const assertion = (overrides: Record<string, unknown> = {}, key = keys.privateKey) =>
      new SignJWT({
        iss: 'signed',
        sub: 'signed',
        aud: stack.issuer,
        jti: randomUUID(),
        iat: nowSeconds(),
        exp: nowSeconds() + 60,
        ...overrides,
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'client-key' })
        .sign(key);
    const call = (client_assertion: string) =>
      post('/token', {
        grant_type: 'client_credentials',
        scope: 'ib:api',
        client_assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      });
    const good = await assertion();
    expect((await call(good)).status).to.equal(200);
    for (const bad of [
      good,
      await assertion({ aud: 'https://other.example' }),
      await assertion({ exp: nowSeconds() - 100 }),
      await assertion({}, (await generateKeyPair('ES256')).privateKey),
    ]) {
      const answer = await call(bad);
      expect([answer.status, answer.body['error']]).to.deep.equal([401, 'invalid_client']);
    }
  });

  describe('DPoP', () => {
    let key: Awaited<ReturnType<typeof generateKeyPair>>;
    before(async () => {
      key = await generateKeyPair('ES256', { extractable: true });
    });
    async function proof(
      htm: string,
      path: string,
      more: Record<string, unknown> = {},
      by = key,
    ): Promise<string> {
      const jwk = await exportJWK(by.publicKey);
      return new SignJWT({ htm, htu: stack.issuer + path, jti: randomUUID(), iat: nowSeconds(), ...more })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .sign(by.privateKey);
    }

    it('binds tokens to a key, at /userinfo and /proxy', async () => {
      const redirect = await signIn(stack);
      const answer = await post(
        '/token',
        {
          grant_type: 'authorization_code',
          code: redirect.searchParams.get('code') ?? '',
          redirect_uri: REDIRECT_URI,
          code_verifier: VERIFIER,
        },
        { ...basic('web'), dpop: await proof('POST', '/token') },
      );
      expect(answer.body['token_type']).to.equal('DPoP');
      const value = String(answer.body['access_token']);
      const ath = createHash('sha256').update(value).digest('base64url');
      const path = '/proxy/api/3.0.0/6M0B/folder';
      const call = async (target: string, dpop: string, scheme = 'DPoP') =>
        (await fetch(stack.issuer + target, { headers: { authorization: `${scheme} ${value}`, dpop } }))
          .status;
      expect(await call('/userinfo', await proof('GET', '/userinfo', { ath }))).to.equal(200);
      const used = await proof('GET', path, { ath });
      expect(await call(path, used)).to.equal(200);
      const stranger = await generateKeyPair('ES256', { extractable: true });
      for (const bad of [
        used,
        await proof('GET', path, { ath: 'x' }),
        await proof('POST', path, { ath }),
        await proof('GET', '/proxy/other', { ath }),
        await proof('GET', path, { ath, iat: nowSeconds() - 1000 }),
        await proof('GET', path, { ath }, stranger),
        'nonsense',
      ]) {
        expect(await call(path, bad)).to.equal(401);
      }
      expect((await withBearer(stack.issuer + path, value)).status).to.equal(401);
      const thumbprint = await calculateJwkThumbprint(await exportJWK(key.publicKey));
      const seen = await post('/introspect', { token: value }, basic('web'));
      expect(seen.body['cnf']).to.deep.equal({ jkt: thumbprint });
    });
  });

  it('device grant: a code is shown, entered, confirmed and signed in, and the device gets tokens', async () => {
    const started = await post('/device_authorization', { client_id: 'tv', scope: 'openid profile ib:api' });
    expect(started.status, started.text).to.equal(200);
    const poll = () =>
      post('/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'tv',
        device_code: String(started.body['device_code']),
      });
    expect((await poll()).body['error']).to.equal('authorization_pending');

    const browser = new Browser();
    const [acme] = stack.sandbox.platforms;
    let page = await browser.open(`${stack.issuer}/device`);
    const submit = async (fields: Record<string, string>) => {
      const [form] = formsOf(page);
      if (form === undefined) throw new Error(page.body);
      page = await browser.submit(page, form, fields);
    };
    await submit({ user_code: 'BBBB-BBBB' });
    expect(page.body).to.contain('not known or has expired');
    await submit({ user_code: String(started.body['user_code']) });
    expect(page.body)
      .to.contain('Television')
      .and.contain(String(started.body['user_code']))
      .and.contain('somebody sent you');
    await submit({ confirm: 'yes' });
    page = await browser.press(page, 'platform', { platform_url: acme.origin });
    acme.signIn('ada');
    page = await browser.press(page, 'continue');
    page = await browser.press(page, 'consent', { decision: 'allow' });
    expect(page.body).to.contain('Your device is connected');
    const tokens = await poll();
    expect(tokens.status, tokens.text).to.equal(200);
    expect(
      (
        (await (await withBearer(`${stack.issuer}/userinfo`, tokens.body['access_token'])).json()) as Record<
          string,
          unknown
        >
      )['name'],
    ).to.equal('Ada Lovelace');
    expect((await poll()).body['error']).to.equal('invalid_grant');
  });

  describe('resource indicators', () => {
    async function tokensFor(resource: string) {
      const browser = new Browser();
      const consent = await signInAt(
        stack,
        browser,
        authorizeUrl(stack.issuer, { resource, scope: 'openid profile ib:api' }),
      );
      const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
      return post(
        '/token',
        {
          grant_type: 'authorization_code',
          code: url.searchParams.get('code') ?? '',
          redirect_uri: REDIRECT_URI,
          code_verifier: VERIFIER,
          resource,
        },
        basic('web'),
      );
    }

    it('give a token for one resource that others refuse', async () => {
      const { body } = await tokensFor(RESOURCE);
      expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(403);
      expect(
        (await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, body['access_token'])).status,
      ).to.equal(401);
      const mine = await post('/introspect', { token: String(body['access_token']) }, basic('mcp-server'));
      expect(mine.body).to.include({ active: true, aud: RESOURCE, scope: 'profile ib:api' });
      expect(
        (await post('/introspect', { token: String(body['access_token']) }, basic('pairwise'))).body,
      ).to.deep.equal({ active: false });
    });

    it('take a trailing slash for the same resource', async () => {
      expect((await tokensFor(`${RESOURCE}/`)).status).to.equal(200);
    });

    it('give JWT access tokens (RFC 9068) that the resource checks by itself', async () => {
      const { body } = await tokensFor(JWT_RESOURCE);
      const jwks = createRemoteJWKSet(new URL(`${stack.issuer}/jwks`));
      const { payload, protectedHeader } = await jwtVerify(String(body['access_token']), jwks, {
        issuer: stack.issuer,
        audience: JWT_RESOURCE,
      });
      expect(protectedHeader.typ).to.equal('at+jwt');
      expect(payload).to.include({ client_id: 'web', scope: 'profile ib:api' });
      expect(JSON.stringify(payload)).to.not.contain('sid-');
    });

    it('token exchange: the resource server gets a token for ib:api of the same session, and nobody else does', async () => {
      const { body } = await tokensFor(RESOURCE);
      const exchangeAs = (id: string, subject_token: unknown) =>
        post(
          '/token',
          {
            grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
            subject_token: String(subject_token),
            subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          },
          basic(id),
        );
      const exchanged = await exchangeAs('mcp-server', body['access_token']);
      expect(exchanged.status, exchanged.text).to.equal(200);
      expect(exchanged.body).to.include({
        scope: 'ib:api',
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      });
      expect(
        (await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, exchanged.body['access_token']))
          .status,
      ).to.equal(200);
      expect((await exchangeAs('web', body['access_token'])).status).to.equal(400);
      const { body: plain } = await exchange(stack, await signIn(stack));
      expect((await exchangeAs('mcp-server', plain['access_token'])).body['error']).to.equal('invalid_grant');
    });
  });

  it('dynamic registration: a public app registers itself, signs in, and manages its registration', async () => {
    const register = (metadata: object) =>
      fetch(`${stack.issuer}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(metadata),
      });
    const created = (await (
      await register({
        client_name: 'Self',
        redirect_uris: ['https://self.example/cb'],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      })
    ).json()) as Record<string, string>;
    expect(created).to.include.keys('client_id', 'registration_access_token', 'registration_client_uri');
    const page = await new Browser().open(
      authorizeUrl(stack.issuer, {
        client_id: created['client_id'] ?? '',
        redirect_uri: 'https://self.example/cb',
      }),
    );
    expect(page.body).to.contain('name="platform_url"');
    const read = await fetch(created['registration_client_uri'] ?? '', {
      headers: { authorization: `Bearer ${created['registration_access_token']}` },
    });
    expect(read.status).to.equal(200);
    for (const uri of ['http://evil.example/cb', 'javascript:alert(1)', 'https://evil.example/cb#x']) {
      expect(
        (await register({ redirect_uris: [uri], token_endpoint_auth_method: 'none' })).status,
        uri,
      ).to.equal(400);
    }
  });

  it('pairwise subjects: another app cannot compare them', async () => {
    const url = await signIn(stack, new Browser(), { client_id: 'pairwise', scope: 'openid profile' });
    const { body } = await exchange(stack, url, 'pairwise');
    const claims = (await (await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).json()) as {
      sub: string;
    };
    expect(claims.sub).to.match(/^[\w-]{43}$/);
    expect(decodeJwt(String(body['id_token'])).sub).to.equal(claims.sub);
  });

  it('claims parameter: single claims are asked for and given', async () => {
    const url = await signIn(stack, new Browser(), {
      scope: 'openid',
      claims: JSON.stringify({ id_token: { given_name: null }, userinfo: { ib_client_name: null } }),
    });
    const { body } = await exchange(stack, url);
    expect(decodeJwt(String(body['id_token']))['given_name']).to.equal('Ada');
    expect(await (await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).json()).to.have.keys(
      'sub',
      'ib_client_name',
    );
  });

  it('prompt=select_account asks although somebody is signed in; auth_time is the login at IB', async () => {
    const browser = new Browser();
    const { body } = await exchange(stack, await signIn(stack, browser, { max_age: '1000' }));
    expect(decodeJwt(String(body['id_token']))['auth_time']).to.be.closeTo(nowSeconds(), 5);
    const asked = await browser.open(authorizeUrl(stack.issuer, { prompt: 'select_account' }));
    expect(asked.body).to.contain('name="platform_url"');
    const done = await signInAt(
      stack,
      browser,
      authorizeUrl(stack.issuer, { prompt: 'select_account' }),
      'grace',
    );
    expect(done.body).to.contain('Grace Hopper');
    expect(
      (await browser.press(done, 'consent', { decision: 'allow' })).url.searchParams.get('code'),
    ).to.be.a('string');
  });

  it('back-channel logout tells the app with a signed token', async () => {
    const browser = new Browser();
    const { body } = await exchange(stack, await signIn(stack, browser));
    const page = await browser.open(`${stack.issuer}/logout?id_token_hint=${body['id_token']}`);
    const [form] = formsOf(page);
    if (form === undefined) throw new Error(page.body);
    logoutTokens.length = 0;
    await browser.submit(page, form, { logout: 'yes' });
    expect(logoutTokens).to.have.length(1);
    const { payload } = await jwtVerify(
      logoutTokens[0] ?? '',
      createRemoteJWKSet(new URL(`${stack.issuer}/jwks`)),
      { issuer: stack.issuer, audience: 'web' },
    );
    expect(payload).to.have.property('sid', decodeJwt(String(body['id_token']))['sid']);
  });

  it('refuse a downgrade of PKCE, both ways', async () => {
    const bare = await signIn(stack, new Browser(), { code_challenge: '', code_challenge_method: '' });
    const withVerifier = await exchange(stack, bare);
    expect([withVerifier.status, withVerifier.body['error']]).to.deep.equal([400, 'invalid_grant']);
    const challenged = await signIn(stack, new Browser(), { code_challenge: CHALLENGE });
    const without = await token(stack, {
      grant_type: 'authorization_code',
      code: challenged.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
    });
    expect(without.body['error']).to.equal('invalid_grant');
  });
});
