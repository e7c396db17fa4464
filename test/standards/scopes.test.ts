import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { Browser } from '../support/browser.ts';
import { authorizeUrl, exchange, REDIRECT_URI, type Stack, signInAt, VERIFIER } from '../support/stack.ts';
import {
  ASSERTION_TYPE,
  answerIn,
  basic,
  type ClientKey,
  errorOf,
  post,
  RESOURCE,
  scopesIn,
  startStandards,
  submitOnly,
} from '../support/standards.ts';

/** What says no scope: not there, empty, and blanks of all kinds. */
const NONE = [undefined, '', ' ', '   ', '\t', '\u00a0'] as const;
const APPS_OWN = ['openid', 'profile', 'ib:api'];

const without = (scope: string | undefined): Record<string, string> => (scope === undefined ? {} : { scope });

describe('the scope of a request', () => {
  let stack: Stack;
  let key: ClientKey;
  before(async () => {
    ({ stack, key } = await startStandards());
  });
  after(() => stack.close());

  /** The parameters of a request of `other`, without those that a test leaves out. */
  const paramsOf = (more: Record<string, string | undefined>): Record<string, string> => {
    const all = {
      ...Object.fromEntries(new URL(authorizeUrl(stack.issuer, { client_id: 'other' })).searchParams),
      ...more,
    };
    return Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
  };
  const at = (params: Record<string, string>): string => {
    const url = new URL('/authorize', stack.issuer);
    url.search = new URLSearchParams(params).toString();
    return url.href;
  };
  const signed = (claims: Record<string, string>): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: key.kid })
      .setIssuer('signed')
      .setSubject('signed')
      .setAudience(stack.issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .setJti(randomUUID())
      .sign(key.pair.privateKey);
  const assertion = async (): Promise<Record<string, string>> => ({
    client_id: 'signed',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await signed({}),
  });

  /** The scopes that a user's yes gives, from where an app sends him. */
  async function givenAt(url: string, more: Record<string, string> = {}): Promise<string[]> {
    const browser = new Browser();
    const consent = await signInAt(stack, browser, url);
    const { url: back } = await browser.press(consent, 'consent', { decision: 'allow' });
    expect(back.searchParams.get('error_description') ?? '').to.equal('');
    if (Object.keys(more).length === 0) return scopesIn(await exchange(stack, back, 'other'));
    const tokens = await post(stack, '/token', {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
      ...more,
    });
    expect(tokens.status, tokens.text).to.equal(200);
    return scopesIn(tokens);
  }

  for (const none of NONE) {
    const said = none === undefined ? 'absent' : JSON.stringify(none);

    it(`that is ${said} in the query is what the app is registered for`, async () => {
      expect(await givenAt(at(paramsOf({ scope: none })))).to.have.members(APPS_OWN);
    });

    it(`that is ${said} in a posted form is, too`, async () => {
      const posted = await fetch(`${stack.issuer}/authorize`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(paramsOf({ scope: none })),
      });
      const url = new URL(posted.headers.get('location') ?? '', stack.issuer).href;
      expect(await givenAt(url)).to.have.members(APPS_OWN);
    });

    it(`that is ${said} in a pushed request is, too`, async () => {
      const pushed = await post(stack, '/par', paramsOf({ scope: none }), basic('other'));
      expect(pushed.status, pushed.text).to.equal(201);
      const url = at({ client_id: 'other', request_uri: String(pushed.body['request_uri']) });
      expect(await givenAt(url)).to.have.members(APPS_OWN);
    });

    it(`that is ${said} in a signed request object is, too, pushed or not`, async () => {
      const request = await signed(paramsOf({ client_id: 'signed', scope: none }));
      const plain = { client_id: 'signed', response_type: 'code', redirect_uri: REDIRECT_URI };
      expect(await givenAt(at({ ...plain, request }), await assertion())).to.have.members(APPS_OWN);
      const pushed = await post(stack, '/par', { ...(await assertion()), request });
      expect(pushed.status, pushed.text).to.equal(201);
      const url = at({ client_id: 'signed', request_uri: String(pushed.body['request_uri']) });
      expect(await givenAt(url, await assertion())).to.have.members(APPS_OWN);
    });

    it(`that is ${said} where a resource is named is the resource's`, async () => {
      const url = at(paramsOf({ scope: none, resource: RESOURCE }));
      const browser = new Browser();
      const consent = await signInAt(stack, browser, url);
      const { url: back } = await browser.press(consent, 'consent', { decision: 'allow' });
      expect(scopesIn(await exchange(stack, back, 'other'))).to.have.members(['profile', 'ib:api']);
    });

    it(`that is ${said} from a device is what the device is registered for`, async () => {
      const started = await post(stack, '/device_authorization', { client_id: 'tv', ...without(none) });
      expect(started.status, started.text).to.equal(200);
      const browser = new Browser();
      const [acme] = stack.sandbox.platforms;
      const confirm = await browser.open(String(started.body['verification_uri_complete']));
      let page = await submitOnly(browser, await submitOnly(browser, confirm), { confirm: 'yes' });
      page = await browser.press(page, 'platform', { platform_url: acme.origin });
      acme.signIn('ada');
      page = await browser.press(page, 'continue');
      await browser.press(page, 'consent', { decision: 'allow' });
      const tokens = await post(stack, '/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'tv',
        device_code: String(started.body['device_code']),
      });
      expect(scopesIn(tokens)).to.have.members(APPS_OWN);
    });

    it(`that is ${said} for an app itself is the resource's, or what it is registered for and needs no user`, async () => {
      const own = { grant_type: 'client_credentials', ...without(none) };
      const answer = await post(stack, '/token', { ...own, ...(await assertion()) });
      expect(scopesIn(answer)).to.have.members(['profile', 'ib:api']);
      const atResource = await post(stack, '/token', { ...own, resource: RESOURCE }, basic('mcp-server'));
      expect(scopesIn(atResource)).to.have.members(['profile', 'ib:api']);
      const neither = await post(stack, '/token', own, basic('mcp-server'));
      expect([neither.status, neither.body['scope']]).to.deep.equal([200, undefined]);
    });

    it(`that is ${said} at refresh and token exchange is what it was before`, async () => {
      const browser = new Browser();
      const consent = await signInAt(stack, browser, at(paramsOf({ resource: RESOURCE, scope: 'ib:api' })));
      const { url: back } = await browser.press(consent, 'consent', { decision: 'allow' });
      const { body } = await exchange(stack, back, 'other');
      const refreshed = await post(
        stack,
        '/token',
        { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']), ...without(none) },
        basic('other'),
      );
      expect([refreshed.status, refreshed.body['scope']], refreshed.text).to.deep.equal([200, 'ib:api']);
      const exchanged = await post(
        stack,
        '/token',
        {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: String(body['access_token']),
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          ...without(none),
        },
        basic('mcp-server'),
      );
      expect([exchanged.status, exchanged.body['scope']], exchanged.text).to.deep.equal([200, 'ib:api']);
    });
  }

  it('without openid leaves a nonce without a meaning, pushed, signed or not', async () => {
    const params = paramsOf({ scope: 'profile ib:api', nonce: 'the-nonce' });
    const pushed = await post(stack, '/par', params, basic('other'));
    const { client_id: id = '' } = params;
    const byReference = { client_id: id, request_uri: String(pushed.body['request_uri']) };
    const { client_id: _other, ...claims } = params;
    const byObject = { client_id: 'signed', request: await signed({ ...claims, client_id: 'signed' }) };
    for (const request of [params, byReference, byObject]) {
      const browser = new Browser();
      const consent = await signInAt(stack, browser, at(request));
      const { url: back } = await browser.press(consent, 'consent', { decision: 'allow' });
      expect(back.searchParams.get('error_description') ?? '').to.equal('');
      if (request === byObject) continue;
      const tokens = await exchange(stack, back, 'other');
      expect(tokens.body).to.include({ scope: 'profile ib:api' }).and.not.include.keys('id_token');
    }
  });

  it('is read without the blanks around and between its words', async () => {
    expect(await givenAt(at(paramsOf({ scope: '  openid   profile\n' })))).to.have.members([
      'openid',
      'profile',
    ]);
    const pushed = await post(stack, '/par', paramsOf({ scope: ' profile ' }), basic('other'));
    expect(pushed.status, pushed.text).to.equal(201);
    const started = await post(stack, '/device_authorization', { client_id: 'tv', scope: ' openid ' });
    expect(started.status).to.equal(200);
  });

  it('is refused where it holds what nobody knows, wherever it stands', async () => {
    for (const scope of [
      'openid bogus',
      'bogus',
      ' bogus ',
      'openid OPENID',
      'openid\tprofile',
      'openid,profile',
    ]) {
      for (const more of [{}, { resource: RESOURCE }]) {
        const query = await new Browser().request(at(paramsOf({ scope, ...more })));
        expect(answerIn(query).get('error'), scope).to.equal('invalid_scope');
        const pushed = await post(stack, '/par', paramsOf({ scope, ...more }), basic('other'));
        expect(errorOf(pushed), scope).to.deep.equal([400, 'invalid_scope']);
        const request = await signed(paramsOf({ client_id: 'signed', scope, ...more }));
        const object = await new Browser().request(
          at({ client_id: 'signed', response_type: 'code', redirect_uri: REDIRECT_URI, request }),
        );
        expect(answerIn(object).get('error'), scope).to.equal('invalid_scope');
        const both = await post(stack, '/par', { ...(await assertion()), request });
        expect(errorOf(both), scope).to.deep.equal([400, 'invalid_scope']);
        const device = await post(stack, '/device_authorization', { client_id: 'tv', scope, ...more });
        expect(errorOf(device), scope).to.deep.equal([400, 'invalid_scope']);
        const own = await post(
          stack,
          '/token',
          { grant_type: 'client_credentials', scope, ...more },
          basic('mcp-server'),
        );
        expect(errorOf(own), scope).to.deep.equal([400, 'invalid_scope']);
      }
    }
  });

  it('is the one of the signed object, whatever stands beside it (RFC 9101 section 6.3)', async () => {
    const plain = { client_id: 'signed', response_type: 'code', redirect_uri: REDIRECT_URI };
    const object = await signed(paramsOf({ client_id: 'signed', scope: 'openid profile' }));
    const url = at({ ...plain, scope: 'openid', request: object });
    expect(await givenAt(url, await assertion())).to.have.members(['openid', 'profile']);
    const empty = await signed(paramsOf({ client_id: 'signed', scope: undefined }));
    const beside = at({ ...plain, scope: 'openid', request: empty });
    expect(await givenAt(beside, await assertion())).to.have.members(APPS_OWN);
  });

  it('is not widened where nothing is left of what was asked for', async () => {
    const page = await new Browser().request(at(paramsOf({ scope: 'offline_access' })));
    expect(answerIn(page).get('error')).to.equal('invalid_scope');
  });
});
