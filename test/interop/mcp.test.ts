import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { type Stack, signInAt, startStack, WEB_SECRET } from '../support/stack.ts';

const PORT = 13902;
const SERVER = `http://localhost:${PORT}/mcp`;

/** An MCP client's own memory; the user is played by a browser without scripts. */
class Provider implements OAuthClientProvider {
  readonly redirectUrl = 'http://localhost:45454/callback';
  readonly clientMetadata = {
    client_name: 'An MCP client',
    redirect_uris: ['http://localhost:45454/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  };
  information: OAuthClientInformationMixed | undefined;
  saved: OAuthTokens | undefined;
  verifier = '';
  authorizationUrl: URL | undefined;

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.information;
  }
  saveClientInformation(information: OAuthClientInformationMixed): void {
    this.information = information;
  }
  tokens(): OAuthTokens | undefined {
    return this.saved;
  }
  saveTokens(tokens: OAuthTokens): void {
    this.saved = tokens;
  }
  redirectToAuthorization(url: URL): void {
    this.authorizationUrl = url;
  }
  saveCodeVerifier(verifier: string): void {
    this.verifier = verifier;
  }
  codeVerifier(): string {
    return this.verifier;
  }
}

describe('an MCP client with the official SDK', function () {
  this.timeout(60_000);
  let stack: Stack;
  let server: ChildProcess;

  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'open' },
      clients: `
clients:
  - client_id: mcp-server
    client_secret_env: WEB_SECRET
    redirect_uris: []
    response_types: []
    grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange', client_credentials]
resources:
  - identifier: ${SERVER}
    name: IntelligenceBank tools
    scopes: [profile, ib:api]
    client_id: mcp-server
`,
    });
    server = spawn(process.execPath, [join(import.meta.dirname, '../../examples/mcp-server/server.ts')], {
      env: { ...process.env, ISSUER: stack.issuer, CLIENT_SECRET: WEB_SECRET, PORT: String(PORT) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (server.stdout !== null) await once(server.stdout, 'data');
  });
  after(async () => {
    server.kill();
    await stack.close();
  });

  it('signs in with nothing configured but the server’s URL, calls IntelligenceBank through a tool, and refreshes', async () => {
    const provider = new Provider();
    const connect = async (): Promise<Client> => {
      const client = new Client({ name: 'test', version: '1' });
      await client.connect(
        new StreamableHTTPClientTransport(new URL(SERVER), { authProvider: provider }) as never,
      );
      return client;
    };
    const refused = await connect().catch((error: unknown) => error);
    expect(refused).to.be.an.instanceOf(UnauthorizedError);
    const url = provider.authorizationUrl;
    if (url === undefined) throw new Error('no authorization URL');
    expect(url.searchParams.get('resource')).to.equal(SERVER);

    const browser = new Browser();
    const consent = await signInAt(stack, browser, url.href);
    expect(consent.body).to.contain('An MCP client');
    const back = (await browser.press(consent, 'consent', { decision: 'allow' })).url;
    const transport = new StreamableHTTPClientTransport(new URL(SERVER), { authProvider: provider });
    await transport.finishAuth(back.searchParams.get('code') ?? '');
    expect(provider.saved).to.include.keys('access_token', 'refresh_token');

    const client = await connect();
    const answer = await client.callTool({ name: 'list_folders' });
    expect(JSON.stringify(answer)).to.contain('Campaigns');
    await client.close();

    const before = provider.saved?.access_token;
    provider.saved = { ...provider.saved, access_token: 'ibat_gone' } as OAuthTokens;
    const again = await connect();
    expect(provider.saved?.access_token, 'refreshed by itself')
      .to.not.equal(before)
      .and.not.equal('ibat_gone');
    await again.close();
  });
});
