import { expect } from 'chai';
import { Browser, formsOf, type Page } from '../support/browser.ts';
import type { Stack } from '../support/stack.ts';
import { type Answer, errorOf, getJson, post, startStandards, submitOnly } from '../support/standards.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

describe('the device grant (RFC 8628)', () => {
  let stack: Stack;
  let now = Date.now();
  before(async () => {
    ({ stack } = await startStandards({ now: () => now }));
  });
  after(() => stack.close());

  const start = (): Promise<Answer> =>
    post(stack, '/device_authorization', { client_id: 'tv', scope: 'openid profile ib:api' });
  const poll = (started: Answer, client_id = 'tv'): Promise<Answer> =>
    post(stack, '/token', { grant_type: GRANT, client_id, device_code: String(started.body['device_code']) });

  /** The user's part, from a page that shows the app and its code. */
  async function allow(browser: Browser, confirm: Page): Promise<Page> {
    const [acme] = stack.sandbox.platforms;
    let page = await submitOnly(browser, confirm, { confirm: 'yes' });
    page = await browser.press(page, 'platform', { platform_url: acme.origin });
    acme.signIn('ada');
    page = await browser.press(page, 'continue');
    return browser.press(page, 'consent', { decision: 'allow' });
  }

  it('shows a code, takes it with a warning, and gives the device its tokens once', async () => {
    const started = await start();
    expect(started.status, started.text).to.equal(200);
    expect(started.body['verification_uri']).to.equal(`${stack.issuer}/device`);
    // Optional, but scripts sleep for what stands here and know no default.
    expect(started.body['interval']).to.equal(5);
    expect(errorOf(await poll(started))).to.deep.equal([400, 'authorization_pending']);

    const browser = new Browser();
    const wrong = await submitOnly(browser, await browser.open(`${stack.issuer}/device`), {
      user_code: 'BBBB-BBBB',
    });
    expect(wrong.body).to.contain('not known or has expired');
    const confirm = await submitOnly(browser, wrong, { user_code: String(started.body['user_code']) });
    expect(confirm.body)
      .to.contain('Television')
      .and.contain(String(started.body['user_code']))
      .and.contain('somebody sent you');
    const done = await allow(browser, confirm);
    expect(done.body).to.contain('Your device is connected');
    const again = await browser.open(done.url);
    expect(again.body, 'the same page, reloaded')
      .to.contain('This step is over')
      .and.contain('href="/device"');
    expect(again.body).to.not.contain('allow cookies').and.not.contain('name="user_code"');
    now += 5000;
    const tokens = await poll(started);
    expect(tokens.status, tokens.text).to.equal(200);
    const claims = await getJson(`${stack.issuer}/userinfo`, {
      authorization: `Bearer ${tokens.body['access_token']}`,
    });
    expect(claims['name']).to.equal('Ada Lovelace');
    expect(errorOf(await poll(started))).to.deep.equal([400, 'invalid_grant']);
  });

  it('takes a code however it is typed', async () => {
    const wide = (code: string): string =>
      code.replace(/[!-~]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0));
    for (const write of [
      wide,
      (code: string) => wide(code.toLowerCase()),
      (code: string) => code.toLowerCase().replace('-', ' '),
      (code: string) => `\u200e“${code.replace('-', '–')}”\u200b`,
      (code: string) => [...code.replace('-', '')].join(' '),
    ]) {
      const code = String((await start()).body['user_code']);
      const browser = new Browser();
      const entered = await submitOnly(browser, await browser.open(`${stack.issuer}/device`), {
        user_code: write(code),
      });
      expect(entered.body, write(code)).to.contain('Is this your device?').and.contain(code);
    }
  });

  it('gives codes that cannot be misread or guessed', async () => {
    const codes = await Promise.all(
      Array.from({ length: 20 }, async () => String((await start()).body['user_code'])),
    );
    expect(new Set(codes).size).to.equal(20);
    for (const code of codes) expect(code).to.match(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  });

  it('tells a device that asks too often to slow down, and one that keeps its interval nothing', async () => {
    const started = await start();
    now = Math.ceil(now / 60_000) * 60_000;
    const answers: unknown[] = [];
    for (const waitMs of [0, 100, 100, 4000, 5000, 4900, 5100, 100]) {
      now += waitMs;
      answers.push((await poll(started)).body['error']);
    }
    expect(answers).to.deep.equal([
      'authorization_pending',
      'slow_down',
      'slow_down',
      'authorization_pending',
      'authorization_pending',
      'authorization_pending',
      'authorization_pending',
      'slow_down',
    ]);
  });

  it('asks even where the address holds the code', async () => {
    const started = await start();
    const browser = new Browser();
    const page = await browser.open(String(started.body['verification_uri_complete']));
    const confirm = page.body.includes('somebody sent you') ? page : await submitOnly(browser, page);
    expect(confirm.body).to.contain('Television').and.contain('somebody sent you');
    expect(errorOf(await poll(started))).to.deep.equal([400, 'authorization_pending']);
  });

  it('ends with access_denied when the user refuses, and with expired_token when time is over', async () => {
    const refused = await start();
    const browser = new Browser();
    const page = await submitOnly(browser, await browser.open(`${stack.issuer}/device`), {
      user_code: String(refused.body['user_code']),
    });
    await submitOnly(browser, page, { abort: 'yes' });
    now += 10_000;
    expect(errorOf(await poll(refused))).to.deep.equal([400, 'access_denied']);
    const late = await start();
    now += 601_000;
    expect((await poll(late)).body['error']).to.be.oneOf(['expired_token', 'invalid_grant']);
  });

  it('begins again in a browser that brings no session', async () => {
    const entered = await new Browser().request(`${stack.issuer}/device`, {
      method: 'POST',
      body: 'user_code=BBBB-BBBB&xsrf=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const again = entered.headers.get('location') ?? '';
    expect([entered.status, again]).to.deep.equal([303, '/device?again=BBBB-BBBB']);
    const page = await new Browser().open(stack.issuer + again);
    expect(page.body).to.contain('Enter the code once more').and.contain('allow cookies');
    expect(formsOf(page)[0]?.fields['user_code']).to.equal('BBBB-BBBB');
    const resumed = await new Browser().request(`${stack.issuer}/device/nothing`);
    expect(resumed.status).to.equal(400);
    expect(resumed.body).to.contain('Your browser sent no cookies');
  });

  it('gives nothing to another client', async () => {
    const started = await start();
    expect((await poll(started, 'spa')).status).to.be.oneOf([400, 401]);
  });
});
