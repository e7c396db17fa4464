import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect } from 'chai';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { Browser } from '../support/browser.ts';
import { authorizeUrl, exchange, type Stack, signIn, signInAt, startStack, token } from '../support/stack.ts';
import { answerIn, getJson, nowSeconds, startStandards, submitOnly } from '../support/standards.ts';

describe('OpenID Connect', () => {
  let stack: Stack;
  const logoutTokens: string[] = [];
  const hooks = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    logoutTokens.push(new URLSearchParams(body).get('logout_token') ?? '');
    response.end();
  });
  before(async () => {
    hooks.listen(0, '127.0.0.1');
    await once(hooks, 'listening');
    const { port } = hooks.address() as { port: number };
    const origin = `http://127.0.0.1:${port}`;
    ({ stack } = await startStandards({
      env: { APP_HOSTS: origin },
      backchannelLogoutUri: `${origin}/logout`,
    }));
  });
  after(async () => {
    await stack.close();
    hooks.close();
    hooks.closeAllConnections();
  });

  const claimsOf = (accessToken: unknown) =>
    getJson(`${stack.issuer}/userinfo`, { authorization: `Bearer ${String(accessToken)}` });

  it('pairwise subjects cannot be compared with another app’s', async () => {
    const url = await signIn(stack, new Browser(), { client_id: 'pairwise', scope: 'openid profile' });
    const { body } = await exchange(stack, url, 'pairwise');
    const { sub } = await claimsOf(body['access_token']);
    expect(sub).to.match(/^[\w-]{43}$/);
    expect(decodeJwt(String(body['id_token'])).sub).to.equal(sub);
    const plain = await exchange(stack, await signIn(stack));
    expect(decodeJwt(String(plain.body['id_token'])).sub).to.not.equal(sub);
  });

  it('claims: single ones are asked for and given', async () => {
    const url = await signIn(stack, new Browser(), {
      scope: 'openid',
      claims: JSON.stringify({ id_token: { given_name: null }, userinfo: { ib_client_name: null } }),
    });
    const { body } = await exchange(stack, url);
    expect(decodeJwt(String(body['id_token']))['given_name']).to.equal('Ada');
    expect(await claimsOf(body['access_token'])).to.have.keys('sub', 'ib_client_name');
  });

  it('claims: consent names what single claims amount to', async () => {
    const url = authorizeUrl(stack.issuer, {
      scope: 'openid',
      claims: JSON.stringify({ userinfo: { name: null, email: null } }),
    });
    const page = await signInAt(stack, new Browser(), url);
    expect(page.body).to.contain('See your name').and.contain('See your e-mail address');
  });

  it('claims: the raw session is given for its scope only, and nothing beyond the registration is', async () => {
    const ask = async (claims: object, more: Record<string, string> = {}) =>
      answerIn(
        await new Browser().request(
          authorizeUrl(stack.issuer, { scope: 'openid', claims: JSON.stringify(claims), ...more }),
        ),
      ).get('error');
    for (const where of ['userinfo', 'id_token']) {
      for (const name of ['ib_session_id', 'ib_api_url', 'ib_session_expires_at']) {
        expect(await ask({ [where]: { [name]: null } }), name).to.equal('invalid_request');
        expect(await ask({ [where]: { [name]: null } }, { scope: 'openid ib:session' })).to.equal(
          'invalid_request',
        );
      }
    }
    expect(await ask({ userinfo: { email: null } }, { client_id: 'other' })).to.equal('invalid_scope');
    const { body } = await exchange(
      stack,
      await signIn(stack, new Browser(), { scope: 'openid ib:session' }),
    );
    expect(decodeJwt(String(body['id_token']))).to.not.have.property('ib_session_id');
    expect(await claimsOf(body['access_token'])).to.have.property('ib_session_id');
  });

  it('prompt=select_account asks although somebody is signed in; auth_time is the login at IB', async () => {
    const browser = new Browser();
    const { body } = await exchange(stack, await signIn(stack, browser, { max_age: '1000' }));
    expect(decodeJwt(String(body['id_token']))['auth_time']).to.be.closeTo(nowSeconds(), 5);
    const url = authorizeUrl(stack.issuer, { prompt: 'select_account' });
    expect((await browser.open(url)).body).to.contain('name="platform_url"');
    const done = await signInAt(stack, browser, url, 'grace');
    expect(done.body).to.contain('Grace Hopper');
    const { url: back } = await browser.press(done, 'consent', { decision: 'allow' });
    expect(back.searchParams.get('code')).to.be.a('string');
  });

  it('prompt=none never shows a page, and says what is missing', async () => {
    const none = (browser: Browser, params: Record<string, string> = {}) =>
      browser.request(authorizeUrl(stack.issuer, { prompt: 'none', ...params }));
    expect(answerIn(await none(new Browser())).get('error')).to.equal('login_required');
    const browser = new Browser();
    await signIn(stack, browser, { scope: 'openid' });
    expect(answerIn(await none(browser, { scope: 'openid' })).get('code')).to.be.a('string');
    expect(answerIn(await none(browser, { scope: 'openid ib:api' })).get('error')).to.equal(
      'consent_required',
    );
    expect(answerIn(await none(browser, { client_id: 'other', scope: 'openid' })).get('error')).to.equal(
      'consent_required',
    );
  });

  it('prompt=consent asks again', async () => {
    const browser = new Browser();
    await signIn(stack, browser, { scope: 'openid' });
    const page = await browser.open(authorizeUrl(stack.issuer, { scope: 'openid', prompt: 'consent' }));
    expect(page.body).to.contain('name="decision"');
  });

  it('login_hint with a platform’s host answers the question', async () => {
    const { host } = new URL(stack.sandbox.platforms[1].origin);
    const page = await new Browser().open(
      authorizeUrl(stack.issuer, { login_hint: stack.sandbox.platforms[1].origin }),
    );
    expect(page.body).to.contain(host);
    const odd = await new Browser().open(authorizeUrl(stack.issuer, { login_hint: 'ada@acme.example' }));
    expect(odd.body).to.contain('name="platform_url"').and.not.contain('ada@acme.example');
  });

  it('acr: a wish is ignored, and who insists is told that none can be given', async () => {
    const wish = await signIn(stack, new Browser(), { acr_values: 'urn:example:gold' });
    const { body } = await exchange(stack, wish);
    expect(decodeJwt(String(body['id_token']))).to.not.have.property('acr');
    for (const acr of [
      { essential: true, value: 'urn:example:gold' },
      { essential: true, values: ['urn:example:gold'] },
    ]) {
      const url = authorizeUrl(stack.issuer, { claims: JSON.stringify({ id_token: { acr } }) });
      const answer = answerIn(await new Browser().request(url));
      expect(answer.get('error')).to.equal('unmet_authentication_requirements');
      expect(answer.get('state')).to.equal('the-state');
    }
  });

  it('back-channel logout tells the app with a signed token', async () => {
    const browser = new Browser();
    const { body } = await exchange(stack, await signIn(stack, browser));
    const page = await browser.open(`${stack.issuer}/logout?id_token_hint=${body['id_token']}`);
    logoutTokens.length = 0;
    await submitOnly(browser, page, { logout: 'yes' });
    expect(logoutTokens).to.have.length(1);
    const { payload } = await jwtVerify(
      logoutTokens[0] ?? '',
      createRemoteJWKSet(new URL(`${stack.issuer}/jwks`)),
      { issuer: stack.issuer, audience: 'web' },
    );
    expect(payload).to.have.property('sid', decodeJwt(String(body['id_token']))['sid']);
  });

  describe('what a client is registered for', () => {
    let own: Stack;
    before(async () => {
      const client = (id: string, more: string) => `
  - client_id: ${id}
    client_secret_env: WEB_SECRET
    redirect_uris: [https://app.example/callback]
    scope: openid profile
    ${more}`;
      own = await startStack({
        env: { LOG_LEVEL: 'silent' },
        clients: `clients:${client('signed', 'userinfo_signed_response_alg: RS256')}${client(
          'small',
          'ib: { id_token_ib_claims: false }',
        )}\n`,
      });
    });
    after(() => own.close());
    const tokensOf = async (client_id: string) => {
      const back = await signIn(own, new Browser(), { client_id, scope: 'openid profile' });
      return (await exchange(own, back, client_id)).body;
    };

    it('userinfo_signed_response_alg: the answer is a JWT, whatever it accepts', async () => {
      const { access_token } = await tokensOf('signed');
      const keys = createRemoteJWKSet(new URL(`${own.issuer}/jwks`));
      for (const accept of ['*/*', 'application/json', 'application/jwt', 'text/html']) {
        const answer = await fetch(`${own.issuer}/userinfo`, {
          headers: { authorization: `Bearer ${String(access_token)}`, accept },
        });
        expect(answer.headers.get('content-type')).to.contain('application/jwt');
        const { payload } = await jwtVerify(await answer.text(), keys, {
          issuer: own.issuer,
          audience: 'signed',
        });
        expect(payload).to.include({ given_name: 'Ada', ib_client_id: '6M0B' });
      }
      const metadata = await getJson(`${own.issuer}/.well-known/openid-configuration`);
      expect(metadata['userinfo_signing_alg_values_supported']).to.include('RS256');
    });

    it('ib.id_token_ib_claims: false keeps our own claims to /userinfo', async () => {
      const { access_token, id_token } = await tokensOf('small');
      const ofToken = Object.keys(decodeJwt(String(id_token)));
      expect(ofToken).to.include.members(['sub', 'name', 'given_name']);
      expect(ofToken.filter((name) => name.startsWith('ib_'))).to.deep.equal([]);
      const answer = await getJson(`${own.issuer}/userinfo`, {
        authorization: `Bearer ${String(access_token)}`,
      });
      expect(answer).to.include.keys('ib_client_id', 'ib_user_uuid');
    });
  });

  it('at_hash: ID tokens name the access token they came with, opaque or JWT, at each refresh too', async () => {
    const half = (token: unknown) =>
      createHash('sha256').update(String(token)).digest().subarray(0, 16).toString('base64url');
    const first = (await exchange(stack, await signIn(stack))).body;
    const refresh = { grant_type: 'refresh_token', refresh_token: String(first['refresh_token']) };
    const second = (await token(stack, refresh)).body;
    for (const { access_token, id_token } of [first, second]) {
      expect(decodeJwt(String(id_token))['at_hash']).to.equal(half(access_token));
    }
  });
});
