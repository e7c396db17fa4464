import { expect } from 'chai';
import { Browser, formsOf } from '../../support/browser.ts';
import { startEngine } from '../../support/engines.ts';
import {
  authorizeUrl,
  CLIENTS,
  type Stack,
  signIn,
  startStack,
  TV_CLIENT,
  WEB_SECRET,
} from '../../support/stack.ts';
import { atOnce, from, inTurn, sharedTables, startLimited, times } from './limited.ts';

describe('limits on strangers', () => {
  let stack: Stack;
  before(async () => {
    stack = await startLimited();
  });
  after(() => stack.close());

  const register = (address: string, metadata: object = { redirect_uris: ['https://x.example/cb'] }) =>
    fetch(`${stack.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...from(address) },
      body: JSON.stringify(metadata),
    });

  it('are not needed for readiness: whoever asks at once shares one question to the store', async () => {
    const engine = await startEngine();
    const asked: string[] = [];
    const at = await startLimited({
      store: { client: engine.client, onCall: ({ operation }) => void asked.push(operation) },
      env: await sharedTables(),
    });
    asked.length = 0;
    expect(times(await atOnce(200, () => fetch(`${at.issuer}/readyz`)), 200)).to.equal(200);
    expect(asked.length).to.be.within(1, 150);
    await at.close();
    await engine.close();
  });

  it('turn away an address that guesses user codes, one after the other and at once', async () => {
    for (const [address, guesses] of [
      ['1.4.0.1', 6],
      ['1.4.0.2', 120],
    ] as const) {
      const browser = new Browser();
      const page = await browser.open(`${stack.issuer}/device`);
      const [form] = formsOf(page);
      if (form === undefined) throw new Error(page.body);
      const body = new URLSearchParams({ ...form.fields, user_code: 'BCDF-GHJK' }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded', ...from(address) };
      const guess = () => browser.request(`${stack.issuer}/device`, { method: 'POST', body, headers });
      const seen = address === '1.4.0.1' ? await inTurn(guesses, guess) : await atOnce(guesses, guess);
      expect(times(seen, 429), address).to.equal(guesses - 3);
    }
  });

  it('do not count user codes that are right', async () => {
    for (let device = 0; device < 5; device += 1) {
      const started = await fetch(`${stack.issuer}/device_authorization`, {
        method: 'POST',
        headers: from('1.5.0.1'),
        body: new URLSearchParams({ client_id: 'tv' }),
      });
      const { user_code: code } = (await started.json()) as { user_code: string };
      const browser = new Browser();
      const [form] = formsOf(await browser.open(`${stack.issuer}/device`));
      const answer = await browser.request(`${stack.issuer}/device`, {
        method: 'POST',
        body: new URLSearchParams({ ...form?.fields, user_code: code }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...from('1.5.0.2') },
      });
      expect([answer.status, answer.body.includes('name="confirm"')]).to.deep.equal([200, true]);
    }
  });

  it('count accepted registrations, and refused ones apart from them', async () => {
    expect(await inTurn(4, () => register('1.6.0.1'))).to.deep.equal([201, 201, 429, 429]);
    expect(times(await atOnce(200, () => register('1.6.0.2')), 201)).to.equal(2);
    const refused = { redirect_uris: ['javascript:alert(1)'] };
    expect(await inTurn(3, () => register('1.6.0.3', refused))).to.deep.equal([400, 400, 400]);
    expect(await inTurn(3, () => register('1.6.0.3'))).to.deep.equal([201, 201, 429]);
    const seen = await atOnce(200, () => register('1.6.0.4', refused));
    expect([times(seen, 400), times(seen, 429)]).to.deep.equal([4, 196]);
  });

  it('turn away an address that starts sign-ins without end, and let polls use up nothing of it', async () => {
    const headers = from('1.7.0.1');
    for (let poll = 0; poll < 20; poll += 1) {
      await fetch(`${stack.issuer}/authorize/poll?token=${'u'.repeat(43)}.${'g'.repeat(22)}`, { headers });
    }
    const seen = await atOnce(30, () => new Browser().request(authorizeUrl(stack.issuer), { headers }));
    expect([times(seen, 303), times(seen, 429)]).to.deep.equal([10, 20]);
    const page = await new Browser().request(authorizeUrl(stack.issuer), { headers });
    expect(page.headers.get('content-type')).to.contain('text/html');
    const poll = await fetch(`${stack.issuer}/authorize/poll?token=${'v'.repeat(43)}.x`, { headers });
    expect(poll.status, 'a browser that waits goes on').to.equal(400);
  });

  it('turn away an address that pushes requests of a public app without end, and no app that proves itself', async () => {
    const push = (clientId: string, secret?: string) =>
      fetch(`${stack.issuer}/par`, {
        method: 'POST',
        headers: {
          ...(secret === undefined ? {} : { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` }),
          ...from('1.7.0.2'),
        },
        body: new URL(
          authorizeUrl(stack.issuer, {
            client_id: clientId,
            redirect_uri: `https://${clientId === 'web' ? 'app' : 'spa'}.example/callback`,
          }),
        ).searchParams,
      });
    const proved = await atOnce(30, () => push('web', WEB_SECRET));
    expect(times(proved, 201)).to.equal(30);
    const seen = await atOnce(30, () => push('spa'));
    expect([times(seen, 201), times(seen, 429)]).to.deep.equal([10, 20]);
  });

  it('turn away a page that polls without end, and no other', async () => {
    const poll = (uid: string) =>
      fetch(`${stack.issuer}/authorize/poll?token=${uid.repeat(43)}.${'g'.repeat(22)}`);
    expect(await inTurn(8, () => poll('a'))).to.deep.equal([400, 400, 400, 400, 400, 400, 429, 429]);
    expect((await poll('b')).status).to.equal(400);
  });
});

describe('the number of registrations an hour', () => {
  it('is a setting', async () => {
    const stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'open', REGISTRATIONS_PER_HOUR: '3' },
    });
    const register = async () =>
      (
        await fetch(`${stack.issuer}/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: ['https://x.example/cb'] }),
        })
      ).status;
    expect([await register(), await register(), await register(), await register()]).to.deep.equal([
      201, 201, 201, 429,
    ]);
    await stack.close();
  });
});

describe('users whose platform does not answer', () => {
  it('are not turned away for trying again while it is left alone, and sign in when it is back', async () => {
    let nowMs = Date.now();
    const stack = await startStack({
      now: () => nowMs,
      lifetimes: { signInsPerAddress: 20 },
      env: { LOG_LEVEL: 'silent' },
    });
    const [acme] = stack.sandbox.platforms;
    acme.switches.status = 500;
    const browser = new Browser();
    let page = await browser.open(authorizeUrl(stack.issuer));
    for (let turn = 0; turn < 60; turn += 1) {
      page = await browser.press(page, 'platform', { platform_url: acme.origin });
      expect(page.status, `${turn}`).to.equal(422);
    }
    acme.switches.status = 0;
    nowMs += 1000;
    const back = await signIn(stack, browser);
    expect(back.searchParams.get('code')).to.be.a('string');
    await stack.close();
  });
});

describe('64 connections that ask for device codes', () => {
  it('leave readiness and the sign-ins of others as they are', async () => {
    const stack = await startStack({ clients: CLIENTS + TV_CLIENT.slice(1), env: { LOG_LEVEL: 'silent' } });
    const asked: number[] = [];
    const ask = async (): Promise<void> => {
      for (let turn = 0; turn < 6; turn += 1) {
        const { status } = await fetch(`${stack.issuer}/device_authorization`, {
          method: 'POST',
          body: new URLSearchParams({ client_id: 'tv' }),
        });
        asked.push(status);
      }
    };
    const flood = Promise.all(Array.from({ length: 64 }, ask));
    const ready = await fetch(`${stack.issuer}/readyz`);
    expect([ready.status, asked.length < 64 * 6], 'while they ask').to.deep.equal([200, true]);
    const redirect = await signIn(stack);
    expect(redirect.searchParams.get('code')).to.be.a('string');
    await flood;
    expect(asked).to.deep.equal(Array.from({ length: 64 * 6 }, () => 200));
    await stack.close();
  });
});
