import { expect } from 'chai';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { Browser, formsOf } from '../../support/browser.ts';
import { startEngine, TABLES } from '../../support/engines.ts';
import {
  authorizeUrl,
  CLIENTS,
  type Stack,
  type StackOptions,
  signIn,
  startStack,
  TV_CLIENT,
  WEB_SECRET,
} from '../../support/stack.ts';

const LIMITS = {
  failedAuthenticationsPerAddress: 5,
  userCodesPerAddress: 3,
  refusedRegistrationsPerAddress: 4,
  signInsPerAddress: 10,
  pollsPerAttempt: 6,
};

/** Limits on a clock that stands in the middle of their windows. */
const startLimited = (options: StackOptions = {}): Promise<Stack> =>
  startStack({
    now: () => 1_800_000_100_000,
    // How busy the machine is decides nothing here.
    loopDelay: { takeMs: () => 0 },
    clients: CLIENTS + TV_CLIENT.slice(1),
    env: {
      LOG_LEVEL: 'silent',
      REGISTRATION: 'open',
      REGISTRATIONS_PER_HOUR: '2',
      TRUSTED_PROXIES: '1',
      ...options.env,
    },
    lifetimes: LIMITS,
    ...(options.store === undefined ? {} : { store: options.store }),
  });

describe('limits on strangers', () => {
  let stack: Stack;
  before(async () => {
    stack = await startLimited();
  });
  after(() => stack.close());

  const from = (address: string) => ({ 'x-forwarded-for': `6.6.6.6, ${address}` });
  const post = (
    path: string,
    address: string,
    { secret = 'wrong', at = stack }: { secret?: string; at?: Stack } = {},
  ) =>
    fetch(at.issuer + path, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`web:${secret}`)}`, ...from(address) },
      body: new URLSearchParams({ grant_type: 'client_credentials', token: 'x' }),
    });
  const register = (address: string, metadata: object = { redirect_uris: ['https://x.example/cb'] }) =>
    fetch(`${stack.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...from(address) },
      body: JSON.stringify(metadata),
    });
  const statuses = async (answers: readonly (Response | { status: number })[]): Promise<number[]> =>
    answers.map(({ status }) => status);
  const inTurn = async (
    count: number,
    call: () => Promise<Response | { status: number }>,
  ): Promise<number[]> => {
    const seen: number[] = [];
    for (let turn = 0; turn < count; turn += 1) seen.push((await call()).status);
    return seen;
  };
  const atOnce = async (count: number, call: () => Promise<Response | { status: number }>) =>
    statuses(await Promise.all(Array.from({ length: count }, call)));
  const times = (seen: readonly number[], status: number): number =>
    seen.filter((candidate) => candidate === status).length;

  it('turn away an address that guesses client secrets, at every endpoint that takes one, and no other', async () => {
    expect(await inTurn(7, () => post('/token', '1.1.1.1'))).to.deep.equal([
      401, 401, 401, 401, 401, 429, 429,
    ]);
    for (const path of ['/introspect', '/revoke', '/par', '/device_authorization']) {
      expect((await post(path, '1.1.1.1')).status, path).to.equal(429);
    }
    const limited = await post('/token', '1.1.1.1', { secret: WEB_SECRET });
    expect(limited.status, 'the right secret is no way to find out').to.equal(429);
    expect(Number(limited.headers.get('retry-after'))).to.be.within(1, 600);
    expect(await limited.json()).to.have.property('error', 'temporarily_unavailable');
    expect((await post('/token', '2.2.2.2')).status).to.equal(401);
  });

  for (const [index, path] of [
    '/token',
    '/introspect',
    '/revoke',
    '/par',
    '/device_authorization',
  ].entries()) {
    it(`hold for wrong secrets at ${path} that come at once`, async () => {
      const seen = await atOnce(400, () => post(path, `1.2.0.${index}`));
      expect([times(seen, 401), times(seen, 429)]).to.deep.equal([5, 395]);
    });
  }

  it('hold over processes, and cost honest requests no call to the store', async () => {
    const engine = await startEngine();
    const taken: string[] = [];
    const options = {
      store: {
        client: engine.client,
        onCall: ({ operation }: { operation: string }) => void taken.push(operation),
      },
      env: {
        STORAGE: 'dynamodb',
        STATE_TABLE: TABLES.state,
        TOKEN_TABLE: TABLES.tokens,
        SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
      },
    };
    const stacks = await Promise.all([startLimited(options), startLimited(options), startLimited(options)]);
    const [one = stack] = stacks;
    const updates = (): string[] => taken.filter((operation) => operation.startsWith('Update'));
    taken.length = 0;
    const honest = await atOnce(20, () => post('/introspect', '3.3.3.3', { secret: WEB_SECRET, at: one }));
    expect(times(honest, 200)).to.equal(20);
    expect(updates()).to.deep.equal([]);
    let turn = 0;
    const seen = await atOnce(240, () =>
      post('/introspect', '3.3.3.4', { at: stacks[(turn += 1) % 3] ?? one }),
    );
    expect([times(seen, 401), times(seen, 429)]).to.deep.equal([5, 235]);
    expect(updates().length, 'in all').to.be.within(5, 30);
    await Promise.all(stacks.map((each) => each.close()));
    await engine.close();
  });

  it('are not needed for readiness: whoever asks at once shares one question to the store', async () => {
    const engine = await startEngine();
    const asked: string[] = [];
    const at = await startLimited({
      store: { client: engine.client, onCall: ({ operation }) => void asked.push(operation) },
      env: {
        STORAGE: 'dynamodb',
        STATE_TABLE: TABLES.state,
        TOKEN_TABLE: TABLES.tokens,
        SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
      },
    });
    asked.length = 0;
    expect(times(await atOnce(200, () => fetch(`${at.issuer}/readyz`)), 200)).to.equal(200);
    expect(asked.length).to.be.within(1, 150);
    await at.close();
    await engine.close();
  });

  it('let any number of right secrets through at once, from an address that has failed too', async () => {
    expect((await post('/introspect', '4.4.4.4')).status).to.equal(401);
    const seen = await atOnce(100, () => post('/introspect', '4.4.4.4', { secret: WEB_SECRET }));
    expect(times(seen, 200)).to.equal(100);
    expect((await post('/introspect', '4.4.4.4')).status).to.equal(401);
  });

  it('know one subject by all the ways its address is written', async () => {
    const subjects = [
      ['5.5.5.5', '5.5.5.5:4711', '::ffff:5.5.5.5', '::FFFF:0505:0505', '[::ffff:5.5.5.5]:80', ' 5.5.5.5 '],
      [
        '2001:db8::1',
        '2001:DB8:0:0::2',
        '[2001:db8::3]:443',
        '2001:db8:0:0:ffff::',
        '2001:db8::4%eth0',
        '"[2001:db8::5]"',
      ],
    ];
    for (const spellings of subjects) {
      const seen: number[] = [];
      for (const spelling of spellings) seen.push((await post('/token', spelling)).status);
      expect(seen, spellings[0]).to.deep.equal([401, 401, 401, 401, 401, 429]);
    }
    expect((await post('/token', '2001:db8:0:1::1')).status, 'another /64').to.equal(401);
    const many = Array.from({ length: 200 }, (_, index) => `2001:db8:7:7::${index.toString(16)}`);
    const seen = await statuses(await Promise.all(many.map((address) => post('/token', address))));
    expect(times(seen, 401)).to.equal(5);
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

  it('are read by pages of the app, whoever is turned away', async () => {
    await inTurn(6, () => post('/token', '1.8.0.1'));
    const answer = await fetch(`${stack.issuer}/token`, {
      method: 'POST',
      headers: {
        origin: 'https://spa.example',
        authorization: `Basic ${btoa('web:wrong')}`,
        ...from('1.8.0.1'),
      },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).to.deep.equal([
      429,
      'https://spa.example',
    ]);
    expect(answer.headers.get('access-control-expose-headers')).to.contain('Retry-After');
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

describe('limits on a clock that is set back', () => {
  it('hold in the window that it shows, and not until the one that it has left is over', async () => {
    let nowMs = 1_800_000_100_000;
    const stack = await startStack({
      now: () => nowMs,
      lifetimes: { failedAuthenticationsPerAddress: 2 },
      env: { LOG_LEVEL: 'silent' },
    });
    const guess = async (): Promise<number> => {
      const headers = { authorization: `Basic ${btoa('web:wrong')}` };
      const answer = await fetch(`${stack.issuer}/token`, {
        method: 'POST',
        headers,
        body: new URLSearchParams(),
      });
      return answer.status;
    };
    expect([await guess(), await guess(), await guess()]).to.deep.equal([401, 401, 429]);
    nowMs -= 3_600_000;
    expect([await guess(), await guess(), await guess()]).to.deep.equal([401, 401, 429]);
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
