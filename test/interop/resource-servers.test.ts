import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import {
  exchange,
  REDIRECT_URI,
  type Stack,
  signIn,
  startStack,
  token,
  VERIFIER,
  WEB_SECRET,
  withBearer,
} from '../support/stack.ts';
import { getJson } from '../support/standards.ts';

const REPORTS = 'http://localhost:13904/';
const NOTES = 'http://localhost:13905/';

describe('APIs of others', function () {
  this.timeout(30_000);
  let stack: Stack;
  const servers: ChildProcess[] = [];
  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent' },
      clients: `
clients:
  - client_id: web
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    grant_types: [authorization_code, refresh_token]
  - client_id: notes-api
    client_secret_env: WEB_SECRET
    redirect_uris: []
    response_types: []
    grant_types: [client_credentials]
resources:
  - identifier: ${REPORTS}
    scopes: ['reports:read', 'reports:write']
    token_format: jwt
  - identifier: ${NOTES}
    scopes: ['notes:read', 'notes:write']
    client_id: notes-api
`,
    });
    const folder = join(import.meta.dirname, '../../examples/resource-server');
    for (const [script, port] of [
      ['jwt.ts', '13904'],
      ['introspect.ts', '13905'],
    ] as const) {
      const server = spawn(process.execPath, [join(folder, script)], {
        env: { ...process.env, ISSUER: stack.issuer, CLIENT_SECRET: WEB_SECRET, PORT: port },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      servers.push(server);
      await once(server.stdout, 'data');
    }
  });
  after(async () => {
    for (const server of servers) server.kill();
    await stack.close();
  });

  async function tokenFor(resource: string, scope: string): Promise<Record<string, unknown>> {
    const redirect = await signIn(stack, new Browser(), { resource, scope: `openid ${scope}` });
    const { status, body } = await token(stack, {
      grant_type: 'authorization_code',
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
      resource,
    });
    expect(status, JSON.stringify(body['error_description'])).to.equal(200);
    return body;
  }

  for (const [name, resource, other, scope, wrongScope] of [
    ['by JWT', REPORTS, NOTES, 'reports:read', 'reports:write'],
    ['by introspection', NOTES, REPORTS, 'notes:read', 'notes:write'],
  ] as const) {
    it(`take tokens made for them, and no others (${name})`, async () => {
      const metadata = await getJson(`${resource}.well-known/oauth-protected-resource`);
      expect(metadata['authorization_servers']).to.deep.equal([stack.issuer]);
      const good = await tokenFor(resource, scope);
      const answer = await withBearer(resource, good['access_token']);
      expect(answer.status).to.equal(200);
      expect(((await answer.json()) as { for: string }).for).to.match(/^6M0B\./);
      const foreign = await withBearer(other, good['access_token']);
      expect(foreign.status).to.equal(401);
      expect(foreign.headers.get('www-authenticate')).to.contain('invalid_token');
      const narrow = await withBearer(resource, (await tokenFor(resource, wrongScope))['access_token']);
      expect(narrow.status).to.equal(403);
      const { body } = await exchange(stack, await signIn(stack, new Browser(), { scope: 'openid' }));
      expect((await withBearer(resource, body['access_token'])).status, 'a token for /userinfo').to.equal(
        401,
      );
      expect((await withBearer(resource, body['id_token'])).status, 'an ID token').to.equal(401);
      expect((await fetch(resource)).headers.get('www-authenticate')).to.contain('resource_metadata=');
    });
  }

  it('notice a revocation at once where they ask', async () => {
    const { access_token: value } = await tokenFor(NOTES, 'notes:read');
    expect((await withBearer(NOTES, value)).status).to.equal(200);
    await fetch(`${stack.issuer}/revoke`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}` },
      body: new URLSearchParams({ token: String(value) }),
    });
    expect((await withBearer(NOTES, value)).status).to.equal(401);
  });
});
