import { expect } from 'chai';
import { Browser, type Page } from '../support/browser.ts';
import {
  authorizeUrl,
  CHALLENGE,
  REDIRECT_URI,
  type Stack,
  signInAt,
  startStack,
  VERIFIER,
} from '../support/stack.ts';
import { type Answer, basic, errorOf, post, submitOnly } from '../support/standards.ts';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const RESOURCE = 'https://mcp.acme.example/mcp';
const JWT_RESOURCE = 'https://api.acme.example/';
const BRIDGE_REDIRECT = 'http://localhost:54321/callback';

const CLIENTS = `
clients:
  - client_id: bridge
    client_name: Bridge App
    application_type: native
    token_endpoint_auth_method: none
    redirect_uris: [http://localhost/callback]
    grant_types: [authorization_code, refresh_token, '${DEVICE}']
    scope: openid profile offline_access ib:api ib:session
    ib: { bridge_compat: true }
  - client_id: narrow
    client_name: Bridge App without the session
    application_type: native
    token_endpoint_auth_method: none
    redirect_uris: [http://localhost/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
    ib: { bridge_compat: true }
  - client_id: secret
    client_name: Bridge App with a secret
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    grant_types: [authorization_code, refresh_token, '${EXCHANGE}', client_credentials]
    scope: openid profile ib:api ib:session
    ib: { bridge_compat: true }
  - client_id: web
    client_secret_env: WEB_SECRET
    redirect_uris: [${REDIRECT_URI}]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api ib:session
  - client_id: first
    client_name: First Party
    client_secret_env: WEB_SECRET
    redirect_uris: [https://first.example/callback]
    scope: openid profile ib:api ib:session
    ib: { skip_consent: true }
resources:
  - identifier: ${RESOURCE}
    scopes: [profile, ib:api]
    client_id: secret
  - identifier: ${JWT_RESOURCE}
    scopes: [profile, ib:api]
    token_format: jwt
`;

/** How the consent page names the raw session. */
const NAMED = 'outside our control';
/** Any sid of the simulated IntelligenceBank. */
const SID = /sid-[0-9a-f]{32}/;

describe('the raw IB session', function () {
  this.timeout(30_000);
  let stack: Stack;
  let now = Date.now();
  before(async () => {
    stack = await startStack({ now: () => now, env: { LOG_LEVEL: 'silent' }, clients: CLIENTS });
  });
  after(() => stack.close());

  const bridgeUrl = (params: Record<string, string> = {}): string =>
    authorizeUrl(stack.issuer, {
      client_id: 'bridge',
      redirect_uri: BRIDGE_REDIRECT,
      scope: 'profile',
      ...params,
    });

  async function allow(browser: Browser, page: Page): Promise<string> {
    const { url } = await browser.press(page, 'consent', { decision: 'allow' });
    return url.searchParams.get('code') ?? '';
  }

  /** Signs in by an address; whether the consent page named the session, and the code. */
  async function signInBy(
    url: string,
    browser = new Browser(),
  ): Promise<{ named: boolean; code: string; browser: Browser }> {
    const page = await signInAt(stack, browser, url);
    return { named: page.body.includes(NAMED), code: await allow(browser, page), browser };
  }

  function redeem(code: string, params: Record<string, string> = {}): Promise<Answer> {
    return post(stack, '/token', {
      grant_type: 'authorization_code',
      client_id: 'bridge',
      redirect_uri: BRIDGE_REDIRECT,
      code,
      code_verifier: VERIFIER,
      ...params,
    });
  }

  const refresh = (value: unknown, params: Record<string, string> = {}): Promise<Answer> =>
    post(stack, '/token', {
      grant_type: 'refresh_token',
      client_id: 'bridge',
      refresh_token: String(value),
      ...params,
    });

  /** What tokens can be read for, with them or out of them. */
  async function everythingIn(answer: Answer): Promise<string> {
    const { access_token: token, id_token: idToken } = answer.body;
    const bearer = { authorization: `Bearer ${String(token)}` };
    const userinfo = await (await fetch(`${stack.issuer}/userinfo`, { headers: bearer })).text();
    const parts = [token, idToken].flatMap((value) => String(value).split('.'));
    const decoded = parts.map((part) => Buffer.from(part, 'base64url').toString());
    return [answer.text, userinfo, ...decoded].join('\n');
  }

  async function expectNone(answer: Answer): Promise<void> {
    expect(answer.status, answer.text).to.equal(200);
    expect(await everythingIn(answer)).to.not.match(SID);
    expect(answer.body).to.not.have.any.keys('sid', 'sidExpiry', 'apiV3url', 'clientid');
  }

  async function pushed(params: Record<string, string>): Promise<string> {
    const answer = await post(stack, '/par', {
      client_id: 'bridge',
      response_type: 'code',
      redirect_uri: BRIDGE_REDIRECT,
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...params,
    });
    const { request_uri: requestUri } = answer.body;
    expect(answer.status, answer.text).to.equal(201);
    return `${stack.issuer}/authorize?client_id=bridge&request_uri=${encodeURIComponent(String(requestUri))}`;
  }

  it('comes with a token of the bridge’s dialect, whose consent names it', async () => {
    const { named, code } = await signInBy(bridgeUrl());
    const answer = await redeem(code);
    expect(named).to.equal(true);
    expect(answer.body['sid'], answer.text).to.match(SID);
    expect(String(answer.body['scope']).split(' ')).to.include('ib:session');
  });

  it('does not come where the app is not registered for it, and cannot be asked for', async () => {
    const own = { client_id: 'narrow' };
    const { named, code } = await signInBy(bridgeUrl(own));
    expect(named).to.equal(false);
    await expectNone(await redeem(code, own));
    const asked = await new Browser().request(bridgeUrl({ ...own, scope: 'profile ib:session' }));
    expect(asked.headers.get('location')).to.contain('error=invalid_scope');
  });

  it('comes by a pushed request where that asks for it, and not otherwise', async () => {
    const without = await signInBy(await pushed({ scope: 'openid profile ib:api' }));
    expect(without.named).to.equal(false);
    await expectNone(await redeem(without.code));
    const within = await signInBy(await pushed({ scope: 'openid profile ib:session' }));
    expect(within.named).to.equal(true);
    expect((await redeem(within.code)).body['sid']).to.match(SID);
  });

  for (const [scope, comes] of [
    ['openid profile ib:api', false],
    ['openid profile ib:session', true],
  ] as const) {
    it(`${comes ? 'comes' : 'does not come'} to a device that asks for ${scope}`, async () => {
      const started = await post(stack, '/device_authorization', { client_id: 'bridge', scope });
      const browser = new Browser();
      let page = await browser.open(String(started.body['verification_uri_complete']));
      for (let step = 0; step < 3 && !page.body.includes('platform_url'); step += 1) {
        page = await submitOnly(
          browser,
          page,
          page.body.includes('name="confirm"') ? { confirm: 'yes' } : {},
        );
      }
      const [acme] = stack.sandbox.platforms;
      page = await browser.press(page, 'platform', { platform_url: acme.origin });
      acme.signIn('ada');
      page = await browser.press(page, 'continue');
      expect(page.body.includes(NAMED)).to.equal(comes);
      await browser.press(page, 'consent', { decision: 'allow' });
      now += 6000;
      const answer = await post(stack, '/token', {
        grant_type: DEVICE,
        client_id: 'bridge',
        device_code: String(started.body['device_code']),
      });
      if (comes) expect(answer.body['sid'], answer.text).to.match(SID);
      else await expectNone(answer);
    });
  }

  it('does not come with a narrower refresh, comes back with a whole one, and not with a wider one', async () => {
    const first = await redeem((await signInBy(bridgeUrl())).code);
    const narrow = await refresh(first.body['refresh_token'], { scope: 'openid profile' });
    await expectNone(narrow);
    const whole = await refresh(narrow.body['refresh_token']);
    expect(whole.body['sid'], whole.text).to.match(SID);

    const without = await redeem((await signInBy(await pushed({ scope: 'openid profile' }))).code);
    const wider = await refresh(without.body['refresh_token'], { scope: 'openid profile ib:session' });
    expect(errorOf(wider)).to.deep.equal([400, 'invalid_scope']);
    expect(wider.text).to.not.match(SID);
  });

  it('does not come with an older token once the user has allowed it to a newer one', async () => {
    const before = await signInBy(await pushed({ scope: 'openid profile ib:api' }));
    const older = await redeem(before.code);
    await expectNone(older);
    const again = await before.browser.open(bridgeUrl());
    expect(again.body).to.contain(NAMED);
    const newer = await redeem(await allow(before.browser, again));
    expect(newer.body['sid']).to.match(SID);
    await expectNone(await refresh(older.body['refresh_token']));
  });

  it('does not come with a token for a resource, opaque, exchanged or JWT', async () => {
    const opaque = await redeem((await signInBy(bridgeUrl({ resource: RESOURCE }))).code, {
      resource: RESOURCE,
    });
    await expectNone(opaque);
    const exchanged = await post(
      stack,
      '/token',
      {
        grant_type: EXCHANGE,
        subject_token: String(opaque.body['access_token']),
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      },
      basic('secret'),
    );
    await expectNone(exchanged);
    const jwt = await redeem((await signInBy(bridgeUrl({ resource: JWT_RESOURCE }))).code, {
      resource: JWT_RESOURCE,
    });
    expect(String(jwt.body['access_token']).split('.')).to.have.length(3);
    await expectNone(jwt);
  });

  it('is not what introspection, an ID token or single claims tell', async () => {
    const answer = await redeem((await signInBy(bridgeUrl({ scope: 'openid profile' }))).code);
    expect(answer.body, 'found by our own metadata').to.have.property('id_token');
    const [, payload = ''] = String(answer.body['id_token']).split('.');
    expect(Buffer.from(payload, 'base64url').toString()).to.not.match(SID);

    const web = await post(
      stack,
      '/token',
      {
        grant_type: 'authorization_code',
        redirect_uri: REDIRECT_URI,
        code_verifier: VERIFIER,
        code: (await signInBy(authorizeUrl(stack.issuer, { scope: 'openid ib:session' }))).code,
      },
      basic('web'),
    );
    expect(web.text, 'an app of today reads it at /userinfo').to.not.match(SID);
    expect(await everythingIn(web)).to.match(SID);
    const introspected = await post(
      stack,
      '/introspect',
      { token: String(web.body['access_token']) },
      basic('web'),
    );
    expect(introspected.body).to.include({ active: true });
    expect(introspected.text).to.not.match(SID);

    for (const member of ['userinfo', 'id_token']) {
      const claims = JSON.stringify({ [member]: { ib_session_id: { essential: true } } });
      const asked = await new Browser().request(bridgeUrl({ claims, scope: 'openid profile' }));
      expect(asked.headers.get('location'), member).to.contain('error=invalid_request');
    }
  });

  it('does not come without a user, nor by another spelling of an address', async () => {
    const alone = await post(stack, '/token', { grant_type: 'client_credentials' }, basic('secret'));
    expect(alone.status, alone.text).to.equal(200);
    expect(alone.body).to.not.have.property('sid');
    const { code } = await signInBy(bridgeUrl());
    for (const path of ['/token/', '/Token', '//token', '/%74oken', '/token;x', '/dev/token']) {
      const answer = await post(stack, path, { grant_type: 'authorization_code', client_id: 'bridge', code });
      expect([path, answer.status]).to.deep.equal([path, 404]);
      expect(answer.text).to.not.match(SID);
    }
  });

  it('comes to a bridge client that proves itself by HTTP Basic', async () => {
    const { named, code } = await signInBy(
      authorizeUrl(stack.issuer, { client_id: 'secret', scope: 'profile' }),
    );
    const params = {
      grant_type: 'authorization_code',
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: VERIFIER,
    };
    const answer = await post(stack, '/token', params, basic('secret'));
    expect(named).to.equal(true);
    expect(answer.body['sid'], answer.text).to.match(SID);
  });

  it('is named to the user of an app that is not asked for anything else', async () => {
    const url = (scope: string): string =>
      authorizeUrl(stack.issuer, {
        client_id: 'first',
        redirect_uri: 'https://first.example/callback',
        scope,
      });
    const browser = new Browser();
    const quiet = await signInAt(stack, browser, url('openid profile'));
    expect(quiet.url.searchParams.get('code')).to.be.a('string');
    for (const params of [{ prompt: 'consent' }, {}]) {
      const query = new URLSearchParams(params);
      const page = await browser.open(`${url('openid profile ib:session')}&${query}`);
      expect(page.body).to.contain(NAMED);
    }
    const page = await browser.open(url('openid profile ib:session'));
    const { url: back } = await browser.press(page, 'consent', { decision: 'allow' });
    expect(back.searchParams.get('code')).to.be.a('string');
    const fresh = await signInAt(stack, new Browser(), url('openid profile ib:session'));
    expect(fresh.body).to.contain(NAMED);
  });
});
