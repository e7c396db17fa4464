import { expect } from 'chai';
import { exchange, REDIRECT_URI, type Stack, signIn, WEB_SECRET } from '../support/stack.ts';
import { ASSERTION_TYPE, basic, errorOf, post, signInAsSpa, startStandards } from '../support/standards.ts';

describe('client authentication (RFC 6749 section 2.3, RFC 7523, RFC 9700 section 2.5)', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards({ lifetimes: { failedAuthenticationsPerAddress: 1000 } }));
  });
  after(() => stack.close());

  const code = { grant_type: 'authorization_code', code: 'x', redirect_uri: REDIRECT_URI };

  it('cannot be skipped or guessed by a confidential client', async () => {
    for (const [params, headers] of [
      [{ ...code, client_id: 'web' }, {}],
      [{ ...code, client_id: 'web', client_secret: '' }, {}],
      [code, basic('web', 'wrong')],
      [code, basic('web', WEB_SECRET.slice(0, -1))],
      [code, basic('web', `${WEB_SECRET} `)],
      [code, basic('nobody')],
    ] as [Record<string, string>, Record<string, string>][]) {
      const answer = await post(stack, '/token', params, headers);
      expect(errorOf(answer), JSON.stringify(params)).to.deep.equal([401, 'invalid_client']);
    }
    const challenged = await post(stack, '/token', code, basic('web', 'wrong'));
    expect(challenged.headers.get('www-authenticate')).to.match(/^Basic /);
  });

  describe('that is missing or not understood is invalid_client (RFC 6749 section 5.2)', () => {
    const headers: Record<string, Record<string, string>> = {
      'another scheme': { authorization: 'Bearer x' },
      'a scheme alone': { authorization: 'Basic' },
      'two tokens': { authorization: `${basic('web').authorization} x` },
      'what is no base64': { authorization: 'Basic !!!' },
      'no colon': { authorization: `Basic ${btoa('\u00fcber')}` },
      'no id': basic('', 'x'),
      'no secret': basic('web', ''),
      'an id alone': { authorization: `Basic ${btoa('web')}` },
      'a secret that none can be': { authorization: `Basic ${btoa('web:\u00fc')}` },
    };
    for (const path of ['/token', '/par', '/introspect', '/revoke', '/device_authorization']) {
      for (const [name, header] of Object.entries(headers)) {
        it(`at ${path} with ${name}`, async () => {
          const answer = await post(stack, path, { grant_type: 'authorization_code', token: 'x' }, header);
          expect(errorOf(answer)).to.deep.equal([401, 'invalid_client']);
          const challenge = answer.headers.get('www-authenticate') ?? '';
          expect(challenge.startsWith('Basic realm="'), challenge).to.equal(
            header['authorization'] !== undefined,
          );
        });
      }
    }
    it('which is told in the log by that name', async () => {
      const told = await startStandards({ env: { LOG_LEVEL: 'info' } });
      await post(told.stack, '/token', { ...code }, { authorization: 'Bearer x' });
      expect((await told.stack.logged('grant.error'))['error']).to.equal('invalid_client');
      await told.stack.close();
    });
    it('and where no header is, at endpoints that need it: others miss client_id', async () => {
      for (const path of ['/introspect', '/revoke']) {
        expect(errorOf(await post(stack, path, { token: 'x' })), path).to.deep.equal([401, 'invalid_client']);
      }
      for (const path of ['/token', '/par', '/device_authorization']) {
        expect(errorOf(await post(stack, path, code)), path).to.deep.equal([400, 'invalid_request']);
      }
    });
    it('and a form that is not read as one is not', async () => {
      const doubled = 'client_id=web&client_id=spa&grant_type=refresh_token';
      expect(errorOf(await post(stack, '/token', doubled))).to.deep.equal([400, 'invalid_request']);
      const json = { 'content-type': 'application/json' };
      expect(errorOf(await post(stack, '/token', '{}', json))).to.deep.equal([400, 'invalid_request']);
      const other = { client_id: 'spa', grant_type: 'refresh_token' };
      expect(errorOf(await post(stack, '/token', other, basic('web')))).to.deep.equal([
        400,
        'invalid_request',
      ]);
    });
  });

  it('does not give grants that a client is not registered for: unauthorized_client (RFC 6749 section 5.2)', async () => {
    const device = 'urn:ietf:params:oauth:grant-type:device_code';
    const exchanged = 'urn:ietf:params:oauth:grant-type:token-exchange';
    for (const grant_type of ['client_credentials', device, exchanged]) {
      const answer = await post(stack, '/token', { grant_type }, basic('web'));
      expect(errorOf(answer), grant_type).to.deep.equal([400, 'unauthorized_client']);
    }
    const refresh = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'pairwise' };
    expect(errorOf(await post(stack, '/token', refresh, basic('pairwise')))).to.deep.equal([
      400,
      'unauthorized_client',
    ]);
    const answer = await post(stack, '/device_authorization', {}, basic('web'));
    expect(errorOf(answer)).to.deep.equal([400, 'unauthorized_client']);
    const guessed = await post(stack, '/token', { grant_type: device }, basic('web', 'x'));
    expect(errorOf(guessed), 'nobody is told before he has said who he is').to.deep.equal([
      401,
      'invalid_client',
    ]);
  });

  it('is refused in two ways at once', async () => {
    const both = { ...code, client_id: 'web', client_secret: WEB_SECRET };
    expect((await post(stack, '/token', both, basic('web'))).body['error']).to.equal('invalid_request');
    const mixed = { ...code, client_id: 'web', client_assertion: 'x', client_assertion_type: ASSERTION_TYPE };
    expect((await post(stack, '/token', mixed, basic('web'))).status).to.be.oneOf([400, 401]);
  });

  it('of a public client is its id alone, and only its own registration says so', async () => {
    const { status } = await exchange(stack, await signInAsSpa(stack), 'spa');
    expect(status).to.equal(200);
    expect((await post(stack, '/token', code, basic('spa'))).status).to.equal(401);
  });

  it('is needed to introspect and to revoke', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    for (const path of ['/introspect', '/revoke']) {
      const answer = await post(stack, path, { token: String(body['access_token']) });
      expect(answer.status, path).to.equal(401);
      expect(
        (await post(stack, path, { token: String(body['access_token']) }, basic('web', 'x'))).status,
      ).to.equal(401);
    }
  });

  it("does not let a client see or revoke another's token (RFC 7662, 7009)", async () => {
    const { body } = await exchange(stack, await signIn(stack));
    const value = { token: String(body['access_token']) };
    expect((await post(stack, '/introspect', value, basic('other'))).body).to.deep.equal({ active: false });
    await post(stack, '/revoke', value, basic('other'));
    expect((await post(stack, '/introspect', value, basic('web'))).body['active']).to.equal(true);
  });

  it('answers unknown tokens with active:false and 200', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    const foreign = String(body['id_token']);
    expect((await post(stack, '/introspect', { token: foreign }, basic('web'))).body).to.deep.equal({
      active: false,
    });
    for (const value of ['nonsense', 'ibat_x', 'a.b.c', 'ü'.repeat(100)]) {
      expect((await post(stack, '/introspect', { token: value }, basic('web'))).body).to.deep.equal({
        active: false,
      });
      expect((await post(stack, '/revoke', { token: value }, basic('web'))).status).to.equal(200);
    }
  });

  it('signs what introspection says where the client asks for it (RFC 9701)', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    const answer = await post(
      stack,
      '/introspect',
      { token: String(body['access_token']) },
      { ...basic('web'), accept: 'application/token-introspection+jwt' },
    );
    expect(answer.headers.get('content-type')).to.contain('application/token-introspection+jwt');
    const [, payload = ''] = answer.text.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    expect(claims).to.include({ iss: stack.issuer, aud: 'web' });
    expect(claims['token_introspection']).to.include({ active: true, client_id: 'web' });
  });
});
