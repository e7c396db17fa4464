import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect } from 'chai';
import { IbOauthStack } from '../../deploy/aws/stack.ts';
import { type AlarmRules, evaluate, type Series, stateOf, type Untaken } from './cloudwatch.ts';

interface AlarmProperties extends AlarmRules {
  readonly AlarmName?: string;
  readonly Metrics?: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly ReturnData?: boolean;
    readonly MetricStat?: { readonly Period: number; readonly Metric: { readonly Namespace: string } };
  }[];
}

/** How long the made-up past is; what a case says are its last values. */
const PERIODS = 12;
const NAME = /^ib-oauth-prod-/;
/** Its band is learnt by AWS. */
const LEARNT = 'error-spike';

const last = (...values: Series): Series => [
  ...Array.from({ length: PERIODS - values.length }, () => undefined),
  ...values,
];
const always = (value: number): Series => Array.from({ length: PERIODS }, () => value);
/** Something now and then, as on a quiet site: one in every six periods. */
const seldom = (value: number): Series =>
  Array.from({ length: PERIODS }, (_, at) => (at % 6 === 4 ? value : undefined));

type Case = readonly [what: string, series: Readonly<Record<string, Series>>];
/** What must wake somebody, and what must not; besides, no alarm fires of no data, or of one of each now and then. */
const CASES: Readonly<
  Record<string, { readonly fires: readonly Case[]; readonly quiet: readonly Case[]; readonly seldom?: true }>
> = {
  'error-rate': {
    fires: [
      ['an outage by day', { asked: always(1000), failed: last(400, 900) }],
      ['an outage by night, every one of few requests', { asked: last(6, 6), failed: last(6, 6) }],
      ['two bad periods with a good one between', { asked: always(500), failed: last(50, 0, 50) }],
    ],
    quiet: [
      ['a usual day', { asked: always(1000), failed: always(3) }],
      [
        "IntelligenceBank's errors through the proxy",
        { asked: always(100), failed: always(40), passed: always(40) },
      ],
      ['one bad moment', { asked: always(1000), failed: last(500, 0, 0) }],
      ['four errors of four requests', { asked: last(4, 4, 4), failed: last(4, 4, 4) }],
    ],
  },
  'slow-answers': {
    fires: [['slow for a quarter of an hour', { slow: last(4, 5, 3), answered: always(200) }]],
    quiet: [
      ['slow once', { slow: last(9, 0.2, 0.2), answered: always(200) }],
      ['three slow requests by night', { slow: last(9, 9, 9), answered: last(1, 1, 1) }],
    ],
  },
  'requests-refused': {
    fires: [['an app with a wrong secret', { refused: last(300, 300), good: always(40) }]],
    quiet: [
      ['a usual day', { refused: always(120), good: always(2000), redirected: always(300) }],
      ['few requests, all wrong', { refused: last(50, 50, 50) }],
    ],
  },
  limited: {
    fires: [['a guesser', { limited: last(900, 40, 700) }]],
    quiet: [['one burst', { limited: last(900) }]],
  },
  'many-accounts': {
    fires: [['one address', { addresses: last(1) }]],
    quiet: [['it has stopped', { addresses: last(3, undefined, undefined, undefined) }]],
    seldom: true,
  },
  'api-throttled': {
    fires: [
      ['a storm that the function never sees', { all: last(5000, 9000) }],
      [
        'a storm on top of refusals of ours',
        { all: last(900, 900), api: last(300, 300), polls: last(500, 500) },
      ],
    ],
    quiet: [
      [
        'all 4xx are ours: pending polls, wrong secrets',
        { all: always(900), polls: always(800), api: always(70), steps: always(5), stray: always(25) },
      ],
      ['a few by the way', { all: last(30, 30, 30) }],
    ],
  },
  'api-near-limit': {
    fires: [
      [
        'a Monday morning beyond plan',
        { asked: last(60_000, 30_000, 60_000, 60_000), pending: always(30_000) },
      ],
    ],
    quiet: [
      ['as many requests, but polls', { asked: always(60_000), pending: always(58_000) }],
      ['one minute', { asked: last(30_000, 900, 900) }],
    ],
  },
  'polls-near-limit': {
    fires: [['everybody waits', { pending: last(50_000, 50_000, 50_000) }]],
    quiet: [['a Monday morning', { pending: always(30_000), done: always(1000) }]],
  },
  'function-errors': {
    fires: [['it throws', { errors: last(5) }]],
    quiet: [['once', { errors: last(1, 1) }]],
  },
  'function-throttled': {
    fires: [['no concurrency left', { throttles: last(40) }]],
    quiet: [['once', { throttles: last(1) }]],
  },
  'transfers-cut': {
    fires: [['every transfer', { errors: last(12) }]],
    quiet: [['single ones', { errors: always(1) }]],
  },
  'transfers-throttled': {
    fires: [['an app that copies everything', { throttles: last(60) }]],
    quiet: [['single ones', { throttles: always(2) }]],
  },
  'ib-failing': {
    fires: [
      ['no call is answered', { lost: last(400, 400), unbegun: last(30, 30) }],
      ['nothing can be begun, nobody waits', { unbegun: last(25, 25) }],
      ['half of them', { good: always(100), lost: last(100, 100) }],
      ['its limit', { good: always(100), limited: last(300, 300) }],
    ],
    quiet: [
      ['one customer’s platform of many', { good: always(2000), lost: always(100), begun: always(50) }],
      ['ten calls by night', { lost: last(10, 9, 10) }],
    ],
  },
  'ib-slow': {
    fires: [['slow for a quarter of an hour', { slow: last(6, 7, 8), answered: always(300) }]],
    quiet: [['one slow call by night', { slow: last(9, 9, 9), answered: last(2, 1, 2) }]],
  },
  'sign-ins-unfinished': {
    fires: [
      ['none finishes', { started: last(50, 40) }],
      ['a third finishes', { started: last(60, 60), finished: last(20, 20) }],
    ],
    quiet: [
      ['most finish', { started: always(100), finished: always(70) }],
      ['three people who gave up', { started: last(3, 3) }],
      ['a bad half hour', { started: last(50, 50), finished: last(0, 45) }],
    ],
  },
  'store-failing': {
    fires: [
      ['every call', { failed: last(500, 500) }],
      ['throttled', { good: always(900), busy: last(100, 100) }],
    ],
    quiet: [
      ['one in a thousand', { good: always(20_000), busy: always(20) }],
      ['a moment', { good: always(900), failed: last(300, 0, 0) }],
    ],
  },
  'items-unopened': {
    fires: [['a pepper was removed too early', { unopened: last(40, 30) }]],
    quiet: [['one that was damaged', { unopened: always(2) }]],
  },
  'store-throttled-state': {
    fires: [
      ['reads', { reads: last(3, 9) }],
      ['writes, with a pause', { writes: last(7, undefined, 7) }],
    ],
    quiet: [['it has stopped', { writes: last(90, 90, undefined, undefined) }]],
  },
  'store-throttled-tokens': {
    fires: [['the index alone', { index_writes: last(2, 2) }]],
    quiet: [['once', { writes: last(40) }]],
  },
  'ttl-behind-state': {
    fires: [['nothing goes', { written: last(5000, 5000, 5000) }]],
    quiet: [
      ['it goes', { written: always(5000), deleted: always(4000) }],
      ['it goes by fits', { written: always(5000), deleted: last(9000, undefined, undefined) }],
      ['a site that nobody uses', { written: always(20) }],
    ],
  },
  'ttl-behind-tokens': {
    fires: [['nothing goes for six days', { written: last(5000, 5000, 5000, 5000, 5000, 5000) }]],
    quiet: [['its first items still live', { written: last(5000, 5000, 5000, 5000, 5000) }]],
  },
  'rotation-failing': {
    fires: [['it failed', { errors: last(1) }]],
    quiet: [['it works', { errors: always(0) }]],
    seldom: true,
  },
  'keys-old': {
    fires: [['200 days', { age: last(200 * 24 * 3600) }]],
    quiet: [['40 days', { age: always(40 * 24 * 3600) }]],
  },
  'certificate-expires': {
    fires: [['19 days', { days: last(19) }]],
    quiet: [['200 days', { days: always(200) }]],
    // Told now and then it is told: one day left.
    seldom: true,
  },
};

describe("the stack's alarms", function () {
  this.timeout(60_000);
  let alarms: ReadonlyMap<string, AlarmProperties>;
  before(() => {
    const certificateArn =
      'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';
    const stack = new IbOauthStack(new App(), 'ib-oauth-prod', {
      stage: 'prod',
      issuer: 'https://id.acme.example',
      ibHosts: '*.intelligencebank.com',
      env: { account: '123456789012', region: 'us-east-1' },
      certificateArn,
      transfers: 50,
    });
    alarms = new Map(
      Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'))
        .map(({ Properties: properties }) => properties as AlarmProperties)
        .filter(({ AlarmName: name = '' }) => NAME.test(name))
        .map((properties) => [String(properties.AlarmName).replace(NAME, ''), properties]),
    );
  });

  /** An alarm's state at the end of made-up series; those that a case leaves out have no data. */
  function stateAfter(name: string, given: Readonly<Record<string, Series>>): 'OK' | 'ALARM' {
    const alarm = alarms.get(name);
    if (alarm?.Metrics === undefined) throw new TypeError(`${name} is no alarm by metric math`);
    const ids = alarm.Metrics.flatMap(({ Id: id, MetricStat: stat }) => (stat === undefined ? [] : [id]));
    expect(ids, `${name} has these metrics`).to.include.members(Object.keys(given));
    const series = Object.fromEntries(ids.map((id) => [id, given[id] ?? last()]));
    const [expression = ''] = alarm.Metrics.flatMap(({ Expression: text }) =>
      text === undefined ? [] : [text],
    );
    const states = (['does not matter', 'takes the value along'] as const).map((untaken: Untaken) =>
      stateOf(evaluate(expression, { series, periods: PERIODS, untaken }), alarm),
    );
    expect(states[0], 'however IF takes a branch without data').to.equal(states[1]);
    return states[0] ?? 'OK';
  }

  it('are all tried with made-up series, and each of these is an alarm', () => {
    const tried = [...Object.keys(CASES), LEARNT].toSorted();
    expect([...alarms.keys()].toSorted()).to.deep.equal(tried);
  });

  for (const [name, { fires, quiet, seldom: counts }] of Object.entries(CASES)) {
    it(`${name}: fires when it should, and stays quiet otherwise`, () => {
      for (const [what, series] of fires) expect(stateAfter(name, series), what).to.equal('ALARM');
      for (const [what, series] of quiet) expect(stateAfter(name, series), what).to.equal('OK');
      expect(stateAfter(name, {}), 'no data at all').to.equal('OK');
      const ids = (alarms.get(name)?.Metrics ?? []).flatMap(({ Id: id, MetricStat: stat }) =>
        stat === undefined ? [] : [id],
      );
      if (counts) return;
      for (const id of ids)
        expect(stateAfter(name, { [id]: seldom(1) }), `${id} now and then`).to.equal('OK');
    });
  }

  it('fill every metric that may be missing, but the one that is unknown without data', () => {
    for (const [name, { Metrics: metrics = [] }] of alarms) {
      if (name === LEARNT || name === 'certificate-expires') continue;
      for (const { Id: id, MetricStat: stat } of metrics) {
        if (stat === undefined) continue;
        const [{ Expression: text = '' } = {}] = metrics.filter(
          ({ Expression: found }) => found !== undefined,
        );
        const bare = text.replaceAll(/FILL\(\w+, 0\)/g, '');
        expect(text, `${name}: ${id}`).to.contain(`FILL(${id}, 0)`);
        expect(bare, `${name}: ${id} is never used bare`).to.not.match(new RegExp(`\\b${id}\\b`));
      }
    }
  });

  it('keep to what CloudWatch allows: ten metrics, a day of short periods, a week of long ones', () => {
    for (const [name, { Metrics: metrics = [], EvaluationPeriods: periods }] of alarms) {
      const stats = metrics.flatMap(({ MetricStat: stat }) => (stat === undefined ? [] : [stat]));
      expect(stats.length, name).to.be.within(1, 10);
      const [seconds, ...others] = new Set(stats.map(({ Period: period }) => period));
      expect(others, `${name}: one period`).to.deep.equal([]);
      const longest = (seconds ?? 0) >= 3600 ? 7 : 1;
      expect((seconds ?? 0) * periods, name).to.be.at.most(longest * 24 * 3600);
    }
  });
});
