import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { Browser, type Page } from '../support/browser.ts';
import { CHALLENGE, type Stack, signInAt, startStack, VERIFIER } from '../support/stack.ts';
import {
  type Answer,
  ASSERTION_TYPE,
  answerIn,
  dpopProof,
  getJson,
  nowSeconds,
  post,
} from '../support/standards.ts';

const REDIRECT = 'https://bank.example/callback';

/** Clients with `ib.profile: fapi2`, by the FAPI 2.0 Security Profile, section 5.3.2. */
describe('a client of the FAPI 2.0 Security Profile', () => {
  let stack: Stack;
  let keys: GenerateKeyPairResult;
  let proofKey: GenerateKeyPairResult;
  before(async () => {
    keys = await generateKeyPair('ES256', { extractable: true });
    proofKey = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', use: 'sig', alg: 'ES256' };
    const client = (id: string, ib: string) => `
  - client_id: ${id}
    token_endpoint_auth_method: private_key_jwt
    jwks: { keys: [${JSON.stringify(jwk)}] }
    redirect_uris: [${REDIRECT}]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile offline_access
    ib: { ${ib} }`;
    stack = await startStack({
      clients: `clients:${client('bank', 'profile: fapi2')}${client('plain', 'skip_consent: false')}\n`,
      env: { LOG_LEVEL: 'silent' },
    });
  });
  after(() => stack.close());

  const assertion = (id: string, claims: JWTPayload = {}) =>
    new SignJWT({ jti: randomUUID(), aud: stack.issuer, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(id)
      .setSubject(id)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(keys.privateKey);
  const call = async (
    path: string,
    params: Record<string, string>,
    { id = 'bank', claims = {}, proof = path === '/token' } = {},
  ): Promise<Answer> =>
    post(
      stack,
      path,
      {
        client_id: id,
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: await assertion(id, claims),
        ...params,
      },
      proof ? { dpop: await dpopProof(stack, proofKey, { htm: 'POST', path }) } : {},
    );
  const request = (more: Record<string, string | undefined> = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries({
        response_type: 'code',
        redirect_uri: REDIRECT,
        scope: 'openid profile',
        state: 's',
        code_challenge: CHALLENGE,
        code_challenge_method: 'S256',
        ...more,
      }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
  const urlOf = (params: Record<string, string>): string =>
    `${stack.issuer}/authorize?${new URLSearchParams(params)}`;
  const signIn = async (id = 'bank'): Promise<URL> => {
    const { body } = await call('/par', request(), { id });
    const browser = new Browser();
    const url = urlOf({ client_id: id, request_uri: String(body['request_uri']) });
    const page: Page = await signInAt(stack, browser, url);
    return (await browser.press(page, 'consent', { decision: 'allow' })).url;
  };
  const redeem = async (back: URL, options = {}): Promise<Answer> =>
    call(
      '/token',
      {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: REDIRECT,
        code_verifier: VERIFIER,
      },
      options,
    );

  it('signs in by a pushed request, gets tokens bound to its key, and refreshes without rotation', async () => {
    const tokens = await redeem(await signIn());
    expect(tokens.status, tokens.text).to.equal(200);
    expect(tokens.body['token_type']).to.equal('DPoP');
    const [header = ''] = String(tokens.body['id_token']).split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).to.include({ alg: 'ES256' });
    const refresh_token = String(tokens.body['refresh_token']);
    for (const round of [1, 2, 3]) {
      const refreshed = await call('/token', { grant_type: 'refresh_token', refresh_token });
      expect(refreshed.status, `${round} ${refreshed.text}`).to.equal(200);
      expect(refreshed.body['refresh_token']).to.equal(refresh_token);
    }
  });

  it('starts at /par alone', async () => {
    const answer = answerIn(await new Browser().request(urlOf({ client_id: 'bank', ...request() })));
    expect(answer.get('error')).to.equal('invalid_request');
  });

  it('uses PKCE with S256, and names its redirect URI', async () => {
    for (const more of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { redirect_uri: undefined },
    ]) {
      const { status, body } = await call('/par', request(more));
      expect([status, body['error']], JSON.stringify(more)).to.deep.equal([400, 'invalid_request']);
    }
  });

  it('asserts itself to the issuer alone, as one string', async () => {
    for (const aud of [
      [stack.issuer],
      [stack.issuer, 'https://else.example'],
      `${stack.issuer}/token`,
      `${stack.issuer}/par`,
      `${stack.issuer}/`,
    ]) {
      const { status, body } = await call('/par', request(), { claims: { aud } });
      expect([status, body['error']], JSON.stringify(aud)).to.deep.equal([401, 'invalid_client']);
    }
    const early = { iat: nowSeconds() + 8, nbf: nowSeconds() + 8 };
    expect((await call('/par', request(), { claims: early })).status, 'clocks differ').to.equal(201);
    const late = { nbf: nowSeconds() + 90 };
    expect((await call('/par', request(), { claims: late })).status).to.equal(401);
  });

  it('gets no token that is not bound to a key', async () => {
    const { status, body } = await redeem(await signIn(), { proof: false });
    expect([status, body['error']]).to.deep.equal([400, 'invalid_grant']);
  });

  it('is an exception: other clients go on as they did', async () => {
    const back = await signIn('plain');
    const tokens = await redeem(back, { id: 'plain', proof: false, claims: { aud: [stack.issuer] } });
    expect(tokens.status, tokens.text).to.equal(200);
    expect(tokens.body['token_type']).to.equal('Bearer');
    const refresh_token = String(tokens.body['refresh_token']);
    const refreshed = await call(
      '/token',
      { grant_type: 'refresh_token', refresh_token },
      { id: 'plain', proof: false },
    );
    expect(refreshed.body['refresh_token']).to.not.equal(refresh_token);
    const { body } = await call(
      '/par',
      request({ code_challenge: undefined, code_challenge_method: undefined }),
      {
        id: 'plain',
      },
    );
    expect(body['request_uri']).to.be.a('string');
  });

  it('finds in the metadata what it needs', async () => {
    const metadata = await getJson(`${stack.issuer}/.well-known/oauth-authorization-server`);
    expect(metadata['dpop_signing_alg_values_supported']).to.include('ES256');
    expect(metadata['token_endpoint_auth_signing_alg_values_supported']).to.include('PS256');
    expect(metadata).to.include.keys('pushed_authorization_request_endpoint');
  });
});
