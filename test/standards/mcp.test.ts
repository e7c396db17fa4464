import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { CHALLENGE, type Stack, signInAt, startStack, VERIFIER, withBearer } from '../support/stack.ts';
import { errorOf, getJson, post, RESOURCE, SPA_REDIRECT_URI, startStandards } from '../support/standards.ts';

/** What MCP clients do, by the revisions of 2025-03-26, 2025-06-18 and 2025-11-25. */
describe('MCP clients', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards());
  });
  after(() => stack.close());

  function authorizeAs(params: Record<string, string>): string {
    const url = new URL('/authorize', stack.issuer);
    url.search = new URLSearchParams({
      client_id: 'spa',
      redirect_uri: SPA_REDIRECT_URI,
      response_type: 'code',
      state: 's',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...params,
    }).toString();
    return url.href;
  }
  const allow = async (url: string): Promise<URL> => {
    const browser = new Browser();
    return (await browser.press(await signInAt(stack, browser, url), 'consent', { decision: 'allow' })).url;
  };
  const redeem = (back: URL, more: Record<string, string> = {}) =>
    post(stack, '/token', {
      grant_type: 'authorization_code',
      client_id: 'spa',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: SPA_REDIRECT_URI,
      code_verifier: VERIFIER,
      ...more,
    });

  it('learn where to sign in from a 401 of the API, and find S256 in the metadata', async () => {
    const challenge = (await fetch(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`)).headers.get(
      'www-authenticate',
    );
    const [, metadataUrl = ''] = /resource_metadata="([^"]+)"/.exec(challenge ?? '') ?? [];
    const resource = await getJson(metadataUrl);
    expect(resource['authorization_servers']).to.deep.equal([stack.issuer]);
    const server = await getJson(`${stack.issuer}/.well-known/oauth-authorization-server`);
    expect(server['code_challenge_methods_supported']).to.include('S256');
  });

  it('meet no 5xx at any address where they look for metadata', async () => {
    for (const name of ['oauth-authorization-server', 'openid-configuration', 'oauth-protected-resource']) {
      for (const path of [
        `/.well-known/${name}`,
        `/.well-known/${name}/`,
        `/.well-known/${name}/mcp`,
        `/mcp/.well-known/${name}`,
      ]) {
        for (const accept of ['*/*', 'application/json', 'text/html', '']) {
          const answer = await fetch(stack.issuer + path, {
            headers: { accept, 'mcp-protocol-version': '2025-11-25' },
          });
          expect(answer.status, path).to.be.lessThan(500);
        }
      }
    }
  });

  it('name their server as resource, with or without a slash, at each step', async () => {
    for (const resource of [RESOURCE, `${RESOURCE}/`]) {
      const tokens = await redeem(await allow(authorizeAs({ resource, scope: 'profile ib:api' })), {
        resource,
      });
      expect(tokens.status, tokens.text).to.equal(200);
      const refreshed = await post(stack, '/token', {
        grant_type: 'refresh_token',
        client_id: 'spa',
        refresh_token: String(tokens.body['refresh_token']),
        resource,
      });
      expect(refreshed.status, refreshed.text).to.equal(200);
    }
  });

  it('may leave out scope: the resource’s, else the app’s own', async () => {
    const resource = `${RESOURCE}/`;
    const ofResource = await redeem(await allow(authorizeAs({ resource })), { resource });
    expect(ofResource.body['scope']).to.equal('profile ib:api');
    const ofApp = await redeem(await allow(authorizeAs({ prompt: 'consent' })));
    expect(String(ofApp.body['scope']).split(' ')).to.include.members(['openid', 'profile', 'ib:api']);
    const called = await withBearer(
      `${stack.issuer}/proxy/api/3.0.0/6M0B/folder`,
      ofApp.body['access_token'],
    );
    expect(called.status).to.equal(200);
  });

  it('may ask for offline_access alone, as they do where their server lists []: it says how long, not what for', async () => {
    for (const scope of ['offline_access', ' offline_access']) {
      const { body } = await redeem(await allow(authorizeAs({ resource: RESOURCE, scope })), {
        resource: RESOURCE,
      });
      expect(body['scope']).to.equal('profile ib:api');
      expect(body['refresh_token']).to.be.a('string');
    }
  });

  it('keep their scopes when they step up, and get no more than they ask for otherwise', async () => {
    const browser = new Browser();
    const at = (scope: string) => authorizeAs({ resource: RESOURCE, scope });
    const first = await browser.press(await signInAt(stack, browser, at('profile')), 'consent', {
      decision: 'allow',
    });
    const before = (await redeem(first.url, { resource: RESOURCE })).body;
    expect(before['scope']).to.equal('profile');

    const consent = await browser.open(at('ib:api'));
    expect(consent.body).to.contain('Use IntelligenceBank in your name').and.contain('See your name');
    const more = await browser.press(consent, 'consent', { decision: 'allow' });
    const after = (await redeem(more.url, { resource: RESOURCE })).body;
    expect(String(after['scope']).split(' ')).to.have.members(['profile', 'ib:api']);

    const narrow = await browser.open(at('profile'));
    expect((await redeem(narrow.url, { resource: RESOURCE })).body['scope']).to.equal('profile');
    const old = await post(stack, '/token', {
      grant_type: 'refresh_token',
      client_id: 'spa',
      refresh_token: String(before['refresh_token']),
    });
    expect(old.body['scope'], 'the tokens from before go on').to.equal('profile');
  });

  it('get a refresh token without offline_access', async () => {
    const { body } = await redeem(await allow(authorizeAs({ scope: 'profile ib:api' })));
    expect(body['refresh_token']).to.be.a('string');
  });

  it('are told by exactly invalid_token, invalid_client and invalid_grant to drop what they have', async () => {
    const refused = await withBearer(`${stack.issuer}/proxy/x`, 'ibat_gone');
    expect(refused.status).to.equal(401);
    expect(refused.headers.get('www-authenticate')).to.contain('error="invalid_token"');
    const refresh = { grant_type: 'refresh_token', refresh_token: 'ibrt_gone' };
    expect(errorOf(await post(stack, '/token', { ...refresh, client_id: 'spa' }))).to.deep.equal([
      400,
      'invalid_grant',
    ]);
    expect(errorOf(await post(stack, '/token', { ...refresh, client_id: 'gone' }))).to.deep.equal([
      401,
      'invalid_client',
    ]);
  });

  describe('with the client id that is shipped', () => {
    let shipped: Stack;
    before(async () => {
      shipped = await startStack({
        env: { LOG_LEVEL: 'silent' },
        clients: readFileSync(join(import.meta.dirname, '../../config/clients.yaml'), 'utf8').replace(
          /# - (http:\/\/127\.0\.0\.1\/|https:\/\/vscode\.dev\/redirect|cursor:\S+) /g,
          '- $1 ',
        ),
      });
    });
    after(() => shipped.close());

    for (const uri of [
      'https://claude.ai/api/mcp/auth_callback',
      'https://claude.com/api/mcp/auth_callback',
      'http://localhost:33418/callback',
      'http://127.0.0.1:33418/callback',
      'http://localhost:6274/oauth/callback',
      'http://127.0.0.1:6274/oauth/callback/debug',
      'http://127.0.0.1:33418/',
      'https://vscode.dev/redirect',
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://tools.connectingib.com/callback',
    ]) {
      it(`come back to ${uri}`, async () => {
        const url = new URL(
          authorizeAs({ client_id: 'mcp-public-client', redirect_uri: uri, scope: 'profile' }),
        );
        const page = await new Browser().request(new URL(url.pathname + url.search, shipped.issuer));
        expect(page.headers.get('location'), page.body).to.contain('/interaction/');
      });
    }

    it('come back to no other', async () => {
      for (const uri of [
        'https://claude.ai.evil.example/api/mcp/auth_callback',
        'https://a.b.connectingib.com/callback',
        'https://connectingib.com/callback',
        'https://evil.example/.connectingib.com/callback',
        'https://evil.example%2f.connectingib.com/callback',
        'https://x@y.connectingib.com/callback',
        'cursor://evil/oauth/callback',
        'http://localhost.evil.example:1/callback',
      ]) {
        const url = new URL(
          authorizeAs({ client_id: 'mcp-public-client', redirect_uri: uri, scope: 'profile' }),
        );
        const page = await new Browser().request(new URL(url.pathname + url.search, shipped.issuer));
        expect([page.status, page.headers.get('location')], uri).to.deep.equal([400, null]);
      }
    });
  });
});
