import { expect } from 'chai';
import { createOpenCircuits } from '../../../src/telemetry/open-circuits.ts';

describe('the number of hosts that are left out', () => {
  let now = 0;
  const host = 'acme.intelligencebank.com';

  it('stays while each trial fails, so that an alarm that waits sees it whenever it looks', () => {
    const circuits = createOpenCircuits(() => now);
    const told = (outcome: string) => circuits.told(host, outcome);
    for (let second = 0; second < 600; second += 1) {
      now += 500;
      told('circuit_open');
      now += 500;
      told(second % 2 === 0 ? 'network' : 'timeout');
      expect(circuits.count(), `second ${second}`).to.equal(1);
    }
    told('ok');
    expect(circuits.count()).to.equal(0);
  });

  it('forgets a host that nobody asks for any more', () => {
    const circuits = createOpenCircuits(() => now);
    circuits.told(host, 'circuit_open');
    now += 60_000;
    expect(circuits.count()).to.equal(1);
    now += 1;
    expect(circuits.count()).to.equal(0);
  });
});
