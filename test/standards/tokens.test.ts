import { expect } from 'chai';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { Browser } from '../support/browser.ts';
import {
  authorizeUrl,
  exchange,
  REDIRECT_URI,
  type Stack,
  signIn,
  token,
  VERIFIER,
  withBearer,
} from '../support/stack.ts';
import {
  type Answer,
  answerIn,
  basic,
  errorOf,
  getJson,
  JWT_RESOURCE,
  post,
  RESOURCE,
  signInAsSpa,
  startStandards,
} from '../support/standards.ts';

const FOLDERS = '/proxy/api/3.0.0/6M0B/folder';

describe('tokens (RFC 9700 sections 2.1.2, 2.3, 2.4, 4.3, 4.14)', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards());
  });
  after(() => stack.close());

  describe('refresh', () => {
    const refreshed = (value: unknown, clientId: string) =>
      token(stack, { grant_type: 'refresh_token', refresh_token: String(value) }, clientId);

    for (const clientId of ['web', 'spa'] as const) {
      const signedIn = async () =>
        exchange(stack, clientId === 'spa' ? await signInAsSpa(stack) : await signIn(stack), clientId);

      it(`gives the same pair again until its refresh token has been used (${clientId})`, async () => {
        const { body } = await signedIn();
        const answers = await Promise.all([1, 2, 3].map(() => refreshed(body['refresh_token'], clientId)));
        answers.push(await refreshed(body['refresh_token'], clientId));
        for (const answer of answers) expect(answer.status).to.equal(200);
        for (const kind of ['refresh_token', 'access_token']) {
          expect(new Set(answers.map((answer) => answer.body[kind]))).to.have.property('size', 1);
          expect(answers[0]?.body[kind]).to.not.equal(body[kind]);
        }
      });

      it(`of a token whose successor was used is reuse, and ends the whole family (${clientId})`, async () => {
        const first = await signedIn();
        const second = await refreshed(first.body['refresh_token'], clientId);
        const third = await refreshed(second.body['refresh_token'], clientId);
        expect(third.status).to.equal(200);
        expect(errorOf(await refreshed(first.body['refresh_token'], clientId))).to.deep.equal([
          400,
          'invalid_grant',
        ]);
        expect(errorOf(await refreshed(third.body['refresh_token'], clientId))).to.deep.equal([
          400,
          'invalid_grant',
        ]);
        const seen = await withBearer(`${stack.issuer}/userinfo`, third.body['access_token']);
        expect(seen.status).to.equal(401);
      });
    }

    it('is refused to another client, and never gives more than the user allowed', async () => {
      const { body } = await exchange(stack, await signIn(stack, new Browser(), { scope: 'openid profile' }));
      const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
      expect(errorOf(await token(stack, refresh, 'other'))).to.deep.equal([400, 'invalid_grant']);
      expect(errorOf(await token(stack, { ...refresh, scope: 'openid ib:api' }))).to.deep.equal([
        400,
        'invalid_scope',
      ]);
      const less = await token(stack, { ...refresh, scope: 'openid' });
      expect(less.body['scope']).to.equal('openid');
    });
  });

  it('are not given by the implicit, password or any other retired grant', async () => {
    const metadata = await getJson(`${stack.issuer}/.well-known/openid-configuration`);
    expect(metadata['grant_types_supported']).to.not.include.members(['implicit']);
    expect(metadata['grant_types_supported']).to.not.include.members(['password']);
    const password = { grant_type: 'password', username: 'ada', password: 'x' };
    expect(errorOf(await post(stack, '/token', password, basic('web')))).to.deep.equal([
      400,
      'unsupported_grant_type',
    ]);
    for (const response_type of ['token', 'id_token', 'code token', 'code id_token', 'none']) {
      const page = await new Browser().request(authorizeUrl(stack.issuer, { response_type }));
      expect(answerIn(page).get('error'), response_type).to.equal('unsupported_response_type');
    }
  });

  it('are taken from the Authorization header, never from a query, and not twice', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    const value = String(body['access_token']);
    for (const path of ['/userinfo', FOLDERS]) {
      const inQuery = await fetch(`${stack.issuer}${path}?access_token=${value}`);
      expect(inQuery.status, path).to.be.oneOf([400, 401]);
      expect((await withBearer(stack.issuer + path, value)).status, path).to.equal(200);
    }
    const twice = await fetch(`${stack.issuer}/userinfo?access_token=${value}`, {
      headers: { authorization: `Bearer ${value}` },
    });
    expect(twice.status).to.equal(400);
  });

  it('need the scope of the call', async () => {
    const { body } = await exchange(stack, await signIn(stack, new Browser(), { scope: 'openid profile' }));
    const answer = await withBearer(stack.issuer + FOLDERS, body['access_token']);
    expect(answer.status).to.equal(403);
    expect(answer.headers.get('www-authenticate')).to.contain('insufficient_scope').and.contain('ib:api');
  });

  it('that are damaged, foreign or of another kind are refused as invalid_token', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    const value = String(body['access_token']);
    const flipped = value.slice(0, -1) + (value.endsWith('A') ? 'B' : 'A');
    for (const bad of [
      'x',
      flipped,
      value.toLowerCase(),
      body['refresh_token'],
      body['id_token'],
      `${value}.${value}`,
    ]) {
      for (const path of ['/userinfo', FOLDERS]) {
        const answer = await withBearer(stack.issuer + path, bad);
        expect(answer.status, path).to.equal(401);
        expect(answer.headers.get('www-authenticate')).to.contain('invalid_token');
      }
    }
  });

  describe('for a resource (RFC 8707)', () => {
    async function tokensFor(resource: string): Promise<Answer> {
      const redirect = await signIn(stack, new Browser(), { resource, scope: 'openid profile ib:api' });
      return post(
        stack,
        '/token',
        {
          grant_type: 'authorization_code',
          code: redirect.searchParams.get('code') ?? '',
          redirect_uri: REDIRECT_URI,
          code_verifier: VERIFIER,
          resource,
        },
        basic('web'),
      );
    }

    it('are refused by every other', async () => {
      const { body } = await tokensFor(RESOURCE);
      expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(403);
      expect((await withBearer(stack.issuer + FOLDERS, body['access_token'])).status).to.equal(401);
      const mine = await post(
        stack,
        '/introspect',
        { token: String(body['access_token']) },
        basic('mcp-server'),
      );
      expect(mine.body).to.include({ active: true, aud: RESOURCE, scope: 'profile ib:api' });
      const foreign = await post(
        stack,
        '/introspect',
        { token: String(body['access_token']) },
        basic('other'),
      );
      expect(foreign.body).to.deep.equal({ active: false });
    });

    it('are given with or without its trailing slash', async () => {
      expect((await tokensFor(`${RESOURCE}/`)).status).to.equal(200);
    });

    it('may be JWTs (RFC 9068) that it checks by itself', async () => {
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

    const exchangeAs = (id: string, subjectToken: unknown, targets: [name: string, value: string][] = []) =>
      post(
        stack,
        '/token',
        new URLSearchParams([
          ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
          ['subject_token', String(subjectToken)],
          ['subject_token_type', 'urn:ietf:params:oauth:token-type:access_token'],
          ...targets,
        ]).toString(),
        basic(id),
      );

    for (const [format, resource] of [
      ['opaque', RESOURCE],
      ['JWT', JWT_RESOURCE],
    ] as const) {
      it(`are exchanged (RFC 8693) by that resource server for ib:api of the same session, and by nobody else (${format})`, async () => {
        const { body } = await tokensFor(resource);
        const exchanged = await exchangeAs('mcp-server', body['access_token']);
        expect(exchanged.status, exchanged.text).to.equal(200);
        expect(exchanged.body).to.include({
          scope: 'ib:api',
          issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        });
        expect(exchanged.body['expires_in']).to.be.within(1, Number(body['expires_in']));
        const call = () => withBearer(stack.issuer + FOLDERS, exchanged.body['access_token']);
        expect((await call()).status).to.equal(200);
        expect(errorOf(await exchangeAs('web', body['access_token']))[0]).to.equal(400);
        const refresh = { token: String(body['refresh_token']) };
        await post(stack, '/revoke', refresh, basic('web'));
        expect((await call()).status, 'it ends with the grant').to.equal(401);
        expect(errorOf(await exchangeAs('mcp-server', body['access_token']))).to.deep.equal([
          400,
          'invalid_grant',
        ]);
      });
    }

    it('are exchanged for the API here and for no other target (RFC 8693 section 2.2.2)', async () => {
      const { body } = await tokensFor(RESOURCE);
      const own = [stack.issuer, `${stack.issuer}/`, `${stack.issuer}/proxy`, `${stack.issuer}/proxy/`];
      for (const name of ['resource', 'audience']) {
        for (const target of own) {
          const { status } = await exchangeAs('mcp-server', body['access_token'], [[name, target]]);
          expect(status, `${name} ${target}`).to.equal(200);
        }
        for (const target of ['https://nobody.example', RESOURCE, `${stack.issuer}/userinfo`, 'api']) {
          for (const beside of [[], [[name, stack.issuer]]] as [string, string][][]) {
            const answer = await exchangeAs('mcp-server', body['access_token'], [[name, target], ...beside]);
            expect(errorOf(answer), `${name} ${target}`).to.deep.equal([400, 'invalid_target']);
          }
        }
      }
    });

    it('are not exchanged where they are for another resource, forged, or no access tokens', async () => {
      const { body: plain } = await exchange(stack, await signIn(stack));
      const { body: forJwt } = await tokensFor(JWT_RESOURCE);
      const [header = '', payload = ''] = String(forJwt['access_token']).split('.');
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
      for (const bad of [
        plain['access_token'],
        plain['id_token'],
        forJwt['id_token'],
        `${header}.${payload}.${'A'.repeat(342)}`,
        `${none}.${payload}.`,
        'a.b.c',
        'ibat_gone',
      ]) {
        expect(errorOf(await exchangeAs('mcp-server', bad))).to.deep.equal([400, 'invalid_grant']);
      }
    });
  });

  it('of ID are signed with a published key, and say who the user is, by the scopes allowed', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    const { payload, protectedHeader } = await jwtVerify(
      String(body['id_token']),
      createRemoteJWKSet(new URL(`${stack.issuer}/jwks`)),
      { issuer: stack.issuer, audience: 'web' },
    );
    expect(protectedHeader).to.include({ alg: 'RS256' }).and.to.have.property('kid');
    expect(payload).to.include.keys('sub', 'exp', 'iat', 'nonce', 'sid');
    expect(payload).to.include({ name: 'Ada Lovelace', email: 'ada@acme.example' });
    const raw = await exchange(stack, await signIn(stack, new Browser(), { scope: 'openid ib:session' }));
    const claims = decodeJwt(String(raw.body['id_token']));
    expect(claims, 'no more than asked for, and never the session').to.not.have.any.keys(
      'name',
      'email',
      'ib_session_id',
      'ib_api_url',
    );
  });
});
