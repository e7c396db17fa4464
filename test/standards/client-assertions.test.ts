import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type CryptoKey, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { CHALLENGE, REDIRECT_URI, type Stack } from '../support/stack.ts';
import {
  ASSERTION_TYPE,
  type ClientKey,
  errorOf,
  nowSeconds,
  post,
  startStandards,
} from '../support/standards.ts';

const PUSHED = {
  client_id: 'signed',
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  scope: 'openid',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

describe('a client assertion (private_key_jwt, RFC 7523)', () => {
  let stack: Stack;
  let key: ClientKey;
  before(async () => {
    ({ stack, key } = await startStandards({ lifetimes: { failedAuthenticationsPerAddress: 1000 } }));
  });
  after(() => stack.close());

  const assertion = (
    overrides: Record<string, unknown> = {},
    {
      alg = 'ES256',
      by = key.pair.privateKey as CryptoKey | Uint8Array,
      kid = key.kid,
      more = {} as { typ?: string },
    } = {},
  ): Promise<string> =>
    new SignJWT({
      iss: 'signed',
      sub: 'signed',
      aud: stack.issuer,
      jti: randomUUID(),
      iat: nowSeconds(),
      exp: nowSeconds() + 60,
      ...overrides,
    })
      .setProtectedHeader({ alg, kid, ...more })
      .sign(by);
  const call = (clientAssertion: string) =>
    post(stack, '/token', {
      grant_type: 'client_credentials',
      scope: 'ib:api',
      client_assertion: clientAssertion,
      client_assertion_type: ASSERTION_TYPE,
    });

  it('is accepted once', async () => {
    const good = await assertion();
    expect((await call(good)).status).to.equal(200);
    expect(errorOf(await call(good))).to.deep.equal([401, 'invalid_client']);
  });

  it('may say what it is', async () => {
    for (const typ of ['JWT', 'jwt', 'client-authentication+jwt']) {
      expect((await call(await assertion({}, { more: { typ } }))).status, typ).to.equal(200);
    }
  });

  it('is accepted once of several at once, whatever they ask for', async () => {
    for (const [path, params] of [
      ['/token', { grant_type: 'client_credentials', scope: 'ib:api' }],
      ['/introspect', { token: 'x' }],
      ['/revoke', { token: 'x' }],
      ['/par', PUSHED],
    ] as [string, Record<string, string>][]) {
      const signed = {
        ...params,
        client_assertion: await assertion(),
        client_assertion_type: ASSERTION_TYPE,
      };
      const answers = await Promise.all(Array.from({ length: 8 }, () => post(stack, path, signed)));
      const late = await post(stack, path, signed);
      expect(errorOf(late), path).to.deep.equal([401, 'invalid_client']);
      const refused = answers.filter(({ status }) => status >= 400);
      expect(refused, path).to.have.length(7);
      for (const { status, body } of refused)
        expect({ status, body }, path).to.deep.equal({ status: late.status, body: late.body });
    }
  });

  const bad: Record<string, () => Promise<string>> = {
    'another audience': () => assertion({ aud: 'https://other.example' }),
    'no audience': () => assertion({ aud: undefined }),
    'an expired one': () => assertion({ exp: nowSeconds() - 100 }),
    'no end': () => assertion({ exp: undefined }),
    'an end in a year': () => assertion({ exp: nowSeconds() + 365 * 24 * 3600 }),
    'an end beyond all clocks': () => assertion({ exp: 1e308 }),
    'no jti': () => assertion({ jti: undefined }),
    'another issuer': () => assertion({ iss: 'web' }),
    'another subject': () => assertion({ sub: 'web' }),
    "a stranger's key": async () => assertion({}, { by: (await generateKeyPair('ES256')).privateKey }),
    'alg HS256 with the public key as the secret': async () =>
      assertion({}, { alg: 'HS256', by: new TextEncoder().encode(await exportSPKI(key.pair.publicKey)) }),
    'the type of a request object': () => assertion({}, { more: { typ: 'oauth-authz-req+jwt' } }),
    'the type of a proof': () => assertion({}, { more: { typ: 'dpop+jwt' } }),
    'alg none': async () => {
      const [, payload = ''] = (await assertion()).split('.');
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    },
  };
  for (const [name, make] of Object.entries(bad)) {
    it(`is refused with ${name}`, async () => {
      expect(errorOf(await call(await make()))).to.deep.equal([401, 'invalid_client']);
    });
  }

  it('is meant for this server and no other (RFC 7523 section 3; RFC 9126 section 2)', async () => {
    const { issuer } = stack;
    const told = async (path: string, aud: unknown) => {
      const signed = { client_assertion: await assertion({ aud }), client_assertion_type: ASSERTION_TYPE };
      return (await post(stack, path, { ...(path === '/par' ? PUSHED : { token: 'x' }), ...signed })).status;
    };
    // As openid-client 6, Authlib and Nimbus, RFC 9126, and openid-client 5 sign.
    for (const aud of [issuer, `${issuer}/token`, `${issuer}/par`, [issuer], [issuer, `${issuer}/token`]])
      expect(await told('/par', aud), JSON.stringify(aud)).to.equal(201);
    expect(await told('/introspect', `${issuer}/introspect`)).to.equal(200);
    for (const aud of [
      [issuer, 'https://other.example'],
      ['https://other.example/token', `${issuer}/token`],
      [issuer, issuer.toUpperCase()],
      [[issuer]],
      [issuer, 1],
      [issuer, null],
      [],
      { [issuer]: issuer },
      `${issuer}/`,
      `${issuer}/token/`,
      `${issuer}/token?x`,
      `${issuer}/userinfo`,
      `${issuer} ${issuer}/token`,
    ])
      expect(await told('/par', aud), JSON.stringify(aud)).to.equal(401);
    expect(await told('/introspect', `${issuer}/par`), 'the address of another endpoint').to.equal(401);
  });

  it('is refused as invalid_request where it is no JWT', async () => {
    for (const broken of ['a.b.c', '{}', '..', `${'x'.repeat(5000)}.y.z`]) {
      expect(errorOf(await call(broken))).to.deep.equal([400, 'invalid_request']);
    }
  });
});
