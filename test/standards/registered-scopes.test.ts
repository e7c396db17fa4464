import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { register } from '../support/registration.ts';
import { authorizeUrl, REDIRECT_URI, type Stack, signInAt, VERIFIER } from '../support/stack.ts';
import { type Answer, post, RESOURCE, scopesIn, startStandards } from '../support/standards.ts';

describe('the scope of an app that registered itself', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards({ env: { REGISTRATION: 'open' } }));
  });
  after(() => stack.close());

  /** Registers a public app; its client_id. */
  async function registered(more: object): Promise<string> {
    const { body } = await register(stack, {
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
      ...more,
    });
    return String(body['client_id']);
  }

  /** What an app gets that a user allows what it asks for. */
  async function tokensFor(
    clientId: string,
    params: Record<string, string>,
    more: Record<string, string> = {},
  ): Promise<Answer> {
    const browser = new Browser();
    const url = authorizeUrl(stack.issuer, { client_id: clientId, ...params });
    const consent = await signInAt(stack, browser, url);
    const { url: back } = await browser.press(consent, 'consent', { decision: 'allow' });
    return post(stack, '/token', {
      grant_type: 'authorization_code',
      client_id: clientId,
      code: back.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
      ...more,
    });
  }

  it('is not narrowed by offline_access alone, as MCP clients register where their server lists []', async () => {
    const clientId = await registered({
      grant_types: ['authorization_code', 'refresh_token'],
      scope: ' offline_access',
    });
    const atResource = { resource: RESOURCE, nonce: '' };
    for (const scope of [' offline_access', 'profile ib:api']) {
      const tokens = await tokensFor(clientId, { scope, ...atResource }, { resource: RESOURCE });
      expect(scopesIn(tokens), scope).to.include('ib:api');
      expect(tokens.body['refresh_token']).to.be.a('string');
    }
    const raw = await new Browser().request(
      authorizeUrl(stack.issuer, { client_id: clientId, scope: 'ib:session', ...atResource }),
    );
    expect(raw.body).to.contain('invalid_scope');
  });

  it('is what it registered, where a request has none', async () => {
    const clientId = await registered({ scope: 'openid ib:api' });
    expect(scopesIn(await tokensFor(clientId, { scope: '' }))).to.have.members(['openid', 'ib:api']);
  });
});
