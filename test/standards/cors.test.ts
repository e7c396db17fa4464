import { expect } from 'chai';
import { authorizeUrl, exchange, type Stack } from '../support/stack.ts';
import { post, signInAsSpa, startStandards } from '../support/standards.ts';

const APP = 'https://spa.example';
const STRANGER = 'https://evil.example';

describe('CORS (RFC 9700 section 2.6)', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards());
  });
  after(() => stack.close());

  const allowed = (response: { headers: Headers }): string | null =>
    response.headers.get('access-control-allow-origin');
  const preflight = (path: string, origin: string, headers = 'authorization,content-type') =>
    fetch(stack.issuer + path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
    });

  it('is never on /authorize or a page', async () => {
    for (const url of [
      authorizeUrl(stack.issuer),
      `${stack.issuer}/account`,
      `${stack.issuer}/device`,
      `${stack.issuer}/logout`,
    ]) {
      for (const method of ['GET', 'OPTIONS']) {
        const response = await fetch(url, { method, headers: { origin: APP }, redirect: 'manual' });
        expect(allowed(response), `${method} ${url}`).to.equal(null);
      }
    }
  });

  it('is open for public data', async () => {
    for (const path of [
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
      '/.well-known/oauth-protected-resource',
      '/jwks',
    ]) {
      const response = await fetch(stack.issuer + path, { headers: { origin: STRANGER } });
      expect(allowed(response), path).to.be.oneOf(['*', STRANGER]);
      expect(response.headers.get('access-control-allow-credentials'), path).to.equal(null);
    }
  });

  it("is for the app's own origins at token, revocation, PAR, userinfo and the proxy, without credentials", async () => {
    for (const path of ['/token', '/revoke', '/par']) {
      const answer = (origin: string) => post(stack, path, { client_id: 'spa', token: 'x' }, { origin });
      expect(allowed(await answer(APP)), path).to.equal(APP);
      expect(allowed(await answer(STRANGER)), path).to.equal(null);
      expect(allowed(await answer('null')), path).to.equal(null);
      expect((await answer(APP)).headers.get('access-control-allow-credentials')).to.equal(null);
    }
    const { body } = await exchange(stack, await signInAsSpa(stack), 'spa');
    for (const path of ['/userinfo', '/proxy/api/3.0.0/6M0B/folder']) {
      const answer = (origin: string) =>
        fetch(stack.issuer + path, { headers: { origin, authorization: `Bearer ${body['access_token']}` } });
      expect(allowed(await answer(APP)), path).to.equal(APP);
      expect(allowed(await answer(STRANGER)), path).to.equal(null);
      expect((await answer(APP)).headers.get('access-control-allow-credentials')).to.equal(null);
    }
  });

  it('answers preflights with what may be sent', async () => {
    for (const path of ['/token', '/revoke', '/par', '/userinfo', '/proxy/api/3.0.0/6M0B/folder']) {
      const response = await preflight(path, APP);
      expect(response.status, path).to.be.oneOf([200, 204]);
      expect(allowed(response), path).to.equal(APP);
      expect(response.headers.get('access-control-allow-methods') ?? '', path).to.match(/POST/);
      expect((response.headers.get('access-control-allow-headers') ?? '').toLowerCase(), path).to.contain(
        'authorization',
      );
    }
  });
});
