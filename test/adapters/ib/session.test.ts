import { expect } from 'chai';
import { isSessionAlive, periodHours, sessionEnd, subjectOf } from '../../../adapters/ib/session.ts';

const LOGIN = 1_609_227_014;

describe('an IB session', () => {
  const periods: readonly (readonly [stated: number | undefined, hours: number])[] = [
    [1, 1],
    [1.5, 1.5],
    [24, 24],
    [120, 120],
    [0.5, 0.5],
    [undefined, 24],
    [0, 24],
    [-1, 24],
    [120.5, 24],
    [121, 24],
    [432_000, 24],
    [Number.NaN, 24],
    [Number.POSITIVE_INFINITY, 24],
  ];
  for (const [stated, hours] of periods) {
    it(`with a period of ${stated} h lasts ${hours} h from its login, to the second`, () => {
      expect(periodHours(stated)).to.equal(hours);
      const endsAt = sessionEnd(LOGIN, stated);
      expect(endsAt).to.equal(LOGIN + hours * 3600);
      expect(isSessionAlive({ endsAt }, LOGIN)).to.equal(true);
      expect(isSessionAlive({ endsAt }, endsAt - 1)).to.equal(true);
      expect(isSessionAlive({ endsAt }, endsAt)).to.equal(false);
    });
  }

  it('ends at a whole second', () => {
    expect(sessionEnd(LOGIN, 1.0001)).to.equal(LOGIN + 3600);
  });

  it('names its subject with the client, as user ids were seen twice, and keeps the case', () => {
    expect(subjectOf({ clientid: '6M0B', userUuid: 'u1' })).to.equal('6M0B.u1');
    expect(subjectOf({ clientid: '6m0b', userUuid: 'u1' })).to.not.equal('6M0B.u1');
  });
});
