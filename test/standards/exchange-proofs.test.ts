import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { calculateJwkThumbprint, exportJWK, type GenerateKeyPairResult, generateKeyPair } from 'jose';
import { Browser } from '../support/browser.ts';
import { REDIRECT_URI, type Stack, signIn, startStack, VERIFIER, WEB_SECRET } from '../support/stack.ts';
import { type Answer, basic, dpopProof, errorOf, post } from '../support/standards.ts';

const FOLDERS = '/proxy/api/3.0.0/6M0B/folder';
const CLIENTS = `
clients:
  - client_id: web
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    scope: openid profile ib:api
  - client_id: server
    client_secret_env: WEB_SECRET
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange']
  - client_id: bound-server
    client_secret_env: WEB_SECRET
    dpop_bound_access_tokens: true
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange']
resources:
  - { identifier: 'https://opaque.example/', scopes: [ib:api], client_id: server }
  - { identifier: 'https://jwt.example/', scopes: [ib:api], client_id: server, token_format: jwt }
  - { identifier: 'https://bound.example/', scopes: [ib:api], client_id: bound-server }
`;

describe('token exchange with proofs of possession (RFC 8693, RFC 9449 section 5)', () => {
  let stack: Stack;
  let appKey: GenerateKeyPairResult;
  let serverKey: GenerateKeyPairResult;
  before(async () => {
    stack = await startStack({ clients: CLIENTS, env: { WEB_SECRET, LOG_LEVEL: 'silent' } });
    appKey = await generateKeyPair('ES256', { extractable: true });
    serverKey = await generateKeyPair('ES256', { extractable: true });
  });
  after(() => stack.close());

  const proof = (by: GenerateKeyPairResult, more: Record<string, unknown> = {}): Promise<string> =>
    dpopProof(stack, by, { htm: 'POST', path: '/token', ...more });

  async function tokenFor(resource: string, key?: GenerateKeyPairResult): Promise<string> {
    const redirect = await signIn(stack, new Browser(), { scope: 'openid ib:api', resource });
    const code = {
      grant_type: 'authorization_code',
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    };
    const dpop = key === undefined ? {} : { dpop: await proof(key) };
    const { body } = await post(stack, '/token', code, { ...basic('web'), ...dpop });
    return String(body['access_token']);
  }

  function exchange(subject: string, dpop?: string, server = 'server'): Promise<Answer> {
    const params = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    };
    return post(stack, '/token', params, { ...basic(server), ...(dpop === undefined ? {} : { dpop }) });
  }

  async function call(token: unknown, by?: GenerateKeyPairResult): Promise<number> {
    const ath = createHash('sha256').update(String(token)).digest('base64url');
    const headers =
      by === undefined
        ? { authorization: `Bearer ${String(token)}` }
        : {
            authorization: `DPoP ${String(token)}`,
            dpop: await proof(by, { htm: 'GET', path: FOLDERS, ath }),
          };
    return (await fetch(stack.issuer + FOLDERS, { headers })).status;
  }

  for (const resource of ['https://opaque.example/', 'https://jwt.example/']) {
    it(`a bound token is exchanged for one that is bound to the server's own key, and for no other (${resource})`, async () => {
      const subject = await tokenFor(resource, appKey);
      const without = await exchange(subject);
      expect(errorOf(without)).to.deep.equal([400, 'invalid_request']);
      expect(without.body['error_description']).to.contain('bound to a key');
      const { status, body } = await exchange(subject, await proof(serverKey));
      expect([status, body['token_type']]).to.deep.equal([200, 'DPoP']);
      const token = body['access_token'];
      expect(await call(token, serverKey)).to.equal(200);
      expect(await call(token), 'as Bearer').to.equal(401);
      expect(await call(token, appKey), "with the app's key").to.equal(401);
      const seen = await post(stack, '/introspect', { token: String(token) }, basic('web'));
      expect(seen.body['cnf']).to.deep.equal({
        jkt: await calculateJwkThumbprint(await exportJWK(serverKey.publicKey)),
      });
    });

    it(`a token that is bound to no key is, where the server proves one (${resource})`, async () => {
      const subject = await tokenFor(resource);
      expect((await exchange(subject)).body['token_type']).to.equal('Bearer');
      const { body } = await exchange(subject, await proof(serverKey));
      expect(body['token_type']).to.equal('DPoP');
      expect(await call(body['access_token'])).to.equal(401);
    });
  }

  it('a proof that is none is refused, never ignored', async () => {
    for (const subject of [await tokenFor('https://opaque.example/'), 'ibat_gone']) {
      const other = subject === 'ibat_gone' ? 'invalid_grant' : 'invalid_dpop_proof';
      for (const [name, bad] of Object.entries({
        nonsense: 'nonsense',
        'another address': await proof(serverKey, { path: '/par' }),
        'another method': await proof(serverKey, { htm: 'GET' }),
        'too old': await proof(serverKey, { iat: 1 }),
        'no id': await proof(serverKey, { jti: '' }),
      }))
        expect(errorOf(await exchange(subject, bad)), name).to.deep.equal([400, other]);
    }
  });

  it('a proof is used once', async () => {
    const subject = await tokenFor('https://opaque.example/');
    const once = await proof(serverKey);
    expect((await exchange(subject, once)).status).to.equal(200);
    expect(errorOf(await exchange(subject, once))).to.deep.equal([400, 'invalid_grant']);
    const atOnce = await proof(serverKey);
    const answers = await Promise.all(Array.from({ length: 6 }, () => exchange(subject, atOnce)));
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
  });

  it('a server that is registered for bound tokens gets no other', async () => {
    const subject = await tokenFor('https://bound.example/');
    expect(errorOf(await exchange(subject, undefined, 'bound-server'))).to.deep.equal([400, 'invalid_grant']);
    const { body } = await exchange(subject, await proof(serverKey), 'bound-server');
    expect(body['token_type']).to.equal('DPoP');
  });
});
