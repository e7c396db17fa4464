import { expect } from 'chai';
import { evaluate, type Series, stateOf } from './cloudwatch.ts';

describe("CloudWatch's rules, as the tests apply them", () => {
  const rules = {
    EvaluationPeriods: 3,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  };
  const series = (points: string): Series =>
    points.split(' ').map((point) => ({ X: 1, '0': 0 })[point] ?? undefined);
  // The two tables of the user guide.
  const TABLES: readonly [m: number, rows: readonly [string, breaching: string, notBreaching: string][]][] = [
    [
      3,
      [
        ['0 - X - X', 'OK', 'OK'],
        ['0 - - - -', 'OK', 'OK'],
        ['- - - - -', 'ALARM', 'OK'],
        ['0 X X - X', 'ALARM', 'ALARM'],
        ['- - - - X', 'ALARM', 'OK'],
        ['X - - - -', 'ALARM', 'OK'],
      ],
    ],
    [
      2,
      [
        ['0 - X - X', 'ALARM', 'ALARM'],
        ['0 0 X 0 X', 'ALARM', 'ALARM'],
        ['0 - X - -', 'ALARM', 'OK'],
        ['- - - - 0', 'ALARM', 'OK'],
        ['- - - - X', 'ALARM', 'OK'],
      ],
    ],
  ];
  for (const [datapoints, rows] of TABLES) {
    for (const [points, breaching, notBreaching] of rows) {
      it(`${datapoints} of 3, ${points}: ${breaching} where missing is bad, ${notBreaching} where it is good`, () => {
        const state = (missing: string): string =>
          stateOf(series(points), { ...rules, DatapointsToAlarm: datapoints, TreatMissingData: missing });
        expect([state('breaching'), state('notBreaching')]).to.deep.equal([breaching, notBreaching]);
      });
    }
  }

  it('know no value of a sum with a part missing, nor of a division by nothing', () => {
    const given = {
      series: { a: [1, undefined, 3], b: [2, 2, 0] },
      periods: 3,
      untaken: 'does not matter',
    } as const;
    expect(evaluate('a + b', given)).to.deep.equal([3, undefined, 3]);
    expect(evaluate('100 * a / b', given)).to.deep.equal([50, undefined, undefined]);
    expect(evaluate('FILL(a, 0) - (b - 1)', given)).to.deep.equal([0, -1, 4]);
    expect(evaluate('IF(b >= 2, FILL(a, 9), 7)', given)).to.deep.equal([1, 9, 7]);
    expect(() => evaluate('SEARCH(a)', given)).to.throw('not known here: SEARCH');
    expect(() => evaluate('a + c', given)).to.throw('no metric has the id c');
  });
});
