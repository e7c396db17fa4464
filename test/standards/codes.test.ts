import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import {
  authorizeUrl,
  CHALLENGE,
  exchange,
  REDIRECT_URI,
  type Stack,
  signIn,
  token,
  VERIFIER,
  withBearer,
} from '../support/stack.ts';
import { answerIn, errorOf, SPA_REDIRECT_URI, signInAsSpa, startStandards } from '../support/standards.ts';

describe('authorization codes (RFC 9700 sections 2.1.1, 4.5, 4.8)', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards());
  });
  after(() => stack.close());

  const redeem = (redirect: URL, more: Record<string, string> = {}, clientId = 'web') =>
    token(
      stack,
      {
        grant_type: 'authorization_code',
        code: redirect.searchParams.get('code') ?? '',
        redirect_uri: redirect.origin + redirect.pathname,
        code_verifier: VERIFIER,
        ...more,
      },
      clientId,
    );

  it('are given to public clients with PKCE only, and with S256 only', async () => {
    const ask = async (params: Record<string, string>) =>
      answerIn(
        await new Browser().request(
          authorizeUrl(stack.issuer, {
            client_id: 'spa',
            redirect_uri: SPA_REDIRECT_URI,
            scope: 'openid',
            ...params,
          }),
        ),
      ).get('error');
    expect(await ask({ code_challenge: '', code_challenge_method: '' })).to.equal('invalid_request');
    expect(await ask({ code_challenge_method: 'plain' })).to.equal('invalid_request');
    expect(await ask({ code_challenge_method: 'S512' })).to.equal('invalid_request');
    expect(await ask({ code_challenge_method: '' }), 'plain by default').to.equal('invalid_request');
    expect(await ask({ code_challenge: 'short' })).to.equal('invalid_request');
  });

  it('cannot be downgraded: a verifier without a challenge is refused, and a challenge without a verifier', async () => {
    const bare = await signIn(stack, new Browser(), { code_challenge: '', code_challenge_method: '' });
    expect(errorOf(await redeem(bare))).to.deep.equal([400, 'invalid_grant']);
    const challenged = await signIn(stack, new Browser(), { code_challenge: CHALLENGE });
    expect(errorOf(await redeem(challenged, { code_verifier: '' }))).to.deep.equal([400, 'invalid_grant']);
  });

  it('are bound to their verifier, redirect URI and client', async () => {
    const redirect = await signIn(stack);
    for (const [more, clientId] of [
      [{ code_verifier: 'x'.repeat(43) }, 'web'],
      [{ code_verifier: CHALLENGE }, 'web'],
      [{ redirect_uri: 'https://app.example/other' }, 'web'],
      [{ redirect_uri: `${REDIRECT_URI}/` }, 'web'],
      [{}, 'other'],
      [{}, 'spa'],
    ] as const) {
      expect(errorOf(await redeem(redirect, more, clientId)), JSON.stringify([more, clientId])).to.deep.equal(
        [400, 'invalid_grant'],
      );
    }
    expect((await redeem(redirect)).status, 'a stranger cannot use it up').to.equal(200);
  });

  it('work once; a second use revokes what the first gave', async () => {
    const redirect = await signInAsSpa(stack);
    const { body } = await redeem(redirect, {}, 'spa');
    expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(200);
    expect(errorOf(await redeem(redirect, {}, 'spa'))).to.deep.equal([400, 'invalid_grant']);
    expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(401);
    const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
    expect(errorOf(await token(stack, refresh, 'spa'))).to.deep.equal([400, 'invalid_grant']);
  });

  it('are of no use to an app that they were injected into', async () => {
    const stolen = await signIn(stack, new Browser(), { code_challenge: CHALLENGE });
    const attacked = await redeem(stolen, { code_verifier: 'A'.repeat(43) });
    expect(errorOf(attacked)).to.deep.equal([400, 'invalid_grant']);
  });

  it('give an ID token with the nonce, byte for byte, and state comes back so too', async () => {
    const odd = 'a b+c%20/=&?#ü\u2028"<';
    const redirect = await signIn(stack, new Browser(), { state: odd, nonce: odd });
    expect(redirect.searchParams.get('state')).to.equal(odd);
    const { body } = await exchange(stack, redirect);
    const [, payload = ''] = String(body['id_token']).split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())['nonce']).to.equal(odd);
  });
});
