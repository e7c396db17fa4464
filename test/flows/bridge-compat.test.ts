import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import {
  authorizeUrl,
  CHALLENGE,
  type Stack,
  signInAt,
  startStack,
  VERIFIER,
  WEB_SECRET,
  withBearer,
} from '../support/stack.ts';

const shipped = readFileSync(join(import.meta.dirname, '../../config/clients.yaml'), 'utf8');
/** Beside what ships: an MCP server of the operator's own. */
const MORE = `
  - client_id: mcp-server
    client_secret_env: WEB_SECRET
    redirect_uris: [https://mcp.acme.example/cb]
resources:
  - identifier: https://mcp.acme.example/mcp
    scopes: [profile, ib:api]
    client_id: mcp-server
`;
const REDIRECT = 'http://localhost:54321/oauth/callback/debug';

describe('clients of the earlier bridge', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ clients: shipped.replace('\nresources: []\n', MORE) });
  });
  after(() => stack.close());

  function authorizeAs(params: Record<string, string>): string {
    const url = new URL('/authorize', stack.issuer);
    url.search = new URLSearchParams({
      client_id: 'mcp-public-client',
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'profile',
      state: 's',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...params,
    }).toString();
    return url.href;
  }

  async function codeFor(params: Record<string, string> = {}): Promise<string> {
    const browser = new Browser();
    const consent = await signInAt(
      stack,
      browser,
      authorizeAs({ resource: 'https://mcp.example/mcp', ...params }),
    );
    expect(consent.body, 'the raw session is named').to.contain('outside our control');
    const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
    return url.searchParams.get('code') ?? '';
  }

  async function post(
    body: string,
    type: string,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${stack.issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const redeem = (code: string) => ({
    grant_type: 'authorization_code',
    client_id: 'mcp-public-client',
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    resource: 'https://mcp.example/mcp',
  });

  it('get tokens with the session in both spellings, and claims with all ib_ fields, for scope=profile', async () => {
    const { status, body } = await post(
      new URLSearchParams(redeem(await codeFor())).toString(),
      'application/x-www-form-urlencoded',
    );
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(body).to.include.keys('access_token', 'refresh_token', 'token_type', 'expires_in');
    expect(body).to.include({
      clientid: '6M0B',
      client_id: '6M0B',
      apiV3url: stack.sandbox.apiOrigin,
      platform_url: stack.sandbox.apiOrigin,
      logintimeoutperiod: 24,
    });
    expect(Number(body['sidExpiry']) - Number(body['sidCreatedAt'])).to.equal(24 * 3600);
    const claims = (await (
      await withBearer(`${stack.issuer}/userinfo`, body['access_token'])
    ).json()) as Record<string, unknown>;
    expect(claims).to.include({
      name: 'Ada Lovelace',
      ib_client_id: '6M0B',
      ib_api_url: stack.sandbox.apiOrigin,
      ib_session_id: body['sid'],
    });
    expect(claims).to.include.keys('sub', 'given_name', 'family_name', 'updated_at', 'ib_user_uuid');
    expect(
      (
        await withBearer(
          `${stack.issuer}/proxy/${new URL(stack.sandbox.apiOrigin).host}/api/3.0.0/6M0B/folder`,
          body['access_token'],
        )
      ).status,
    ).to.equal(200);
    const refresh = {
      grant_type: 'refresh_token',
      client_id: 'mcp-public-client',
      refresh_token: String(body['refresh_token']),
      resource: 'https://mcp.example/mcp',
    };
    const refreshed = await post(
      new URLSearchParams(refresh).toString(),
      'application/x-www-form-urlencoded',
    );
    expect(refreshed.status).to.equal(200);
    expect(refreshed.body).to.include({ sid: body['sid'] });
  });

  it('may send JSON to /token', async () => {
    const { status, body } = await post(JSON.stringify(redeem(await codeFor())), 'application/json');
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(body['sid']).to.match(/^sid-/);
    const broken = await post('{', 'application/json');
    expect(broken.status).to.equal(400);
  });

  it('may come from one host under the wildcard, and from no other', async () => {
    const open = (redirect_uri: string) => new Browser().request(authorizeAs({ redirect_uri }));
    expect((await open('https://acme.connectingib.com/callback')).status).to.equal(303);
    for (const uri of [
      'https://a.b.connectingib.com/callback',
      'https://connectingib.com/callback',
      'https://evil.example/.connectingib.com/callback',
      'https://acme.connectingib.com/callback/x',
      'http://acme.connectingib.com/callback',
      'https://acme.connectingib.com.evil.example/callback',
    ]) {
      expect((await open(uri)).status, uri).to.equal(400);
    }
  });

  it('fill in the platform that the request names', async () => {
    const page = await new Browser().open(authorizeAs({ platform_url: stack.sandbox.platforms[0].origin }));
    expect(page.body).to.contain(`value="${new URL(stack.sandbox.platforms[0].origin).host}"`);
  });

  const OWN = 'https://mcp.acme.example/mcp';
  for (const [resource, scope, iss, idToken] of [
    [['https://mcp.example/mcp'], 'profile', false, false],
    [['https://mcp.example/mcp'], 'openid profile', false, true],
    [['https://a.example/', 'https://b.example/'], 'profile', false, false],
    [[], 'profile', true, true],
    [[''], 'profile', true, true],
    [['ISSUER'], 'profile', true, true],
    [['ISSUER/'], 'profile', true, true],
    [['ISSUER/proxy'], 'profile', true, true],
    [[OWN], 'profile', true, true],
    [[`${OWN}/`, 'https://mcp.example/mcp'], 'openid profile', true, true],
  ] as const) {
    const shown = `resource=${resource.join(' and ') || '(none)'}, scope=${scope}`;
    it(`get ${iss ? '' : 'no '}iss and ${idToken ? 'an' : 'no'} ID token for ${shown}`, async () => {
      const configured = stack.issuer;
      const named = resource.map((one) => one.replace('ISSUER', configured));
      const url = new URL(authorizeAs({ scope, state: 'a%20b+c&iss=x' }));
      for (const one of named) url.searchParams.append('resource', one);
      const browser = new Browser();
      const back = (
        await browser.press(await signInAt(stack, browser, url.href), 'consent', { decision: 'allow' })
      ).url;
      expect(back.searchParams.get('iss')).to.equal(iss ? stack.issuer : null);
      expect(back.searchParams.get('state')).to.equal('a%20b+c&iss=x');
      const params = new URLSearchParams({ ...redeem(back.searchParams.get('code') ?? '') });
      params.delete('resource');
      for (const one of named) params.append('resource', one);
      const answer = await post(params.toString(), 'application/x-www-form-urlencoded');
      expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
      expect('id_token' in answer.body).to.equal(idToken);
      const again = await post(
        new URLSearchParams({
          grant_type: 'refresh_token',
          client_id: 'mcp-public-client',
          refresh_token: String(answer.body['refresh_token']),
        }).toString(),
        'application/x-www-form-urlencoded',
      );
      expect('id_token' in again.body, 'refreshed').to.equal(idToken);
    });
  }

  it('are told errors without iss too, and no other client is, whatever it says of itself', async () => {
    const wrong = { prompt: 'none', ib_bridge_request: 'foreign' };
    const errorOf = async (params: Record<string, string>) => {
      const { headers } = await new Browser().request(authorizeAs({ ...wrong, ...params }));
      return new URL(headers.get('location') ?? '').searchParams;
    };
    const foreign = await errorOf({ resource: 'https://mcp.example/mcp' });
    expect([foreign.get('error'), foreign.get('state'), foreign.get('iss')]).to.deep.equal([
      'login_required',
      's',
      null,
    ]);
    expect((await errorOf({})).get('iss')).to.equal(stack.issuer);
    const implicit = await new Browser().request(
      authorizeAs({ ...wrong, resource: 'https://mcp.example/mcp', response_type: 'token' }),
    );
    expect(implicit.headers.get('location'), 'in the fragment')
      .to.contain('error=unsupported_response_type')
      .and.not.contain('iss=');
    const spa = await new Browser().request(
      authorizeUrl(stack.issuer, {
        ...wrong,
        client_id: 'mcp-server',
        redirect_uri: 'https://mcp.acme.example/cb',
      }),
    );
    expect(spa.headers.get('location')).to.contain(`iss=${encodeURIComponent(stack.issuer)}`);
  });

  it('get tokens for a resource that is configured, as its server sees', async () => {
    const code = await codeFor({ resource: OWN });
    const params = new URLSearchParams({ ...redeem(code), resource: OWN });
    const { body } = await post(params.toString(), 'application/x-www-form-urlencoded');
    const introspected = await fetch(`${stack.issuer}/introspect`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`mcp-server:${WEB_SECRET}`).toString('base64')}` },
      body: new URLSearchParams({ token: String(body['access_token']) }),
    });
    expect(await introspected.json()).to.include({ active: true, aud: OWN, client_id: 'mcp-public-client' });
  });

  it('leave the connection usable after a body that is too large, for whoever comes next', async () => {
    const socket = connect(Number(new URL(stack.issuer).port), '127.0.0.1');
    const size = 2 * 1024 * 1024;
    socket.write(
      `POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${size}\r\n\r\n`,
    );
    socket.write(Buffer.alloc(size, 'a'));
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);
    // Closed is as good an answer as a second one: the client asks again on another connection.
    expect(statuses.join(' ')).to.match(/^413( 200)?$/);
    expect(statuses.length === 2 || /connection: close/i.test(text)).to.equal(true);
  });

  it('leave others alone: JSON and foreign resources of standard clients are refused', async () => {
    const other = await startStack({ env: { LOG_LEVEL: 'silent' } });
    const json = await fetch(`${other.issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(json.status).to.equal(400);
    const page = await new Browser().request(
      authorizeUrl(other.issuer, { resource: 'https://unknown.example/mcp' }),
    );
    expect([page.status, page.headers.get('location')]).to.deep.equal([400, null]);
    expect(page.body).to.contain('invalid_target').and.contain('clients file');
    await other.close();
  });
});
