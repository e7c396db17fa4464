import { expect } from 'chai';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import { authorizeUrl, type Stack, signInAt } from '../support/stack.ts';
import { post, startStandards, submitOnly } from '../support/standards.ts';

const PAYLOADS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'-alert(1)-'",
  '</title><svg/onload=alert(1)>',
  '{{constructor.constructor("alert(1)")()}}',
  `\${alert(1)}`,
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '\u202Egnp.exe',
  '<!--',
  '</textarea><form action=https://evil.example>',
];

/** What an app that registers itself says of itself is the one text on the pages that a stranger writes. */
describe('an app with hostile words', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStandards({
      env: { REGISTRATION: 'open', REGISTRATIONS_PER_HOUR: '1000' },
    }).then((started) => started.stack);
  });
  after(() => stack.close());

  const isHarmless = (page: Page, payload: string): void => {
    const tags = page.body.match(/<[a-z!/][^>]*>/gi) ?? [];
    for (const tag of tags.filter((candidate) => !candidate.includes('/assets/'))) {
      const bare = tag.replace(/"[^"]*"/g, '""');
      expect(bare, page.url.pathname).to.not.match(/^<(script|img|svg|iframe|!--)|\son\w+\s*=/i);
      expect(tag, page.url.pathname).to.not.match(/(href|src|action)="\s*(javascript|data):/i);
    }
    expect(page.headers.get('content-security-policy'), 'no inline script').to.not.contain('unsafe');
    if (/[<>]/.test(payload)) expect(page.body).to.not.contain(payload);
    for (const { action } of formsOf(page)) {
      expect(new URL(action, stack.issuer).origin, 'forms stay here').to.equal(stack.issuer);
    }
  };

  /** Pages that submit themselves: one script, and nothing of the payload but in its field. */
  const expectOneScript = (page: Page, payload: string): void => {
    if (/[<>]/.test(payload)) expect(page.body).to.not.contain(payload);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).to.contain("default-src 'none'").and.not.contain("'sha256-").and.not.contain("'unsafe");
    expect(page.body.match(/<script/g)).to.have.length(1);
  };

  for (const payload of PAYLOADS) {
    it(`shows ${JSON.stringify(payload)} as text wherever it stands`, async () => {
      const created = await post(
        stack,
        '/register',
        JSON.stringify({
          // A name that turns the direction of writing is not registered at all (test/standards/registration.test.ts).
          client_name: /\p{C}/u.test(payload) ? 'Self' : payload,
          redirect_uris: ['https://self.example/cb'],
          token_endpoint_auth_method: 'none',
          client_uri: new URL(`https://self.example/?${payload}`).href,
          policy_uri: new URL(`https://self.example/p?${payload}`).href,
          tos_uri: new URL(`https://self.example/t#${payload}`).href,
        }),
        { 'content-type': 'application/json' },
      );
      expect(created.status, created.text).to.equal(201);
      const asked = {
        client_id: String(created.body['client_id']),
        redirect_uri: 'https://self.example/cb',
        scope: 'openid profile',
        state: payload,
        nonce: payload,
        login_hint: payload,
        platform_url: payload,
        ui_locales: payload,
      };
      const browser = new Browser();
      isHarmless(await browser.open(authorizeUrl(stack.issuer, asked)), payload);
      const consent = await signInAt(stack, browser, authorizeUrl(stack.issuer, asked));
      expect(consent.body).to.contain('name="decision"');
      isHarmless(consent, payload);
      const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
      expect(url.searchParams.get('state')).to.equal(payload);
      isHarmless(await browser.open(`${stack.issuer}/account`), payload);
      isHarmless(await browser.open(`${stack.issuer}/logout?client_id=${asked.client_id}`), payload);
      const complete = `${stack.issuer}/device?user_code=${encodeURIComponent(payload)}`;
      expectOneScript(await browser.open(complete), payload);
      const device = await browser.open(`${stack.issuer}/device`);
      isHarmless(await submitOnly(browser, device, { user_code: payload }), payload);
      isHarmless(await browser.open(authorizeUrl(stack.issuer, { client_id: payload })), payload);
      isHarmless(await browser.open(authorizeUrl(stack.issuer, { redirect_uri: payload })), payload);
      isHarmless(await browser.open(authorizeUrl(stack.issuer, { response_mode: payload })), payload);
    });
  }

  it('is not registered with a link that is no web page', async () => {
    for (const field of ['client_uri', 'policy_uri', 'tos_uri', 'logo_uri']) {
      for (const uri of [
        'javascript:alert(1)',
        'data:text/html,x',
        '//evil.example',
        'https://',
        PAYLOADS[0],
      ]) {
        const answer = await post(
          stack,
          '/register',
          JSON.stringify({
            redirect_uris: ['https://self.example/cb'],
            token_endpoint_auth_method: 'none',
            [field]: uri,
          }),
          { 'content-type': 'application/json' },
        );
        expect([answer.status, answer.body['error']], `${field} ${uri}`).to.deep.equal([
          400,
          'invalid_client_metadata',
        ]);
      }
    }
  });

  it('cannot break out of the page that submits itself', async () => {
    const browser = new Browser();
    const payload = '"><script>alert(1)</script>';
    const consent = await signInAt(
      stack,
      browser,
      authorizeUrl(stack.issuer, { response_mode: 'form_post', state: payload }),
    );
    const page = await browser.press(consent, 'consent', { decision: 'allow' });
    expect(page.body).to.not.contain(payload);
    expect(formsOf(page)[0]?.fields['state']).to.equal(payload);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).to.contain("default-src 'none'").and.not.contain("'sha256-").and.not.contain("'unsafe");
    expect(page.body.match(/<script/g)).to.have.length(1);
  });
});
