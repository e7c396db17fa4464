import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { authorizeUrl, REDIRECT_URI, signInAt, VERIFIER } from '../support/stack.ts';
import { basic, post, submitOnly } from '../support/standards.ts';
import { DEVICE, NAMED, SID, useBridgeApps } from './bridge-apps.ts';

describe('the raw IB session', function () {
  this.timeout(30_000);
  const apps = useBridgeApps();
  const { bridgeUrl, expectNone, later, pushed, redeem, signInBy } = apps;

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
      const started = await post(apps.stack, '/device_authorization', { client_id: 'bridge', scope });
      const browser = new Browser();
      let page = await browser.open(String(started.body['verification_uri_complete']));
      for (let step = 0; step < 3 && !page.body.includes('platform_url'); step += 1) {
        page = await submitOnly(
          browser,
          page,
          page.body.includes('name="confirm"') ? { confirm: 'yes' } : {},
        );
      }
      const [acme] = apps.stack.sandbox.platforms;
      page = await browser.press(page, 'platform', { platform_url: acme.origin });
      acme.signIn('ada');
      page = await browser.press(page, 'continue');
      expect(page.body.includes(NAMED)).to.equal(comes);
      await browser.press(page, 'consent', { decision: 'allow' });
      later(6000);
      const answer = await post(apps.stack, '/token', {
        grant_type: DEVICE,
        client_id: 'bridge',
        device_code: String(started.body['device_code']),
      });
      if (comes) expect(answer.body['sid'], answer.text).to.match(SID);
      else await expectNone(answer);
    });
  }

  it('comes to a bridge client that proves itself by HTTP Basic', async () => {
    const { named, code } = await signInBy(
      authorizeUrl(apps.stack.issuer, { client_id: 'secret', scope: 'profile' }),
    );
    const params = {
      grant_type: 'authorization_code',
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: VERIFIER,
    };
    const answer = await post(apps.stack, '/token', params, basic('secret'));
    expect(named).to.equal(true);
    expect(answer.body['sid'], answer.text).to.match(SID);
  });

  it('is named to the user of an app that is not asked for anything else', async () => {
    const url = (scope: string): string =>
      authorizeUrl(apps.stack.issuer, {
        client_id: 'first',
        redirect_uri: 'https://first.example/callback',
        scope,
      });
    const browser = new Browser();
    const quiet = await signInAt(apps.stack, browser, url('openid profile'));
    expect(quiet.url.searchParams.get('code')).to.be.a('string');
    for (const params of [{ prompt: 'consent' }, {}]) {
      const query = new URLSearchParams(params);
      const page = await browser.open(`${url('openid profile ib:session')}&${query}`);
      expect(page.body).to.contain(NAMED);
    }
    const page = await browser.open(url('openid profile ib:session'));
    const { url: back } = await browser.press(page, 'consent', { decision: 'allow' });
    expect(back.searchParams.get('code')).to.be.a('string');
    const fresh = await signInAt(apps.stack, new Browser(), url('openid profile ib:session'));
    expect(fresh.body).to.contain(NAMED);
  });
});
