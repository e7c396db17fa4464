import { expect } from 'chai';
import { Browser, formsOf } from '../support/browser.ts';
import {
  authorizeUrl,
  exchange,
  REDIRECT_URI,
  type Stack,
  signIn,
  startStack,
  token,
  VERIFIER,
  WEB_SECRET,
  withBearer,
} from '../support/stack.ts';

const PAYLOADS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'-alert(1)-'",
  '</title><svg onload=alert(1)>',
];

describe('bad input', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => stack.close());

  describe('at /authorize', () => {
    const errorOnRedirect = async (params: Record<string, string>): Promise<URLSearchParams> => {
      const page = await new Browser().request(authorizeUrl(stack.issuer, params));
      const location = new URL(page.headers.get('location') ?? '', stack.issuer);
      expect(location.origin + location.pathname, page.body).to.equal(params['redirect_uri'] ?? REDIRECT_URI);
      // Response types that would carry tokens answer in the fragment.
      const answer =
        location.hash === '' ? location.searchParams : new URLSearchParams(location.hash.slice(1));
      expect(answer.get('state')).to.equal('the-state');
      expect(answer.get('iss')).to.equal(stack.issuer);
      return answer;
    };

    for (const params of [
      { client_id: 'nobody' },
      { redirect_uri: 'https://app.example/callback/other' },
      { redirect_uri: 'https://app.example.evil.example/callback' },
      { redirect_uri: 'https://evil.example' },
      { client_id: 'web', redirect_uri: 'http://localhost:1234/callback' },
    ]) {
      it(`shows a page and never redirects for ${JSON.stringify(params)}`, async () => {
        const page = await new Browser().request(authorizeUrl(stack.issuer, params));
        expect(page.status).to.equal(400);
        expect(page.headers.get('location')).to.equal(null);
        expect(page.headers.get('content-type')).to.contain('text/html');
      });
    }

    it('asks public clients for PKCE, and for S256', async () => {
      const spa = { client_id: 'spa', redirect_uri: 'https://spa.example/callback' };
      expect(
        (await errorOnRedirect({ ...spa, code_challenge: '', code_challenge_method: '' })).get('error'),
      ).to.equal('invalid_request');
      expect((await errorOnRedirect({ ...spa, code_challenge_method: 'plain' })).get('error')).to.equal(
        'invalid_request',
      );
    });

    it('tells the app of a wrong response type and of an unknown scope', async () => {
      expect((await errorOnRedirect({ response_type: 'token' })).get('error')).to.equal(
        'unsupported_response_type',
      );
      expect((await errorOnRedirect({ scope: 'openid nonsense' })).get('error')).to.equal('invalid_scope');
      expect(
        (
          await errorOnRedirect({
            client_id: 'spa',
            redirect_uri: 'https://spa.example/callback',
            scope: 'openid ib:session',
          })
        ).get('error'),
      ).to.equal('invalid_scope');
    });

    it('answers prompt=none without a sign-in with login_required', async () => {
      expect((await errorOnRedirect({ prompt: 'none' })).get('error')).to.equal('login_required');
    });

    it('refuses a parameter given twice', async () => {
      const page = await new Browser().request(`${authorizeUrl(stack.issuer)}&scope=openid`);
      expect(page.status).to.be.oneOf([400, 303]);
      expect(page.headers.get('location') ?? page.body).to.contain('invalid_request');
    });

    it('never takes host, scheme or path of its URLs from the request', async () => {
      const headers = {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        accept: 'application/json',
      };
      const page = await new Browser().request(`${stack.issuer}/.well-known/openid-configuration`, {
        headers,
      });
      expect(page.body).to.not.contain('evil.example');
      expect(JSON.parse(page.body)['token_endpoint']).to.equal(`${stack.issuer}/token`);
    });
  });

  describe('at the platform field', () => {
    for (const text of [
      '',
      '   ',
      'http://169.254.169.254',
      'https://acme.intelligencebank.com.evil.example',
      'acme@evil.example',
      '[::1]',
      'http://127.0.0.1:1',
      ...PAYLOADS,
    ]) {
      it(`says beside the field what is wrong with ${JSON.stringify(text)}, and sends nothing`, async () => {
        const browser = new Browser();
        const page = await browser.open(authorizeUrl(stack.issuer));
        stack.sandbox.calls.length = 0;
        const answer = await browser.press(page, 'platform', { platform_url: text });
        expect(answer.status).to.equal(422);
        expect(answer.body).to.contain('id="platform-fault"');
        for (const markup of PAYLOADS) expect(answer.body).to.not.contain(markup);
        expect(stack.sandbox.calls).to.deep.equal([]);
      });
    }

    it('shows what a request names as text', async () => {
      for (const payload of PAYLOADS) {
        const page = await new Browser().open(
          authorizeUrl(stack.issuer, { platform_url: payload, state: payload }),
        );
        expect(page.body).to.contain('name="platform_url"').and.not.contain(payload);
      }
    });
  });

  describe('at a form', () => {
    it('refuses a form without its CSRF token, and from another browser', async () => {
      const browser = new Browser();
      const page = await browser.open(authorizeUrl(stack.issuer));
      const [form] = formsOf(page);
      expect(form).to.not.equal(undefined);
      if (form === undefined) return;
      expect((await browser.submit(page, form, { csrf: 'x' })).status).to.equal(403);
      expect((await new Browser().submit(page, form, { platform_url: 'acme' })).status).to.equal(400);
    });

    it('refuses a form that is too large or of another type', async () => {
      const browser = new Browser();
      const page = await browser.open(authorizeUrl(stack.issuer));
      const action = `${page.url.href}/platform`;
      const large = await browser.request(action, {
        method: 'POST',
        body: `platform_url=${'a'.repeat(20_000)}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect(large.status).to.equal(413);
      const json = await browser.request(action, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
      expect(json.status).to.equal(400);
    });
  });

  describe('at /token', () => {
    it('refuses a wrong verifier, a foreign client, a used and an unknown code; a used one ends what it gave', async () => {
      const redirect = await signIn(stack);
      const redeem = (more: Record<string, string>, clientId = 'web') =>
        token(
          stack,
          {
            grant_type: 'authorization_code',
            code: redirect.searchParams.get('code') ?? '',
            redirect_uri: REDIRECT_URI,
            code_verifier: VERIFIER,
            ...more,
          },
          clientId,
        );
      const refused = [
        await redeem({ code_verifier: 'x'.repeat(43) }),
        await redeem({ code: 'ibac_nonsense' }),
        await redeem({}, 'first'),
        await redeem({ redirect_uri: 'https://app.example/other' }),
      ];
      for (const { status, body } of refused) {
        expect(status).to.equal(400);
        expect(body['error']).to.equal('invalid_grant');
      }
      const { status, body } = await redeem({});
      expect(status).to.equal(200);
      expect((await redeem({})).body['error']).to.equal('invalid_grant');
      expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(401);
    });

    it('answers missing and wrong client authentication with 401 invalid_client', async () => {
      const post = (headers: Record<string, string>, body: Record<string, string>) =>
        fetch(`${stack.issuer}/token`, {
          method: 'POST',
          headers,
          body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x', ...body }),
        });
      const basic = (secret: string) => ({
        authorization: `Basic ${Buffer.from(`web:${secret}`).toString('base64')}`,
      });
      for (const response of [await post(basic('wrong'), {}), await post({}, { client_id: 'web' })]) {
        expect(response.status).to.equal(401);
        expect(((await response.json()) as Record<string, unknown>)['error']).to.equal('invalid_client');
      }
      const both = await post(basic(WEB_SECRET), { client_id: 'web', client_secret: WEB_SECRET });
      expect(both.status).to.equal(400);
    });

    it('answers what is no form with invalid_request, and takes no token in a query', async () => {
      const json = await fetch(`${stack.issuer}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{',
      });
      expect(json.status).to.be.within(400, 401);
      const { body } = await exchange(stack, await signIn(stack));
      const inQuery = await fetch(`${stack.issuer}/userinfo?access_token=${body['access_token']}`);
      expect(inQuery.status).to.equal(400);
    });
  });

  it('gives every page the headers that keep it from being framed, cached, sniffed or led astray', async () => {
    const page = await new Browser().open(authorizeUrl(stack.issuer));
    expect(page.headers.get('content-security-policy'))
      .to.contain("default-src 'none'")
      .and.contain("frame-ancestors 'none'");
    expect(page.headers.get('x-frame-options')).to.equal('DENY');
    expect(page.headers.get('referrer-policy')).to.equal('no-referrer');
    expect(page.headers.get('cache-control')).to.equal('no-store');
    expect(page.headers.get('x-content-type-options')).to.equal('nosniff');
  });
});
