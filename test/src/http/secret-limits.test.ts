import { expect } from 'chai';
import { startEngine } from '../../support/engines.ts';
import { type Stack, startStack, WEB_SECRET } from '../../support/stack.ts';
import { atOnce, from, inTurn, sharedTables, startLimited, statuses, times } from './limited.ts';

describe('limits on guesses of client secrets', () => {
  let stack: Stack;
  before(async () => {
    stack = await startLimited();
  });
  after(() => stack.close());

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
      env: await sharedTables(),
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
