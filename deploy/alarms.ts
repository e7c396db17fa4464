/** What wakes somebody, and a dashboard that answers "is it us, IB or the store?". Each alarm has its article in docs/runbook.md. */
import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Alarm,
  AnomalyDetectionAlarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Alias, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { IbOauthStackProps } from './stack.ts';
import type { Storage } from './storage.ts';

export interface Watched {
  readonly live: LambdaFunction;
  readonly alias: Alias;
  readonly api: HttpApi;
  readonly storage: Storage;
}

const period = Duration.minutes(5);

function own(metricName: string, dimensionsMap: Record<string, string>, statistic = 'Sum'): Metric {
  return new Metric({ namespace: 'ib-oauth', metricName, dimensionsMap, statistic, period });
}

const signIns = (outcome: string): Metric => own('ib_oauth_sign_ins_total', { outcome });

/** Alarms by the anchor of their article, the threshold each has, and how often it must be passed. */
function definitions({ live, api, storage }: Watched) {
  const errorRate = new MathExpression({
    expression: '100 * errors / MAX([requests, 1])',
    usingMetrics: { errors: api.metricServerError({ period }), requests: api.metricCount({ period }) },
    period,
    label: 'errors, % of requests',
  });
  const completion = new MathExpression({
    expression: 'IF(started > 20, 100 * finished / started, 100)',
    usingMetrics: { started: signIns('started'), finished: signIns('finished') },
    period: Duration.minutes(30),
    label: 'finished sign-ins, %',
  });
  const ibFailures = new MathExpression({
    expression: 'timeouts + servers + network + malformed',
    usingMetrics: Object.fromEntries(
      [
        ['timeouts', 'timeout'],
        ['servers', 'server_error'],
        ['network', 'network'],
        ['malformed', 'malformed'],
      ].map(([name = '', outcome = '']) => [
        name,
        own('ib_oauth_ib_calls_total', { operation: 'login_info', outcome }),
      ]),
    ),
    period,
    label: 'failed calls to IB',
  });
  const throttles = (table: Storage['state']): IMetric =>
    table.metricThrottledRequestsForOperations({
      period,
      operations: [
        'PutItem' as never,
        'UpdateItem' as never,
        'BatchWriteItem' as never,
        'BatchGetItem' as never,
      ],
    } as never);
  return {
    'error-rate': {
      metric: errorRate,
      threshold: 2,
      periods: 2,
      what: 'More than 2 % of requests fail on our side.',
    },
    'function-errors': {
      metric: live.metricErrors({ period }),
      threshold: 5,
      periods: 1,
      what: 'The function throws.',
    },
    'slow-answers': {
      metric: live.metricDuration({ period, statistic: 'p99' }),
      threshold: 10_000,
      periods: 3,
      what: 'One request in a hundred takes more than 10 s.',
    },
    'function-throttled': {
      metric: live.metricThrottles({ period }),
      threshold: 1,
      periods: 1,
      what: 'Requests are turned away by the concurrency limit.',
    },
    'ib-failing': {
      metric: ibFailures,
      threshold: 20,
      periods: 2,
      what: 'IntelligenceBank does not answer as it should.',
    },
    'ib-slow': {
      metric: own('ib_oauth_ib_call_seconds', { operation: 'login_info' }, 'p90'),
      threshold: 5,
      periods: 3,
      what: 'IntelligenceBank answers slowly.',
    },
    'sign-ins-unfinished': {
      metric: completion,
      threshold: 40,
      periods: 2,
      below: true,
      what: 'Fewer than 40 % of started sign-ins are finished.',
    },
    'store-throttled-state': {
      metric: throttles(storage.state),
      threshold: 1,
      periods: 2,
      what: 'The state table throttles.',
    },
    'store-throttled-tokens': {
      metric: throttles(storage.tokens),
      threshold: 1,
      periods: 2,
      what: 'The token table throttles.',
    },
  };
}

/** Adds the alarms, their topic and the dashboard. */
export function addAlarms(scope: Construct, { stage }: IbOauthStackProps, watched: Watched): Topic {
  const topic = new Topic(scope, 'Alarms', { topicName: `ib-oauth-alarms-${stage}`, enforceSSL: true });
  const action = new SnsAction(topic);
  for (const [name, { metric, threshold, periods, what, ...rest }] of Object.entries(definitions(watched))) {
    new Alarm(scope, `Alarm-${name}`, {
      alarmName: `ib-oauth-${stage}-${name}`,
      alarmDescription: `${what} See docs/runbook.md#${name}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator:
        'below' in rest
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(action);
  }
  new AnomalyDetectionAlarm(scope, 'Alarm-error-spike', {
    alarmName: `ib-oauth-${stage}-error-spike`,
    alarmDescription: 'Errors are above their usual band. See docs/runbook.md#error-spike',
    metric: watched.api.metricServerError({ period }),
    stdDevs: 4,
    evaluationPeriods: 2,
    comparisonOperator: ComparisonOperator.GREATER_THAN_UPPER_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  }).addAlarmAction(action);
  addDashboard(scope, stage, watched);
  return topic;
}

function addDashboard(scope: Construct, stage: string, { live, api, storage }: Watched): void {
  const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8 });
  const ib = (outcome: string): Metric =>
    own('ib_oauth_ib_calls_total', { operation: 'login_info', outcome });
  new Dashboard(scope, 'Dashboard', {
    dashboardName: `ib-oauth-${stage}`,
    widgets: [
      [
        graph('Us: errors', [api.metricServerError({ period }), live.metricErrors({ period })]),
        graph(
          'IB: answers',
          ['pending', 'signed_in', 'expired', 'timeout', 'server_error', 'network'].map(ib),
        ),
        graph('Store: units', [
          storage.state.metricConsumedWriteCapacityUnits({ period }),
          storage.tokens.metricConsumedReadCapacityUnits({ period }),
        ]),
      ],
      [
        graph('Us: time to answer', [
          live.metricDuration({ period, statistic: 'p50' }),
          live.metricDuration({ period, statistic: 'p99' }),
        ]),
        graph('IB: time to answer', [own('ib_oauth_ib_call_seconds', { operation: 'login_info' }, 'p90')]),
        graph(
          'Sign-ins',
          ['started', 'finished', 'reused', 'renewed', 'expired', 'refused', 'cancelled'].map(signIns),
        ),
      ],
    ],
  });
}
