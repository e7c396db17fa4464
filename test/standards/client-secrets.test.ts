import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { exchange, type Stack, signIn, startStack, VERIFIER } from '../support/stack.ts';
import { basic, post } from '../support/standards.ts';

/** Secrets as `openssl rand -base64 32` makes them: 48 % hold a plus sign. */
const PLUS_SECRET = 'a+b/c+d/e+f/g+h/i+j/k+l/m+n/o+p=';
const PERCENT_SECRET = '100%sure-100%41-and-%zz-of-it-all';

const CLIENTS = `
clients:
  - client_id: plus
    client_secret_env: PLUS_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token, client_credentials]
    token_endpoint_auth_method: client_secret_basic
  - client_id: percent
    client_secret_env: PERCENT_SECRET
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token, client_credentials]
    token_endpoint_auth_method: client_secret_post
  - client_id: odd+id%
    client_secret_env: PLUS_SECRET
    grant_types: [client_credentials]
  - client_id: spa
    token_endpoint_auth_method: none
    redirect_uris: [https://app.example/callback]
    grant_types: [authorization_code, refresh_token]
`;

/** Habits of clients that specifications leave open. */
describe('a secret works', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ clients: CLIENTS, env: { PLUS_SECRET, PERCENT_SECRET, LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());

  const raw = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });
  const form = (text: string) => new URLSearchParams({ x: text }).toString().slice(2);
  const credentials = { grant_type: 'client_credentials' };

  for (const [id, secret] of [
    ['plus', PLUS_SECRET],
    ['percent', PERCENT_SECRET],
    ['odd+id%', PLUS_SECRET],
  ] as const) {
    for (const [name, headers, body] of [
      ['by Basic as it is', raw(id, secret), credentials],
      ['by Basic, form-encoded (RFC 6749 2.3.1)', raw(form(id), form(secret)), credentials],
      ['by Basic, percent-encoded', raw(encodeURIComponent(id), encodeURIComponent(secret)), credentials],
      ['in the form', {}, { ...credentials, client_id: id, client_secret: secret }],
    ] as const) {
      it(`of ${id} ${name}`, async () => {
        const { status, text } = await post(stack, '/token', body, headers);
        expect(status, text).to.equal(200);
      });
    }
  }

  it('and a public app may say its id by Basic with an empty one, as Go’s oauth2 does where it is not told otherwise', async () => {
    const back = await signIn(stack, new Browser(), { client_id: 'spa', scope: 'openid' });
    const code = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: back.origin + back.pathname,
      code_verifier: VERIFIER,
    };
    const { status, text } = await post(stack, '/token', code, basic('spa', ''));
    expect(status, text).to.equal(200);
    const inTwoWays = await post(stack, '/token', { ...code, client_secret: 'x' }, basic('spa', ''));
    expect([inTwoWays.status, inTwoWays.body['error']]).to.deep.equal([400, 'invalid_request']);
  });
  it('and a public app may say its id alone by Basic, as okta-auth-js does at /revoke; others prove nothing by it', async () => {
    const tokens = (
      await exchange(stack, await signIn(stack, new Browser(), { client_id: 'spa', scope: 'openid' }), 'spa')
    ).body;
    const alone = (id: string) => ({ authorization: `Basic ${Buffer.from(id).toString('base64')}` });
    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens['refresh_token']) };
    const mismatch = await post(stack, '/revoke', { token: 'x', client_id: 'plus' }, alone('spa'));
    expect(mismatch.body['error']).to.equal('invalid_request');
    const stranger = await post(stack, '/revoke', { token: String(tokens['refresh_token']) }, alone('plus'));
    expect([stranger.status, stranger.body['error']]).to.deep.equal([401, 'invalid_client']);
    const still = await post(stack, '/token', { ...refresh, client_id: 'spa' });
    expect(still.status, still.text).to.equal(200);
    const revoked = await post(
      stack,
      '/revoke',
      { token: String(still.body['refresh_token']) },
      alone('spa'),
    );
    expect(revoked.status, revoked.text).to.equal(200);
    const after = await post(stack, '/token', { ...refresh, client_id: 'spa' });
    expect(after.body['error']).to.equal('invalid_grant');
  });

  it('in a form that was not encoded', async () => {
    const { status } = await post(
      stack,
      '/token',
      `grant_type=client_credentials&client_id=plus&client_secret=${PLUS_SECRET}`,
    );
    expect(status).to.equal(200);
  });

  it('and no other', async () => {
    for (const secret of [
      PLUS_SECRET.replaceAll('+', '-'),
      PLUS_SECRET.replaceAll('+', ''),
      PLUS_SECRET.replaceAll('+', '%20%20'),
      PLUS_SECRET.toUpperCase(),
      PLUS_SECRET.slice(1),
    ]) {
      expect((await post(stack, '/token', credentials, raw('plus', secret))).status, secret).to.equal(401);
    }
    for (const secret of [PERCENT_SECRET.replace('%41', 'A'), PERCENT_SECRET.replaceAll('%', '')]) {
      const { status } = await post(stack, '/token', credentials, raw('percent', secret));
      expect(status, secret).to.equal(401);
    }
    const both = await post(
      stack,
      '/token',
      { ...credentials, client_secret: PLUS_SECRET },
      raw('plus', PLUS_SECRET),
    );
    expect(both.status).to.equal(400);
  });
});
