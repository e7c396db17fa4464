import { expect } from 'chai';
import { CLIENTS, exchange, type Stack, signIn, startStack } from '../../support/stack.ts';
import { type RawAnswer, rawConnection } from './raw.ts';

const APP = 'https://app.example';
const STRANGER = 'https://evil.example';
const PUBLIC = [
  ['GET', '/.well-known/openid-configuration'],
  ['GET', '/.well-known/oauth-authorization-server'],
  ['GET', '/.well-known/oauth-protected-resource'],
  ['GET', '/.well-known/oauth-protected-resource/proxy'],
  ['GET', '/jwks'],
  ['POST', '/register'],
  ['PUT', '/register/some-id'],
] as const;
const REGISTERED = [
  ['POST', '/token'],
  ['POST', '/par'],
  ['POST', '/introspect'],
  ['POST', '/revoke'],
  ['POST', '/device_authorization'],
  ['GET', '/userinfo'],
  ['POST', '/userinfo'],
  ['GET', '/proxy/api/3.0.0/6M0B/folder'],
  ['POST', '/proxy/api/3.0.0/6M0B/file'],
] as const;
type Row = readonly [method: string, path: string];

for (const registration of ['off', 'token']) testAnswers(registration);

function testAnswers(registration: string): void {
  const isOff = registration === 'off';
  const rows: readonly Row[] = [...PUBLIC, ...REGISTERED].filter(
    ([, path]) => !isOff || !path.startsWith('/register'),
  );
  const readsABody = rows.filter(([method, path]) => method !== 'GET' && !path.startsWith('/proxy/'));
  // Whoever may register itself is an app until it has said which.
  const mayRead = (origin: string): boolean => origin === APP || (!isOff && origin !== 'null');

  describe(`the answer of an endpoint with CORS where REGISTRATION=${registration}`, () => {
    let stack: Stack;
    let delayMs = 0;
    let now = 1_800_000_100_000;
    before(async () => {
      stack = await startStack({
        clients: CLIENTS,
        env: { LOG_LEVEL: 'silent', REGISTRATION: registration },
        now: () => now,
        loopDelay: { takeMs: () => delayMs },
        lifetimes: {
          requestBodyMs: 100,
          failedAuthenticationsPerAddress: 1,
          refusedRegistrationsPerAddress: 1,
        },
      });
    });
    after(() => stack.close());

    async function ask(origin: string, [method, path]: Row, headers = '', body = ''): Promise<RawAnswer> {
      const connection = await rawConnection(stack.issuer);
      connection.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\n${headers}\r\n${body}`);
      const answer = await connection.answer();
      connection.close();
      if (answer === undefined) throw new Error(`no answer to ${method} ${path}`);
      return answer;
    }

    /** That pages of apps, and nobody else's, may read what a request is told. */
    async function expectRead(row: Row, status: number, headers?: string, body?: string): Promise<void> {
      const isPublic = PUBLIC.some(([, path]) => path === row[1]);
      for (const origin of [APP, STRANGER, 'null']) {
        const label = `${row.join(' ')} ${status} for ${origin}`;
        const answer = await ask(origin, row, headers, body);
        expect(answer.status, label).to.equal(status);
        const allowed = isPublic ? '*' : mayRead(origin) ? origin : undefined;
        expect(answer.headers['access-control-allow-origin'], label).to.equal(allowed);
        if (!isPublic) expect(answer.headers['vary'], label).to.contain('Origin');
        if (allowed !== undefined) {
          expect(answer.headers['access-control-expose-headers'], label).to.contain('Retry-After');
        }
      }
    }

    it('may be read where the process is behind (503)', async () => {
      delayMs = 400;
      now += 1000;
      for (const row of rows) await expectRead(row, 503);
      delayMs = 0;
      now += 1000;
    });

    it('may be read where the method is another one (405)', async () => {
      for (const [, path] of rows) await expectRead(['TRACE', path], 405);
    });

    it('may be read where the body is too large (413), too slow (408) or coded (415)', async () => {
      for (const row of readsABody) {
        await expectRead(row, 413, 'Content-Length: 70000\r\n', 'a'.repeat(70_000));
        await expectRead(row, 408, 'Content-Length: 10\r\n', 'a');
        await expectRead(row, 415, 'Content-Encoding: br\r\nContent-Length: 1\r\n', 'a');
      }
    });

    it('may be read where the caller is over a limit (429)', async () => {
      const wrong = `Authorization: Basic ${btoa('web:wrong')}\r\nContent-Length: 0\r\n`;
      await ask(APP, ['POST', '/token'], wrong);
      for (const path of ['/token', '/par', '/introspect', '/revoke', '/device_authorization']) {
        await expectRead(['POST', path], 429, wrong);
      }
      if (isOff) return;
      const register = 'Content-Type: application/json\r\nContent-Length: 2\r\n';
      await ask(APP, ['POST', '/register'], register, '{}');
      await expectRead(['POST', '/register'], 429, register, '{}');
    });

    it('may be read where nothing proves who asks (401)', async () => {
      for (const row of [
        ['GET', '/userinfo'],
        ['GET', '/proxy/api'],
        ['GET', '/register/some-id'],
      ] as const) {
        const isPublic = row[1].startsWith('/register');
        if (isPublic && isOff) continue;
        const answer = await ask(APP, row, 'Authorization: Bearer x\r\n');
        expect(answer.status, row[1]).to.equal(401);
        expect(answer.headers['access-control-allow-origin'], row[1]).to.equal(isPublic ? '*' : APP);
        expect(answer.headers['access-control-expose-headers'], row[1]).to.contain('WWW-Authenticate');
      }
    });
  });
}

describe('the answers to an app', () => {
  const NATIVE = `
  - client_id: native
    client_name: Native App
    application_type: native
    redirect_uris: ['com.example.native:/callback', 'http://127.0.0.1/callback']
    token_endpoint_auth_method: none
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
`;
  let stack: Stack;
  let now = Date.now();
  before(async () => {
    stack = await startStack({
      clients: CLIENTS + NATIVE.slice(1),
      env: { LOG_LEVEL: 'silent' },
      now: () => now,
    });
  });
  after(() => stack.close());

  it('may be read by its pages where the IB session behind its token has ended', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    now += 121 * 3600 * 1000;
    for (const path of ['/userinfo', '/proxy/api/3.0.0/6M0B/folder']) {
      const answer = await fetch(stack.issuer + path, {
        headers: { authorization: `Bearer ${body['access_token']}`, origin: APP },
      });
      expect([answer.status, answer.headers.get('access-control-allow-origin')], path).to.deep.equal([
        401,
        APP,
      ]);
      expect(await answer.json(), path).to.include({
        error: 'invalid_token',
        error_description: 'Session has expired',
      });
    }
  });

  it('are never for the origin null, which every opaque page has, nor for another loopback host', async () => {
    const ask = async (origin: string): Promise<string | null> => {
      const answer = await fetch(`${stack.issuer}/token`, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({ client_id: 'native', grant_type: 'refresh_token', refresh_token: 'x' }),
      });
      return answer.headers.get('access-control-allow-origin');
    };
    expect(await ask('http://127.0.0.1:6274'), 'any port of its loopback redirect').to.equal(
      'http://127.0.0.1:6274',
    );
    for (const origin of [
      'null',
      'com.example.native:',
      'com.example.native://',
      'http://localhost:6274',
      'https://127.0.0.1:6274',
      'http://127.0.0.1.evil.example',
      'file://',
    ]) {
      expect(await ask(origin), origin).to.equal(null);
    }
  });
});
