import { expect } from 'chai';
import { Browser, type Page, RecordingBrowser } from '../support/browser.ts';
import { authorizeUrl, exchange, REDIRECT_URI, type Stack, signIn } from '../support/stack.ts';
import { answerIn, NATIVE_REDIRECT_URI, startStandards, submitOnly } from '../support/standards.ts';

describe('redirects (RFC 9700 sections 2.1, 4.1, 4.4, 4.11, 4.12)', () => {
  let stack: Stack;
  before(async () => {
    ({ stack } = await startStandards());
  });
  after(() => stack.close());

  const open = (params: Record<string, string>): Promise<Page> =>
    new Browser().request(authorizeUrl(stack.issuer, params));

  for (const redirectUri of [
    `${REDIRECT_URI}/`,
    `${REDIRECT_URI}?next=1`,
    `${REDIRECT_URI}#`,
    `${REDIRECT_URI}/../evil`,
    'https://app.example/Callback',
    'https://APP.example/callback',
    'https://app.example/%63allback',
    'https://app.example:443/callback',
    'https://app.example:8443/callback',
    'https://app.example./callback',
    'https://app.example@evil.example/callback',
    'https://app.example\\@evil.example/callback',
    'https://evil.example/https://app.example/callback',
    'http://app.example/callback',
    '//app.example/callback',
    'javascript:alert(1)//https://app.example/callback',
    'data:text/html,hello',
    ' https://app.example/callback',
  ]) {
    it(`go to the registered URI to the letter: not to ${JSON.stringify(redirectUri)}`, async () => {
      const page = await open({ redirect_uri: redirectUri });
      expect([page.status, page.headers.get('location')]).to.deep.equal([400, null]);
      expect(page.headers.get('content-type')).to.contain('text/html');
    });
  }

  it('go to any port of a loopback redirect of a native app, and to nothing else of it', async () => {
    const native = { client_id: 'native', scope: 'openid profile' };
    for (const good of [
      NATIVE_REDIRECT_URI,
      'http://127.0.0.1:51004/callback',
      'com.example.native:/callback',
    ]) {
      expect((await open({ ...native, redirect_uri: good })).headers.get('location'), good).to.contain(
        '/interaction/',
      );
    }
    for (const bad of [
      'http://127.0.0.1:51004/other',
      'http://localhost:51004/callback',
      'https://127.0.0.1:51004/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.1:51004/callback?x=1',
      'com.example.native:/other',
      'com.evil.native:/callback',
    ]) {
      const page = await open({ ...native, redirect_uri: bad });
      expect([page.status, page.headers.get('location')], bad).to.deep.equal([400, null]);
    }
  });

  it('never happen when the client or the URI is wrong, whatever else the request says', async () => {
    for (const params of [
      { client_id: 'nobody' },
      { client_id: 'nobody', prompt: 'none' },
      { redirect_uri: 'https://evil.example/', prompt: 'none' },
      { redirect_uri: 'https://evil.example/', response_type: 'nonsense' },
      { redirect_uri: 'https://evil.example/', response_mode: 'form_post' },
      { redirect_uri: 'https://evil.example/', scope: 'nonsense' },
      { client_id: 'web', redirect_uri: 'https://spa.example/callback' },
    ] as Record<string, string>[]) {
      const page = await open(params);
      expect([page.status, page.headers.get('location')], JSON.stringify(params)).to.deep.equal([400, null]);
      expect(page.body).to.not.contain('action="https://evil.example');
    }
  });

  it('after logout go to registered URIs only', async () => {
    const browser = new Browser();
    const { body } = await exchange(stack, await signIn(stack, browser));
    const logout = (uri: string) => {
      const url = new URL('/logout', stack.issuer);
      url.search = new URLSearchParams({
        id_token_hint: String(body['id_token']),
        post_logout_redirect_uri: uri,
        state: 'a&b=c ü',
      }).toString();
      return browser.open(url);
    };
    for (const uri of ['https://evil.example/', 'https://app.example/bye/', 'https://app.example/bye?x']) {
      const page = await logout(uri);
      expect(page.status, uri).to.equal(400);
      expect(page.body).to.not.contain('href="https://evil.example');
    }
    const done = await submitOnly(browser, await logout('https://app.example/bye'), { logout: 'yes' });
    expect(done.url.origin + done.url.pathname).to.equal('https://app.example/bye');
    expect(done.url.searchParams.get('state')).to.equal('a&b=c ü');
  });

  it('carry iss in every answer, errors too (RFC 9207)', async () => {
    const cancelled = async (): Promise<URLSearchParams> => {
      const browser = new Browser();
      const page = await browser.open(authorizeUrl(stack.issuer));
      return (await browser.press(page, 'cancel')).url.searchParams;
    };
    const answers = {
      code: (await signIn(stack)).searchParams,
      access_denied: await cancelled(),
      login_required: answerIn(await open({ prompt: 'none' })),
      invalid_scope: answerIn(await open({ scope: 'openid nonsense' })),
      unsupported_response_type: answerIn(await open({ response_type: 'token' })),
      invalid_request: answerIn(await open({ prompt: 'none login' })),
    };
    for (const [name, answer] of Object.entries(answers)) {
      expect(answer.get('iss'), name).to.equal(stack.issuer);
      expect(answer.get('state'), name).to.equal('the-state');
      if (name !== 'code') expect(answer.get('error')).to.equal(name);
    }
  });

  it('after a form are 302 or 303, never 307 or 308', async () => {
    const browser = new RecordingBrowser();
    const { body } = await exchange(stack, await signIn(stack, browser));
    await submitOnly(
      browser,
      await browser.open(`${stack.issuer}/logout?id_token_hint=${body['id_token']}`),
      {
        logout: 'yes',
      },
    );
    const page = await browser.open(authorizeUrl(stack.issuer));
    await browser.press(page, 'cancel');
    const redirects = browser.answers.filter(({ status }) => status >= 300 && status < 400);
    expect(redirects.length).to.be.greaterThan(6);
    for (const { status, url } of redirects) expect(status, url.pathname).to.be.oneOf([302, 303]);
  });
});
