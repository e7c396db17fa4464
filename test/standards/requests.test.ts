import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type CryptoKey, generateKeyPair, SignJWT } from 'jose';
import { Browser, type Page } from '../support/browser.ts';
import { authorizeUrl, exchange, REDIRECT_URI, type Stack, signInAt } from '../support/stack.ts';
import {
  answerIn,
  basic,
  type ClientKey,
  errorOf,
  post,
  RESOURCE,
  startStandards,
} from '../support/standards.ts';

describe('requests', () => {
  let stack: Stack;
  let key: ClientKey;
  before(async () => {
    ({ stack, key } = await startStandards());
  });
  after(() => stack.close());

  it('with a parameter given twice are refused (RFC 6749 section 3.1), unknown ones are ignored', async () => {
    for (const twice of ['scope=openid', 'client_id=web', 'redirect_uri=x', 'state=x', 'code_challenge=x']) {
      const page = await new Browser().request(`${authorizeUrl(stack.issuer)}&${twice}`);
      expect(page.headers.get('location') ?? page.body, twice).to.contain('invalid_request');
      expect(page.headers.get('location') ?? '', twice).to.not.contain('/interaction/');
    }
    const form = 'grant_type=client_credentials&scope=openid';
    for (const twice of ['grant_type=client_credentials', 'scope=profile', 'resource=x&resource=y&scope=z']) {
      const answer = await post(stack, '/token', `${form}&${twice}`, basic('mcp-server'));
      expect(answer.status, twice).to.equal(400);
      expect(answer.body['error'], twice).to.be.oneOf(['invalid_request', 'invalid_target']);
    }
    const unknown = await new Browser().request(
      authorizeUrl(stack.issuer, { unheard_of: '1', utm_source: 'x' }),
    );
    expect(unknown.headers.get('location')).to.contain('/interaction/');
  });

  it('with a parameter that has no value are as those without it (RFC 6749 section 3.1)', async () => {
    const empty = [
      'resource',
      'prompt',
      'max_age',
      'claims',
      'acr_values',
      'ui_locales',
      'login_hint',
      'request',
    ]
      .concat(['request_uri', 'response_mode', 'id_token_hint', 'platform_url', 'scope', 'audience'])
      .map((name) => `${name}=`);
    const { searchParams } = new URL(authorizeUrl(stack.issuer));
    searchParams.delete('scope');
    for (const more of [
      empty.join('&'),
      'resource=&resource=',
      `resource=&resource=${RESOURCE}&scope=profile`,
    ]) {
      if (more.includes(RESOURCE)) searchParams.delete('nonce');
      const query = `${searchParams}&${more}`;
      const begun = await new Browser().request(`${stack.issuer}/authorize?${query}`);
      expect(begun.headers.get('location'), more).to.match(/^\/interaction\//);
      const pushed = await post(stack, '/par', query, basic('web'));
      expect(pushed.status, pushed.text).to.equal(201);
    }
    const own = await post(
      stack,
      '/token',
      `grant_type=client_credentials&resource=&resource=${RESOURCE}&scope=&client_assertion=`,
      basic('mcp-server'),
    );
    expect([own.status, own.body['scope']], own.text).to.deep.equal([200, 'profile ib:api']);
  });

  it('cannot change issuer, endpoints, cookies or redirects by their headers', async () => {
    const forged = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '8443',
      'x-forwarded-prefix': '/evil',
      'x-original-url': '/evil',
      forwarded: 'host=evil.example;proto=https',
      'x-host': 'evil.example',
    };
    const browser = new Browser();
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-protected-resource']) {
      const page = await browser.request(stack.issuer + path, {
        headers: { ...forged, accept: 'application/json' },
      });
      expect(page.body, path).to.contain(stack.issuer).and.not.contain('evil');
    }
    const started = await browser.request(authorizeUrl(stack.issuer), { headers: forged });
    expect(started.headers.get('location')).to.match(
      /^\/interaction\/|^http:\/\/localhost:\d+\/interaction\//,
    );
    for (const cookie of started.headers.getSetCookie()) {
      expect(cookie.toLowerCase()).to.not.contain('domain=').and.not.contain('secure');
    }
    const page = await browser.follow(started, stack.issuer);
    expect(page.body).to.not.contain('evil.example');
    const challenge = await fetch(`${stack.issuer}/proxy/x`, {
      headers: { 'x-forwarded-host': 'evil.example' },
    });
    expect(challenge.headers.get('www-authenticate')).to.contain(stack.issuer).and.not.contain('evil');
  });

  describe('that are too large', () => {
    const large = 'x'.repeat(70 * 1024);
    for (const path of ['/token', '/introspect', '/revoke', '/par', '/device_authorization']) {
      it(`get a 4xx from ${path}, and no stack`, async () => {
        const answer = await post(stack, path, { client_id: 'web', token: large, code: large }, basic('web'));
        expect(answer.status).to.be.oneOf([400, 413]);
        expect(answer.text).to.not.contain('at ').and.not.contain(large);
      });
    }

    it('get a 4xx as a URL, and as headers', async () => {
      const url = await fetch(authorizeUrl(stack.issuer, { state: large }), { redirect: 'manual' });
      expect(url.status).to.be.oneOf([400, 414, 431]);
      const headers = Object.fromEntries(
        Array.from({ length: 40 }, (_, index) => [`x-flood-${index}`, 'y'.repeat(1024)]),
      );
      expect((await fetch(`${stack.issuer}/userinfo`, { headers })).status).to.equal(431);
      const many = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`x-${index}`, 'y']));
      expect((await fetch(`${stack.issuer}/userinfo`, { headers: many })).status).to.be.oneOf([
        401, 400, 431,
      ]);
    });
  });

  it('with another method, type or nothing in them are refused, and none ends in a 500', async () => {
    for (const path of [
      '/token',
      '/introspect',
      '/revoke',
      '/par',
      '/device_authorization',
      '/userinfo',
      '/register',
    ]) {
      for (const [method, type, body] of [
        ['GET', undefined, undefined],
        ['PUT', 'text/plain', 'x'],
        ['DELETE', undefined, undefined],
        ['POST', 'application/json', '{'],
        ['POST', 'application/json', '[]'],
        ['POST', 'application/x-www-form-urlencoded', ''],
        ['POST', 'application/x-www-form-urlencoded', '%%%=%ff&&&=&a'],
        ['POST', 'multipart/form-data', '--x'],
        ['POST', 'text/xml', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
      ] as const) {
        const answer = await fetch(stack.issuer + path, {
          method,
          ...(type === undefined ? {} : { headers: { 'content-type': type } }),
          ...(body === undefined ? {} : { body }),
        });
        const label = `${method} ${path} ${type} ${body}`;
        expect(answer.status, label).to.be.within(400, 499);
        expect(await answer.text(), label).to.not.contain('node_modules');
      }
    }
  });

  it('of a pushed kind are used once, by their client (RFC 9126)', async () => {
    const params = Object.fromEntries(new URL(authorizeUrl(stack.issuer)).searchParams);
    const pushed = await post(stack, '/par', params, basic('web'));
    expect(pushed.status).to.equal(201);
    expect(pushed.body['expires_in']).to.be.within(1, 60);
    const request_uri = String(pushed.body['request_uri']);
    const open = (client_id: string) => {
      const url = new URL('/authorize', stack.issuer);
      url.search = new URLSearchParams({ client_id, request_uri }).toString();
      return url.href;
    };
    expect((await new Browser().request(open('other'))).headers.get('location') ?? '').to.not.contain(
      '/interaction',
    );
    const browser = new Browser();
    const consent = await signInAt(stack, browser, open('web'));
    const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
    expect((await exchange(stack, url)).status).to.equal(200);
    const again = await new Browser().request(open('web'));
    expect(again.headers.get('location') ?? again.body).to.contain('invalid_request_uri');
    expect(
      errorOf(await post(stack, '/par', { ...params, redirect_uri: 'https://evil.example' }, basic('web'))),
    ).to.deep.equal([400, 'invalid_request']);
  });

  it('in a signed object are taken, in an unsigned, foreign or remote one refused (RFC 9101)', async () => {
    const claims = Object.fromEntries(
      new URL(authorizeUrl(stack.issuer, { client_id: 'signed', scope: 'openid profile' })).searchParams,
    );
    const sign = (by: CryptoKey) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: key.kid })
        .setIssuer('signed')
        .setAudience(stack.issuer)
        .setIssuedAt()
        .setExpirationTime('1m')
        .setJti(randomUUID())
        .sign(by);
    const open = async (more: Record<string, string>): Promise<Page> => {
      const url = new URL('/authorize', stack.issuer);
      url.search = new URLSearchParams({
        client_id: 'signed',
        scope: 'openid',
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        ...more,
      }).toString();
      return new Browser().request(url.href);
    };
    const accepted = await open({ request: await sign(key.pair.privateKey) });
    expect(accepted.headers.get('location')).to.contain('/interaction/');
    const stranger = await generateKeyPair('ES256');
    expect(answerIn(await open({ request: await sign(stranger.privateKey) })).get('error')).to.equal(
      'invalid_request_object',
    );
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;
    for (const refused of [
      { request: none },
      { request: 'a.b.c' },
      { request_uri: 'https://evil.example/r' },
    ]) {
      const page = await open(refused as Record<string, string>);
      expect(page.headers.get('location') ?? '').to.not.contain('/interaction/');
      expect(page.status).to.be.within(300, 499);
    }
  });
});
