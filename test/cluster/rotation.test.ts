import { expect } from 'chai';
import { rotateUnderLoad } from '../support/rotation-load.ts';

describe('three processes whose keys are rotated', function () {
  this.timeout(120_000);

  it('answer every sign-in and refresh through all steps, until the first keys are gone', async () => {
    const report = await rotateUnderLoad({ storage: 'embedded', processes: 3, users: 2, atOnce: 2 });
    expect(report.failures).to.deep.equal([]);
    expect([report.signIns, report.refreshes]).to.deep.equal([36, 36]);
    const [, , last] = report.steps;
    expect(last).to.match(/^2 items of self-registered apps sealed anew$/m);
    for (const removed of ['pepper [0-9a-f]{8}', 'cookie key [0-9a-f]{8}', 'signing key RS256 [\\w-]{43}']) {
      expect(last).to.match(new RegExp(`^${removed}: removed$`, 'm'));
    }
  });
});
