import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { calculateJwkThumbprint, exportJWK, type GenerateKeyPairResult, generateKeyPair } from 'jose';
import { exchange, REDIRECT_URI, type Stack, signIn, VERIFIER, withBearer } from '../support/stack.ts';
import {
  basic,
  dpopProof,
  errorOf,
  nowSeconds,
  post,
  signInAsSpa,
  startStandards,
} from '../support/standards.ts';

const PATH = '/proxy/api/3.0.0/6M0B/folder';

describe('DPoP (RFC 9449)', () => {
  let stack: Stack;
  let key: GenerateKeyPairResult;
  let stranger: GenerateKeyPairResult;
  before(async () => {
    ({ stack } = await startStandards());
    key = await generateKeyPair('ES256', { extractable: true });
    stranger = await generateKeyPair('ES256', { extractable: true });
  });
  after(() => stack.close());

  const proof = (htm: string, path: string, more: Record<string, unknown> = {}, by = key): Promise<string> =>
    dpopProof(stack, by, { htm, path, ...more });

  async function boundToken(): Promise<{ value: string; ath: string }> {
    const redirect = await signIn(stack);
    const answer = await post(
      stack,
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
    return { value, ath: createHash('sha256').update(value).digest('base64url') };
  }

  it('binds a token to a key: each proof once, for one method, one URL and one token', async () => {
    const { value, ath } = await boundToken();
    const call = async (target: string, dpop: string, scheme = 'DPoP') =>
      (await fetch(stack.issuer + target, { headers: { authorization: `${scheme} ${value}`, dpop } })).status;
    for (const path of ['/userinfo', PATH]) {
      const used = await proof('GET', path, { ath });
      expect(await call(path, used), path).to.equal(200);
      for (const [name, bad] of Object.entries({
        replayed: used,
        'another token': await proof('GET', path, { ath: 'x' }),
        'no token': await proof('GET', path),
        'another method': await proof('POST', path, { ath }),
        'another URL': await proof('GET', '/proxy/other', { ath }),
        'too old': await proof('GET', path, { ath, iat: nowSeconds() - 1000 }),
        'from the future': await proof('GET', path, { ath, iat: nowSeconds() + 1000 }),
        'another key': await proof('GET', path, { ath }, stranger),
        'no proof': 'nonsense',
        'no id': await proof('GET', path, { ath, jti: '' }),
      })) {
        expect(await call(path, bad), `${path}: ${name}`).to.be.oneOf([400, 401]);
      }
      expect((await withBearer(stack.issuer + path, value)).status, `${path} as Bearer`).to.equal(401);
    }
  });

  it('takes the address of a proof in any spelling, whatever its query', async () => {
    const { value, ath } = await boundToken();
    for (const path of ['/userinfo', PATH]) {
      for (const htu of [
        `${stack.issuer + path}?verbose=true#top`,
        stack.issuer.replace('localhost', 'LOCALHOST') + path,
        stack.issuer.replace('http:', 'HTTP:') + path,
      ]) {
        const headers = { authorization: `DPoP ${value}`, dpop: await proof('GET', path, { ath, htu }) };
        expect((await fetch(`${stack.issuer}${path}?x=1`, { headers })).status, htu).to.equal(200);
      }
      for (const htu of [`${stack.issuer + path}/`, stack.issuer, path, '', 5]) {
        const headers = { authorization: `DPoP ${value}`, dpop: await proof('GET', path, { ath, htu }) };
        expect((await fetch(stack.issuer + path, { headers })).status, `${path}: ${htu}`).to.equal(401);
      }
    }
  });

  it('is no way to send a token that is bound to no key, and says so by its own challenge', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    const value = String(body['access_token']);
    const ath = createHash('sha256').update(value).digest('base64url');
    for (const path of ['/userinfo', PATH]) {
      const headers = { authorization: `DPoP ${value}`, dpop: await proof('GET', path, { ath }) };
      const answer = await fetch(stack.issuer + path, { headers });
      expect(answer.status, path).to.equal(401);
      const challenge = answer.headers.get('www-authenticate') ?? '';
      expect(challenge, path).to.match(/^DPoP .*error="invalid_token"/);
      expect(challenge, path).to.contain('algs="ES256 EdDSA Ed25519"');
    }
  });

  it('takes a proof that comes several times at once from one of them, and tells the others what late ones are told', async () => {
    const { value, ath } = await boundToken();
    for (const path of ['/userinfo', PATH]) {
      const dpop = await proof('GET', path, { ath });
      const call = async () => {
        const answer = await fetch(stack.issuer + path, {
          headers: { authorization: `DPoP ${value}`, dpop },
        });
        return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
      };
      const answers = await Promise.all(Array.from({ length: 8 }, call));
      expect(
        answers.filter(({ status }) => status === 200),
        path,
      ).to.have.length(1);
      const late = await call();
      for (const answer of answers.filter(({ status }) => status !== 200))
        expect(answer, path).to.deep.equal(late);
    }
  });

  it('takes one proof for one refresh at once', async () => {
    const redirect = await signIn(stack);
    const code = {
      grant_type: 'authorization_code',
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    };
    const first = await post(stack, '/token', code, { ...basic('web'), dpop: await proof('POST', '/token') });
    const dpop = await proof('POST', '/token');
    const refresh = () =>
      post(
        stack,
        '/token',
        { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']) },
        { ...basic('web'), dpop },
      );
    const answers = await Promise.all(Array.from({ length: 8 }, refresh));
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    const late = await refresh();
    for (const { status, body } of answers.filter((answer) => answer.status !== 200))
      expect({ status, body }).to.deep.equal({ status: late.status, body: late.body });
    expect(errorOf(late)).to.deep.equal([400, 'invalid_grant']);
  });

  it('is seen by introspection', async () => {
    const { value } = await boundToken();
    const seen = await post(stack, '/introspect', { token: value }, basic('web'));
    expect(seen.body['cnf']).to.deep.equal({
      jkt: await calculateJwkThumbprint(await exportJWK(key.publicKey)),
    });
  });

  it("keeps a confidential client's refresh token, which its secret and key protect (FAPI 2.0 5.3.2.1)", async () => {
    const redirect = await signIn(stack);
    const code = {
      grant_type: 'authorization_code',
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: redirect.origin + redirect.pathname,
      code_verifier: VERIFIER,
    };
    const send = async (params: Record<string, string>) =>
      post(stack, '/token', params, { ...basic('web'), dpop: await proof('POST', '/token') });
    const first = await send(code);
    const value = String(first.body['refresh_token']);
    for (let turn = 0; turn < 3; turn += 1) {
      const next = await send({ grant_type: 'refresh_token', refresh_token: value });
      expect(next.status, next.text).to.equal(200);
      expect(next.body['refresh_token']).to.equal(value);
    }
  });

  it("binds a public client's refresh tokens too", async () => {
    const redirect = await signInAsSpa(stack);
    const code = {
      grant_type: 'authorization_code',
      client_id: 'spa',
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: redirect.origin + redirect.pathname,
      code_verifier: VERIFIER,
    };
    const first = await post(stack, '/token', code, { dpop: await proof('POST', '/token') });
    expect(first.status, first.text).to.equal(200);
    const refresh = {
      grant_type: 'refresh_token',
      client_id: 'spa',
      refresh_token: String(first.body['refresh_token']),
    };
    const foreign = await post(stack, '/token', refresh, {
      dpop: await proof('POST', '/token', {}, stranger),
    });
    expect(errorOf(foreign)).to.deep.equal([400, 'invalid_grant']);
    expect(errorOf(await post(stack, '/token', refresh)), 'no proof').to.deep.equal([400, 'invalid_grant']);
    const own = await post(stack, '/token', refresh, { dpop: await proof('POST', '/token') });
    expect([own.status, own.body['token_type']]).to.deep.equal([200, 'DPoP']);
  });
});
