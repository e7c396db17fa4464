import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { register, SELF } from '../support/registration.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { nowSeconds, post } from '../support/standards.ts';

const KEYS_AT = 'https://self.example/jwks';

const numberIn = (text = ''): bigint => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
const textOf = (value: bigint): string => {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
};

/** The inverse of `a` modulo `m`; undefined where there is none. */
function inverse(a: bigint, m: bigint): bigint | undefined {
  let [old, rest, oldFactor, factor] = [a, m, 1n, 0n];
  while (rest !== 0n) {
    const times = old / rest;
    [old, rest] = [rest, old - times * rest];
    [oldFactor, factor] = [factor, oldFactor - times * factor];
  }
  return old === 1n ? ((oldFactor % m) + m) % m : undefined;
}

/** The same RSA key with an exponent as long as its modulus: it signs and checks as any other, at a hundred times the work. */
function withLongExponent(key: JWK): JWK {
  const [p, q] = [numberIn(key.p), numberIn(key.q)];
  const phi = (p - 1n) * (q - 1n);
  for (let e = phi - 3n; ; e -= 2n) {
    const d = inverse(e, phi);
    if (d !== undefined)
      return { ...key, e: textOf(e), d: textOf(d), dp: textOf(d % (p - 1n)), dq: textOf(d % (q - 1n)) };
  }
}

const publicPart = ({ kty, n = '', e = '' }: JWK): JWK => ({ kty: String(kty), n, e });

describe('keys of apps that register themselves', () => {
  let stack: Stack;
  let usual: JWK;
  let long: JWK;
  let published: JWK[] = [];
  before(async () => {
    stack = await startStack({
      env: { REGISTRATION: 'open', LOG_LEVEL: 'silent' },
      fetch: async () => Response.json({ keys: published }),
    });
    usual = await exportJWK((await generateKeyPair('RS256', { extractable: true })).privateKey);
    long = withLongExponent(usual);
  });
  after(() => stack.close());

  const app = { ...SELF, token_endpoint_auth_method: 'private_key_jwt' };

  async function introspectBy(key: JWK, clientId: unknown): Promise<number> {
    const assertion = await new SignJWT({ jti: randomUUID(), exp: nowSeconds() + 60 })
      .setIssuer(String(clientId))
      .setSubject(String(clientId))
      .setAudience(stack.issuer)
      .setProtectedHeader({ alg: 'RS256' })
      .sign(await importJWK(key, 'RS256'));
    const { status } = await post(stack, '/introspect', {
      token: 'x',
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    return status;
  }

  it('are refused by name where checking a signature by them takes far longer than by others', async () => {
    const wide = { ...publicPart(usual), n: textOf(1n << 9000n) };
    for (const [member, key] of [
      ['e', publicPart(long)],
      ['n', wide],
    ] as const) {
      const { status, body } = await register(stack, { ...app, jwks: { keys: [publicPart(usual), key] } });
      expect([status, body['error']], member).to.deep.equal([400, 'invalid_client_metadata']);
      expect(String(body['error_description'])).to.contain(`jwks.keys[1].${member}: must have at most`);
    }
    const { body } = await register(stack, { ...app, jwks: { keys: [publicPart(usual)] } });
    expect(await introspectBy(usual, body['client_id'])).to.equal(200);
  });

  it('are left out where their address has such, and the others are used', async () => {
    const { status, body } = await register(stack, { ...app, jwks_uri: KEYS_AT, client_name: 'By address' });
    expect(status).to.equal(201);
    published = [publicPart(long), publicPart(usual)];
    expect(await introspectBy(usual, body['client_id'])).to.equal(200);
    expect(await introspectBy(long, body['client_id'])).to.equal(401);
  });
});
