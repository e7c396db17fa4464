import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as v2 from '@modelcontextprotocol/client';
import * as v1 from '@modelcontextprotocol/sdk/client/auth.js';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { type Stack, signInAt, startStack, WEB_SECRET } from '../support/stack.ts';
import { basic, post } from '../support/standards.ts';

const PORT = 13_909;
const ORIGIN = `http://localhost:${PORT}`;
const RESOURCE = `${ORIGIN}/mcp`;
const REDIRECT = 'http://localhost:45454/callback';

/** What an MCP server's metadata may list, and what its 401 may ask for. */
const LISTS: Readonly<Record<string, { scopes_supported?: string[]; challenge?: string }>> = {
  'lists scopes': { scopes_supported: ['profile', 'ib:api'], challenge: 'profile ib:api' },
  'lists none': {},
  'lists []': { scopes_supported: [] },
};

/** An MCP client's own memory, for both lines of the SDK. */
function createMemory(clientMetadataUrl: string | undefined) {
  const memory = {
    information: undefined as object | undefined,
    saved: undefined as { access_token: string; refresh_token?: string; scope?: string } | undefined,
    verifier: '',
    url: undefined as URL | undefined,
    discovery: undefined as object | undefined,
  };
  return {
    memory,
    provider: {
      redirectUrl: REDIRECT,
      ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
      clientMetadata: {
        client_name: 'An MCP client',
        redirect_uris: [REDIRECT],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      state: () => 'a-state',
      clientInformation: () => memory.information as never,
      saveClientInformation: (information: object) => void (memory.information = information),
      tokens: () => memory.saved as never,
      saveTokens: (tokens: object) => void (memory.saved = tokens as typeof memory.saved),
      redirectToAuthorization: (url: URL) => void (memory.url = url),
      saveCodeVerifier: (verifier: string) => void (memory.verifier = verifier),
      codeVerifier: () => memory.verifier,
      saveDiscoveryState: (state: object) => void (memory.discovery = state),
      discoveryState: () => memory.discovery as never,
    },
  };
}

describe('MCP clients of both lines of the SDK', function () {
  this.timeout(60_000);
  let stack: Stack;
  let server: Server;
  let documents: Server;
  let list: (typeof LISTS)[string] = {};
  let documentUrl = '';
  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'open', CLIENT_ID_METADATA_HOSTS: '*' },
      clients: `
clients:
  - client_id: server
    client_secret_env: WEB_SECRET
    grant_types: [client_credentials]
resources:
  - { identifier: '${RESOURCE}', scopes: [profile, 'ib:api'], client_id: server }
`,
    });
    server = createServer((request, response) => {
      const { challenge, ...metadata } = list;
      if (request.url?.startsWith('/.well-known/oauth-protected-resource')) {
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({ resource: RESOURCE, authorization_servers: [stack.issuer], ...metadata }),
        );
      } else {
        const asks = challenge === undefined ? '' : `, scope="${challenge}"`;
        const at = `resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/mcp"`;
        response.writeHead(401, { 'www-authenticate': `Bearer ${at}${asks}` }).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(PORT, resolve));
    documents = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      const { clientMetadata } = createMemory(undefined).provider;
      // As Claude Code's document: without a port, without application_type.
      const redirect_uris = ['http://localhost/callback', 'http://127.0.0.1/callback'];
      response.end(JSON.stringify({ ...clientMetadata, client_id: documentUrl, redirect_uris }));
    });
    await new Promise<void>((resolve) => documents.listen(0, '127.0.0.1', resolve));
    documentUrl = `http://127.0.0.1:${(documents.address() as AddressInfo).port}/client.json`;
  });
  after(async () => {
    server.close();
    documents.close();
    await stack.close();
  });

  const lines = {
    '1.x': (memory: ReturnType<typeof createMemory>, code?: URLSearchParams) =>
      v1.auth(memory.provider, {
        serverUrl: RESOURCE,
        ...scopeOf(),
        ...(code === undefined ? {} : { authorizationCode: code.get('code') ?? '' }),
      }),
    '2.x': (memory: ReturnType<typeof createMemory>, code?: URLSearchParams) =>
      v2.auth(memory.provider as never, {
        serverUrl: RESOURCE,
        ...scopeOf(),
        ...(code === undefined
          ? {}
          : { authorizationCode: code.get('code') ?? '', iss: code.get('iss') ?? '' }),
      }),
  };
  const scopeOf = () => (list.challenge === undefined ? {} : { scope: list.challenge });

  for (const [line, authorize] of Object.entries(lines)) {
    for (const [name, listed] of Object.entries(LISTS)) {
      for (const way of ['registration', 'metadata document'] as const) {
        it(`${line} signs in at a server that ${name}, by ${way}, and refreshes`, async () => {
          list = listed;
          const client = createMemory(way === 'registration' ? undefined : documentUrl);
          // The documents of this test lie at plain http on loopback, which the SDK refuses to name itself by.
          if (way === 'metadata document')
            client.memory.information = { client_id: documentUrl, issuer: stack.issuer };
          expect(await authorize(client)).to.equal('REDIRECT');
          const browser = new Browser();
          const consent = await signInAt(stack, browser, client.memory.url?.href ?? '');
          const back = (await browser.press(consent, 'consent', { decision: 'allow' })).url;
          expect(back.origin + back.pathname).to.equal(REDIRECT);
          expect(await authorize(client, back.searchParams)).to.equal('AUTHORIZED');
          const { access_token, refresh_token } = client.memory.saved ?? {};
          const seen = await post(
            stack,
            '/introspect',
            { token: String(access_token) },
            basic('server', WEB_SECRET),
          );
          expect(seen.body).to.include({ active: true, aud: RESOURCE });
          expect(String(seen.body['scope']).split(' ')).to.include.members(['profile', 'ib:api']);
          expect(refresh_token).to.be.a('string');
          expect(await authorize(client)).to.equal('AUTHORIZED');
          expect(client.memory.saved?.access_token).to.not.equal(access_token);
        });
      }
    }
  }
});
