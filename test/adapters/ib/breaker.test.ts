import { mock } from 'node:test';
import { expect } from 'chai';
import { type Breakers, createBreakers } from '../../../adapters/ib/breaker.ts';

const HOST = 'acme.intelligencebank.com';
const OPEN = { status: 'trouble', reason: 'circuit_open' };
/** One call in so long tries an open circuit. */
const PAUSE_MS = 1_000;

const trouble = (reason: string) => ({ status: 'trouble', reason });

describe('the circuit breaker', () => {
  let breakers: Breakers;
  beforeEach(() => {
    mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
    breakers = createBreakers();
  });
  afterEach(() => mock.timers.reset());

  const answer = (reason: string, host = HOST) => breakers.run(host, async () => trouble(reason));
  async function repeat(times: number, call: () => Promise<unknown>): Promise<void> {
    for (let turn = 0; turn < times; turn += 1) await call();
  }
  const isOpen = async (host = HOST): Promise<boolean> => {
    const result = await breakers.run(host, async () => 'called');
    return result !== 'called';
  };

  for (const reason of ['timeout', 'network', 'server_error']) {
    it(`opens after eight times ${reason} in a row, no sooner`, async () => {
      await repeat(7, () => answer(reason));
      await breakers.run(HOST, async () => ({ status: 'pending' }));
      await repeat(8, () => answer(reason));
      expect(await answer(reason)).to.deep.equal(OPEN);
    });
  }

  for (const reason of ['rate_limited', 'client_error', 'malformed', 'address_refused']) {
    it(`stays closed for ${reason}, which a living host says too, or which costs nothing`, async () => {
      await repeat(30, () => answer(reason));
      expect(await isOpen()).to.equal(false);
    });
  }

  it('lets one call try after a pause, and answers all others at once', async () => {
    await repeat(8, () => answer('timeout'));
    mock.timers.tick(PAUSE_MS - 1);
    expect(await isOpen()).to.equal(true);
    mock.timers.tick(1);

    const trying = Promise.withResolvers<object>();
    const first = breakers.run(HOST, () => trying.promise);
    expect(await isOpen()).to.equal(true);
    expect(await isOpen()).to.equal(true);
    trying.resolve({ status: 'pending' });
    expect(await first).to.deep.equal({ status: 'pending' });
    expect(await isOpen()).to.equal(false);
  });

  it('lets another try where the first does not end, so that a host that hung is noticed when it is back', async () => {
    await repeat(8, () => answer('timeout'));
    mock.timers.tick(PAUSE_MS);
    const hanging = Promise.withResolvers<object>();
    const first = breakers.run(HOST, () => hanging.promise);
    mock.timers.tick(PAUSE_MS - 1);
    expect(await isOpen()).to.equal(true);
    mock.timers.tick(1);
    expect(await breakers.run(HOST, async () => ({ status: 'pending' }))).to.deep.equal({
      status: 'pending',
    });
    expect(await isOpen()).to.equal(false);
    hanging.resolve(trouble('timeout'));
    await first;
    expect(await isOpen(), 'one failure since it was back').to.equal(false);
  });

  it('pauses again where that call fails', async () => {
    await repeat(8, () => answer('network'));
    mock.timers.tick(PAUSE_MS);
    expect(await answer('network')).to.deep.equal(trouble('network'));
    expect(await isOpen()).to.equal(true);
    mock.timers.tick(PAUSE_MS);
    expect(await isOpen()).to.equal(false);
  });

  it('tries again after a pause, though the clock is set back meanwhile', async () => {
    await repeat(8, () => answer('network'));
    mock.timers.setTime(Date.now() - 3_600_000);
    expect(await isOpen()).to.equal(false);
  });

  it('is one for each host, and of the last 500 hosts', async () => {
    await repeat(8, () => answer('timeout'));
    expect(await isOpen('globex.intelligencebank.com')).to.equal(false);
    for (let at = 0; at < 498; at += 1) await isOpen(`host${at}.intelligencebank.com`);
    expect(await isOpen(), 'used just now, so it is kept').to.equal(true);
    for (let at = 0; at < 500; at += 1) await isOpen(`other${at}.intelligencebank.com`);
    expect(await isOpen(), 'forgotten').to.equal(false);
  });

  it('passes on what a call throws', async () => {
    const thrown = await breakers
      .run(HOST, async () => {
        throw new RangeError('ours');
      })
      .catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(RangeError);
  });
});
