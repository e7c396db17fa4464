import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { CHALLENGE, CLIENTS, type Stack, startStack } from '../support/stack.ts';
import { getJson, post } from '../support/standards.ts';

const shipped = readFileSync(join(import.meta.dirname, '../../config/clients.yaml'), 'utf8');
const JSON_TYPE = { 'content-type': 'application/json' };

describe('registration where REGISTRATION=bridge', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'bridge' },
      // A bridge client with a secret covers what the public one does not; its secret is not for whoever asks.
      clients: shipped.replace(
        '\nresources: []\n',
        `
  - client_id: confidential
    client_secret_env: WEB_SECRET
    redirect_uris: [https://confidential.example/callback]
    ib: { bridge_compat: true }
resources: []
`,
      ),
    });
  });
  after(() => stack.close());

  const register = (metadata: unknown) => post(stack, '/register', JSON.stringify(metadata), JSON_TYPE);

  for (const uris of [
    ['https://claude.ai/api/mcp/auth_callback'],
    ['http://localhost:6274/oauth/callback', 'http://localhost:6274/oauth/callback/debug'],
    ['http://127.0.0.1:33418/callback'],
    ['https://acme.connectingib.com/callback'],
  ]) {
    it(`answers ${uris.join(' and ')} with the configured client`, async () => {
      const answer = await register({
        client_name: 'MCP Inspector',
        redirect_uris: uris,
        token_endpoint_auth_method: 'client_secret_post',
        scope: 'profile ib:everything',
      });
      expect(answer.status, answer.text).to.equal(201);
      expect(answer.body).to.include({
        client_id: 'mcp-public-client',
        client_name: 'MCP client',
        token_endpoint_auth_method: 'none',
      });
      expect(answer.body['redirect_uris']).to.deep.equal(uris);
      expect(answer.body).to.not.have.any.keys(
        'client_secret',
        'registration_access_token',
        'registration_client_uri',
      );
      const url = new URL('/authorize', stack.issuer);
      url.search = new URLSearchParams({
        client_id: String(answer.body['client_id']),
        redirect_uri: uris[0] ?? '',
        response_type: 'code',
        code_challenge: CHALLENGE,
        code_challenge_method: 'S256',
      }).toString();
      expect((await new Browser().open(url)).body).to.contain('platform_url');
    });
  }

  for (const metadata of [
    { redirect_uris: ['https://evil.example/callback'] },
    { redirect_uris: ['https://claude.ai/api/mcp/auth_callback', 'https://evil.example/callback'] },
    { redirect_uris: ['https://confidential.example/callback'] },
    { redirect_uris: ['https://a.b.connectingib.com/callback'] },
    { redirect_uris: ['https://*.connectingib.com/callback.evil'] },
    { redirect_uris: [] },
    { redirect_uris: 'https://claude.ai/api/mcp/auth_callback' },
    { redirect_uris: [7] },
    {},
  ]) {
    it(`refuses ${JSON.stringify(metadata)}, naming what is allowed`, async () => {
      const answer = await register(metadata);
      expect([answer.status, answer.body['error']]).to.deep.equal([400, 'invalid_redirect_uri']);
      const description = String(answer.body['error_description']);
      expect(description)
        .to.contain('https://claude.ai/api/mcp/auth_callback')
        .and.not.contain('confidential');
      expect(description, 'RFC 6749 5.2').to.match(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    });
  }

  it('refuses what is no metadata', async () => {
    for (const body of ['', '{', '[]', 'null', '"x"', 'x'.repeat(200_000)]) {
      const answer = await post(stack, '/register', body, JSON_TYPE);
      expect(answer.status, body.slice(0, 9)).to.be.oneOf([400, 413]);
    }
  });

  it('is what the metadata say, keeps nothing, and has nothing to manage', async () => {
    const metadata = await getJson(`${stack.issuer}/.well-known/oauth-authorization-server`);
    expect(metadata['registration_endpoint']).to.equal(`${stack.issuer}/register`);
    for (let turn = 0; turn < 30; turn += 1) {
      const answer = await register({ redirect_uris: ['https://claude.ai/api/mcp/auth_callback'] });
      expect(answer.status, 'nothing is registered, so nothing is used up').to.equal(201);
    }
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const managed = await fetch(`${stack.issuer}/register/mcp-public-client`, {
        method,
        headers: { authorization: 'Bearer x' },
      });
      expect(managed.status, method).to.be.oneOf([401, 404]);
    }
  });

  it('may be asked for by a page of the MCP Inspector', async () => {
    const origin = 'http://localhost:6274';
    const answer = await fetch(`${stack.issuer}/register`, {
      method: 'POST',
      headers: { ...JSON_TYPE, origin },
      body: JSON.stringify({ redirect_uris: [`${origin}/oauth/callback`] }),
    });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).to.deep.equal([201, '*']);
    for (const page of [origin, 'https://mcp.connectingib.com', 'https://claude.ai']) {
      const token = await fetch(`${stack.issuer}/token`, {
        method: 'POST',
        headers: { origin: page },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: 'mcp-public-client',
          code: 'x',
        }),
      });
      expect([token.status, token.headers.get('access-control-allow-origin')], page).to.deep.equal([
        400,
        page,
      ]);
    }
  });

  it('keeps the server from starting where no client could be the answer', async () => {
    const failed = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'bridge' },
      clients: CLIENTS,
    }).catch((error: unknown) => error);
    expect(String(failed)).to.contain('REGISTRATION: bridge needs a client with ib.bridge_compat');
  });
});
