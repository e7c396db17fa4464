import { OAuth2Client } from '@badgateway/oauth2-client';
import { expect } from 'chai';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { AuthorizationCode } from 'simple-oauth2';
import { Browser } from '../support/browser.ts';
import { REDIRECT_URI, type Stack, signInAt, startStack, WEB_SECRET } from '../support/stack.ts';

describe('unmodified libraries', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());

  /** The user's part: from the library's authorization URL to the redirect it waits for. */
  async function user(url: string): Promise<URL> {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, url);
    return (await browser.press(consent, 'consent', { decision: 'allow' })).url;
  }

  it('openid-client: discovery, sign-in, userinfo, refresh, introspection, revocation', async () => {
    const config = await openid.discovery(
      new URL(stack.issuer),
      'web',
      WEB_SECRET,
      openid.ClientSecretBasic(WEB_SECRET),
      { execute: [openid.allowInsecureRequests] },
    );
    const verifier = openid.randomPKCECodeVerifier();
    const [state, nonce] = [openid.randomState(), openid.randomNonce()];
    const redirect = await user(
      openid.buildAuthorizationUrl(config, {
        redirect_uri: REDIRECT_URI,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }).href,
    );
    const tokens = await openid.authorizationCodeGrant(config, redirect, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
    });
    const claims = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims()?.sub ?? '');
    expect(claims['email']).to.equal('ada@acme.example');
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect((await openid.tokenIntrospection(config, refreshed.access_token)).active).to.equal(true);
    await openid.tokenRevocation(config, refreshed.refresh_token ?? '');
    expect((await openid.tokenIntrospection(config, refreshed.access_token)).active).to.equal(false);
  });

  it('oauth4webapi: a public client, step by step', async () => {
    const insecure = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(stack.issuer);
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' }),
    );
    const client: oauth.Client = { client_id: 'spa' };
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const redirectUri = 'https://spa.example/callback';
    const url = new URL(server.authorization_endpoint ?? '');
    url.search = new URLSearchParams({
      client_id: 'spa',
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString();
    const params = oauth.validateAuthResponse(server, client, await user(url.href), state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      params,
      redirectUri,
      verifier,
      insecure,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response);
    const refreshed = await oauth.refreshTokenGrantRequest(
      server,
      client,
      oauth.None(),
      tokens.refresh_token ?? '',
      insecure,
    );
    expect((await oauth.processRefreshTokenResponse(server, client, refreshed)).access_token).to.match(
      /^ibat_/,
    );
  });

  it('simple-oauth2: a confidential client without OpenID', async () => {
    const client = new AuthorizationCode({
      client: { id: 'web', secret: WEB_SECRET },
      auth: {
        tokenHost: stack.issuer,
        tokenPath: '/token',
        authorizePath: '/authorize',
        revokePath: '/revoke',
      },
    });
    const redirect = await user(
      client.authorizeURL({ redirect_uri: REDIRECT_URI, scope: 'profile ib:api', state: 'x' }),
    );
    const token = await client.getToken({
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
    });
    const refreshed = await token.refresh();
    expect(refreshed.token['access_token']).to.match(/^ibat_/);
    await refreshed.revokeAll();
    expect(await refreshed.refresh().catch((error: Error) => error.message)).to.contain('400');
  });

  it('@badgateway/oauth2-client: discovery by itself, PKCE, refresh', async () => {
    const client = new OAuth2Client({
      server: stack.issuer,
      clientId: 'web',
      clientSecret: WEB_SECRET,
      discoveryEndpoint: '/.well-known/oauth-authorization-server',
    });
    const codeVerifier = 'v'.repeat(64);
    const url = await client.authorizationCode.getAuthorizeUri({
      redirectUri: REDIRECT_URI,
      state: 's',
      codeVerifier,
      scope: ['openid', 'profile'],
    });
    const token = await client.authorizationCode.getTokenFromCodeRedirect((await user(url)).href, {
      redirectUri: REDIRECT_URI,
      state: 's',
      codeVerifier,
    });
    expect((await client.refreshToken(token)).accessToken).to.match(/^ibat_/);
  });
});
