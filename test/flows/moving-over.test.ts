import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LOG_EVENTS } from '../../src/telemetry/catalog.ts';
import { Browser } from '../support/browser.ts';
import { CHALLENGE, type Stack, signInAt, startStack, VERIFIER } from '../support/stack.ts';
import { errorOf, post } from '../support/standards.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/moving-from-the-earlier-bridge.md'), 'utf8');
const [, CLIENTS = ''] = /```yaml\n([\s\S]*?)```/.exec(GUIDE) ?? [];
const [, REQUEST = ''] = /echo "https:\/\/id\.acme\.com(\/authorize\?[^"]+)"/.exec(GUIDE) ?? [];
const REDIRECT = 'https://d3p9mz3wmmolll.cloudfront.net/callback';

describe('the guide for who moves from the earlier bridge', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ clients: CLIENTS, env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());

  const withPkce = (): string => stack.issuer + REQUEST.replace('$CHALLENGE', CHALLENGE);
  /** As the earlier notes had it. */
  const withoutPkce = (): string => withPkce().replace(/&code_challenge.*$/, '');

  it('has a sign-in by hand that works with its own clients file', async () => {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, withPkce());
    const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
    expect(url.origin + url.pathname).to.equal(REDIRECT);
    const params = {
      grant_type: 'authorization_code',
      code: url.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
    };
    expect(errorOf(await post(stack, '/token', params)), 'no client_id').to.deep.equal([
      400,
      'invalid_request',
    ]);
    const answer = await post(stack, '/token', { ...params, client_id: 'test-client' });
    expect(answer.body, answer.text).to.include.keys('access_token', 'refresh_token', 'sid', 'apiV3url');
    expect(String(answer.body['access_token']), 'no JWT').to.not.contain('.');
    expect(String(answer.body['apiV3url'])).to.equal(new URL(String(answer.body['apiV3url'])).origin);
    const again = await post(stack, '/token', { ...params, client_id: 'test-client' });
    expect(errorOf(again)).to.deep.equal([400, 'invalid_grant']);
  });

  it('says what an app without PKCE gets', async () => {
    const { headers } = await new Browser().request(withoutPkce());
    const { searchParams } = new URL(headers.get('location') ?? '');
    expect(searchParams.get('error')).to.equal('invalid_request');
    expect(GUIDE.replace(/\s+/g, ' ')).to.contain(searchParams.get('error_description') ?? 'nothing');
  });

  it('says what becomes of the JSON mode: a page with the platform filled in, and a poll for its browser', async () => {
    const [platform] = stack.sandbox.platforms;
    const asked = `${withPkce()}&platform_url=${encodeURIComponent(platform.origin)}`;
    const plain = await fetch(asked, { redirect: 'manual', headers: { accept: 'application/json' } });
    expect(plain.status).to.equal(303);
    expect((await new Browser().open(asked)).body).to.contain(`value="${new URL(platform.origin).host}"`);
    const poll = await fetch(`${stack.issuer}/authorize/poll?token=poll-token`);
    expect([poll.status, (await poll.json()) as object]).to.have.nested.property(
      '[1].error',
      'invalid_request',
    );
  });

  it('names events that the log has', () => {
    const named = [...GUIDE.matchAll(/event = "([^"]+)"/g)].map(([, event]) => event);
    expect(named).to.include.members(['request', 'proxied']);
    expect(Object.keys(LOG_EVENTS)).to.include.members(named);
  });

  it('says what a stage in the path gets', async () => {
    for (const path of [
      REQUEST,
      '/token',
      '/userinfo',
      '/proxy/acme.intelligencebank.com/api/3.0.0/6M0B/user',
    ]) {
      const answer = await fetch(`${stack.issuer}/dev${path}`);
      expect(answer.status, path).to.equal(404);
      const { error_description: words } = (await answer.json()) as { error_description: string };
      expect(words, path).to.contain('has no path, its endpoints begin at /');
    }
    const own = await fetch(`${stack.issuer}/callback?token=x`);
    expect(own.status).to.equal(404);
  });
});
