import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { tokenOn } from '../support/login.ts';
import { post } from '../support/standards.ts';
import { attribute, controlsOf } from './controls.ts';
import { usePlaces } from './places.ts';

describe('the way on from', () => {
  const places = usePlaces();
  const { busily, device, elsewhere, first, inSignIn, selfRegistered, start } = places;

  it('a sign-in that is over, or another browser’s, leads to its app', async () => {
    for (const state of ['a sign-in that is over', 'a sign-in of another browser']) {
      const page = await elsewhere[state]?.(new Browser());
      expect(page?.status, state).to.equal(400);
      expect(page?.body, state)
        .to.contain('Back to <bdi>Web App</bdi>')
        .and.contain('href="https://app.example"');
    }
    const stranger = await new Browser().open(await selfRegistered(new Browser()));
    const lost = await new Browser().open(stranger.url);
    expect(lost.body, 'nobody here knows where that would lead').to.not.contain('self.example');
  });

  it('a sign-in that is lost says that cookies are blocked where they may be', async () => {
    const browser = new Browser();
    const { url } = await start(browser);
    const blocked = await new Browser().open(url);
    expect(blocked.status).to.equal(400);
    expect(blocked.body).to.contain('Allow cookies for this site').and.contain('Back to <bdi>Web App</bdi>');
    const other = new Browser();
    await start(other);
    expect((await other.open(url)).body)
      .to.contain('started in another browser')
      .and.not.contain('cookies');
  });

  it('a 503 in the middle of a sign-in asks again by itself, and goes on where it was', async () => {
    for (const state of ['start', 'platform question', 'decision']) {
      const browser = new Browser();
      const page = await inSignIn[`busy at the ${state}`]?.(browser);
      if (page === undefined) throw new Error(state);
      expect(page.status).to.equal(503);
      const [, seconds, url = ''] = /^(\d+); url=(.*)$/.exec(page.headers.get('refresh') ?? '') ?? [];
      expect(Number(seconds)).to.be.within(1, 30);
      const next = await browser.open(new URL(url, places.stack.issuer));
      expect(next.status).to.equal(200);
      expect(next.body).to.contain(state === 'decision' ? 'name="decision"' : 'platform_url');
      expect(controlsOf(next).length).to.be.above(0);
    }
    const apart = await busily(() => new Browser().open(`${places.stack.issuer}/account`));
    expect(apart.headers.get('refresh')).to.equal(null);
  });

  it('a form that could not be served is there again with what was typed into it', async () => {
    const typed = 'nowhere.example/"><b>';
    const browser = new Browser();
    const question = await start(browser);
    const busy = await busily(() => browser.press(question, 'platform', { platform_url: typed }));
    const [, , again = ''] = /^(\d+); url=(.*)$/.exec(busy.headers.get('refresh') ?? '') ?? [];
    for (const address of [again, attribute(/<a [^>]*>/.exec(busy.body)?.[0] ?? '', 'href') ?? '']) {
      const page = await browser.open(new URL(address, places.stack.issuer));
      expect(page.status).to.equal(200);
      expect(first(page).fields['platform_url']).to.equal(typed);
    }
    const expired = await browser.press(question, 'platform', { platform_url: typed, csrf: 'x' });
    expect(expired.status).to.equal(403);
    const back = attribute(/<a class="primary"[^>]*>/.exec(expired.body)?.[0] ?? '', 'href') ?? '';
    const questionAgain = await browser.open(new URL(back, places.stack.issuer));
    expect(first(questionAgain).fields['platform_url']).to.equal(typed);
    const { user_code } = await device();
    const asked = await browser.open(`${places.stack.issuer}/device`);
    const refused = await busily(() => browser.submit(asked, first(asked), { user_code }));
    expect(refused.status).to.equal(503);
    expect(refused.body).to.contain(`href="/device?user_code=${user_code}"`);
  });

  it('a device that is cancelled hears of it, and its page says so', async () => {
    const browser = new Browser();
    const { user_code, device_code } = await device();
    const asked = await browser.open(`${places.stack.issuer}/device`);
    const page = await browser.submit(asked, first(asked), { user_code });
    const stopped = await browser.submit(page, first(page), { abort: 'yes' });
    expect(stopped.body).to.contain('was not connected').and.not.contain('not known');
    const { body } = await post(places.stack, '/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'tv',
      device_code,
    });
    expect(body['error']).to.equal('access_denied');
  });

  it('a device whose sign-in is cancelled or denied hears of it, and its page says so', async () => {
    for (const step of ['platform', 'consent']) {
      const browser = new Browser();
      const { user_code, device_code } = await device();
      const asked = await browser.open(`${places.stack.issuer}/device`);
      const page = await browser.submit(asked, first(asked), { user_code });
      let current = await browser.submit(page, first(page), { confirm: 'yes' });
      if (step === 'consent') {
        current = await browser.press(current, 'platform', { platform_url: places.acme.origin });
        places.acme.signIn('ada', tokenOn(current));
        current = await browser.press(current, 'continue');
      }
      const stopped = await browser.press(current, 'cancel');
      expect(stopped.body, step).to.contain('was not connected');
      const { body } = await post(places.stack, '/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'tv',
        device_code,
      });
      expect(body['error'], step).to.equal('access_denied');
    }
  });
});
