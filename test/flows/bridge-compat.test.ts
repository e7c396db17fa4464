import { readFileSync } from 'node:fs';
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
  withBearer,
} from '../support/stack.ts';

const shipped = readFileSync(join(import.meta.dirname, '../../config/clients.yaml'), 'utf8');
const REDIRECT = 'http://localhost:54321/oauth/callback/debug';

describe('clients of the earlier bridge', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ clients: shipped });
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
