import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { auth as auth2 } from '@modelcontextprotocol/client';
import { auth as auth1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { expect } from 'chai';
import * as oauth from 'oauth4webapi';
import { Browser } from '../support/browser.ts';
import { type Stack, signInAt, startStack, withBearer } from '../support/stack.ts';

const REDIRECT = 'http://localhost:45455/oauth/callback';

/**
 * IB's own MCP server as its clients meet it: it names itself as issuer, and this server's endpoints as its own. It knows
 * nothing of `ib-oauth` but the addresses.
 */
async function startMcpServer(endpoints: string): Promise<{ origin: string; close(): void }> {
  const server = createServer((request, response) => {
    const metadata = documents[request.url ?? ''];
    if (metadata !== undefined) {
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify(metadata));
    }
    if (request.url !== '/mcp') return void response.writeHead(404).end();
    const resource = `${origin}/.well-known/oauth-protected-resource/mcp`;
    response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${resource}"` }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const documents: Record<string, unknown> = {
    '/.well-known/oauth-protected-resource/mcp': {
      resource: `${origin}/mcp`,
      authorization_servers: [origin],
    },
    '/.well-known/oauth-authorization-server': {
      issuer: origin,
      authorization_endpoint: `${endpoints}/authorize`,
      token_endpoint: `${endpoints}/token`,
      registration_endpoint: `${endpoints}/register`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      scopes_supported: ['profile'],
    },
  };
  return {
    origin,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What an MCP client keeps; the user is played by a browser without scripts. */
class Memory {
  readonly redirectUrl = REDIRECT;
  readonly clientMetadata = { client_name: 'An MCP client', redirect_uris: [REDIRECT] };
  readonly kept: Record<string, unknown> = {};

  clientInformation = (): never => this.kept['client'] as never;
  saveClientInformation = (client: unknown): void => void (this.kept['client'] = client);
  tokens = (): never => this.kept['tokens'] as never;
  saveTokens = (tokens: unknown): void => void (this.kept['tokens'] = tokens);
  redirectToAuthorization = (url: URL): void => void (this.kept['url'] = url);
  saveCodeVerifier = (verifier: string): void => void (this.kept['verifier'] = verifier);
  codeVerifier = (): string => String(this.kept['verifier']);
}

interface Asking {
  readonly serverUrl: string;
  readonly authorizationCode?: string;
  readonly iss?: string;
}

describe('clients that find this server by the metadata of IB’s own MCP server', function () {
  this.timeout(60_000);
  let stack: Stack;
  let mcp: Awaited<ReturnType<typeof startMcpServer>>;

  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'bridge' },
      clients: readFileSync(join(import.meta.dirname, '../../config/clients.yaml'), 'utf8'),
    });
    mcp = await startMcpServer(stack.issuer);
  });
  after(async () => {
    mcp.close();
    await stack.close();
  });

  async function allowed(url: string): Promise<URL> {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, url);
    return (await browser.press(consent, 'consent', { decision: 'allow' })).url;
  }

  for (const [generation, auth] of [
    ['1.x', (memory: Memory, asking: Asking) => auth1(memory, asking)],
    ['2.x', (memory: Memory, asking: Asking) => auth2(memory, asking)],
  ] as const) {
    it(`sign in with nothing configured, call and refresh: MCP SDK ${generation}`, async () => {
      const memory = new Memory();
      const serverUrl = `${mcp.origin}/mcp`;
      expect(await auth(memory, { serverUrl })).to.equal('REDIRECT');
      expect(memory.kept['client']).to.include({ client_id: 'mcp-public-client' });
      const url = memory.kept['url'] as URL;
      expect(url.searchParams.get('resource')).to.equal(serverUrl);

      const back = await allowed(url.href);
      const iss = back.searchParams.get('iss') ?? undefined;
      const authorizationCode = back.searchParams.get('code') ?? '';
      const answer = { serverUrl, authorizationCode, ...(iss === undefined ? {} : { iss }) };
      expect(await auth(memory, answer)).to.equal('AUTHORIZED');
      const tokens = memory.kept['tokens'] as Record<string, unknown>;
      expect(tokens).to.include.keys('access_token', 'refresh_token').and.not.have.property('id_token');
      const userinfo = await withBearer(`${stack.issuer}/userinfo`, tokens['access_token']);
      expect(await userinfo.json()).to.include.keys('sub', 'ib_session_id');

      expect(await auth(memory, { serverUrl }), 'by the refresh token').to.equal('AUTHORIZED');
      expect(memory.kept['tokens']).to.not.have.property('id_token');
      expect((memory.kept['tokens'] as Record<string, unknown>)['access_token']).to.not.equal(
        tokens['access_token'],
      );
    });
  }

  /** As strictly as RFC 9207 and OpenID Connect Core say. */
  async function signInStrictly(scope: string, decision = 'allow'): Promise<oauth.TokenEndpointResponse> {
    const insecure = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(mcp.origin);
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    const as = await oauth.processDiscoveryResponse(issuer, found);
    const client = { client_id: 'mcp-public-client' };
    const verifier = oauth.generateRandomCodeVerifier();
    const url = new URL(as.authorization_endpoint ?? '');
    url.search = new URLSearchParams({
      ...client,
      redirect_uri: REDIRECT,
      response_type: 'code',
      scope,
      state: 'a state/with=signs&iss=x',
      resource: `${mcp.origin}/mcp`,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString();
    const browser = new Browser();
    const consent = await signInAt(stack, browser, url.href);
    const back = (await browser.press(consent, 'consent', { decision })).url;
    const params = oauth.validateAuthResponse(as, client, back, 'a state/with=signs&iss=x');
    const answer = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      oauth.None(),
      params,
      REDIRECT,
      verifier,
      insecure,
    );
    return oauth.processAuthorizationCodeResponse(as, client, answer);
  }

  it('sign in, errors told as such, where they compare every issuer: oauth4webapi', async () => {
    const tokens = await signInStrictly('profile');
    expect(tokens.access_token).to.be.a('string');
    expect(tokens.id_token).to.equal(undefined);
    const denied = await signInStrictly('profile', 'deny').catch((error: unknown) => error);
    expect(denied)
      .to.be.an.instanceOf(oauth.AuthorizationResponseError)
      .and.include({ error: 'access_denied' });
  });

  it('get the ID token that they ask for, whose issuer is ours', async () => {
    const error = await signInStrictly('openid profile').catch((failed: unknown) => failed);
    expect(String((error as Error).message)).to.contain('iss');
  });
});
