/** What wakes somebody: the metric, the threshold and how long it must hold, by the anchor of the article in docs/runbook.md. */
import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Alias, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Storage } from './storage.ts';

export interface Watched {
  readonly live: LambdaFunction;
  readonly alias: Alias;
  readonly api: HttpApi;
  readonly storage: Storage;
  /** Large bodies through the proxy, where there is a function for them. */
  readonly stream?: LambdaFunction;
  /** Makes and rotates the keys. */
  readonly rotation: LambdaFunction;
  /** The certificate of the issuer's host, where there is one. */
  readonly certificateArn?: string;
}

/** How often most things are looked at. */
export const period = Duration.minutes(5);

/** A number of the product's own. */
export function own(metricName: string, dimensionsMap: Record<string, string>, statistic = 'Sum'): Metric {
  const dimensions = { service: 'ib-oauth', ...dimensionsMap };
  return new Metric({ namespace: 'ib-oauth', metricName, dimensionsMap: dimensions, statistic, period });
}

/** Sign-ins by what became of them. */
export const signIns = (outcome: string): Metric => own('ib_oauth_sign_ins_total', { outcome });

/** One alarm: by default it wakes somebody at the threshold or above, with `below` under it. */
export interface AlarmDefinition {
  readonly metric: IMetric;
  readonly threshold: number;
  readonly periods: number;
  readonly below?: true;
  readonly what: string;
}

/** Alarms by the anchor of their article, the threshold each has, and how often it must be passed. */
export function definitions(watched: Watched): Readonly<Record<string, AlarmDefinition>> {
  return { ...trouble(watched), ...transfers(watched), ...upkeep(watched) };
}

function trouble({ live, api, storage }: Watched): Record<string, AlarmDefinition> {
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

function transfers({ stream }: Watched): Record<string, AlarmDefinition> {
  if (stream === undefined) return {};
  return {
    'transfers-cut': {
      metric: stream.metricErrors({ period }),
      threshold: 5,
      periods: 1,
      what: 'Large bodies through the proxy are cut.',
    },
    'transfers-throttled': {
      metric: stream.metricThrottles({ period }),
      threshold: 1,
      periods: 1,
      what: 'Large bodies are turned away: as many as allowed are on their way.',
    },
  };
}

const DAY_SECONDS = 24 * 3600;
const day = Duration.days(1);

/** What goes wrong slowly: keys, certificates, deletion of what has expired. */
function upkeep({ storage, rotation, certificateArn }: Watched): Record<string, AlarmDefinition> {
  const deletion = (table: Storage['state']): MathExpression =>
    new MathExpression({
      expression: 'IF(FILL(written, 0) > 1000, FILL(deleted, 0), 1)',
      usingMetrics: {
        written: table.metricConsumedWriteCapacityUnits({ period: day, statistic: 'Sum' }),
        deleted: table.metric('TimeToLiveDeletedItemCount', { period: day, statistic: 'Sum' }),
      },
      period: day,
      label: 'expired items deleted, while items are written',
    });
  const age = own('ib_oauth_signing_key_age_seconds', {}, 'Maximum').with({ period: day });
  return {
    'ttl-behind-state': {
      metric: deletion(storage.state),
      threshold: 1,
      periods: 3,
      below: true,
      what: 'Nothing expired is deleted from the state table.',
    },
    'ttl-behind-tokens': {
      metric: deletion(storage.tokens),
      threshold: 1,
      periods: 6,
      below: true,
      what: 'Nothing expired is deleted from the token table.',
    },
    'rotation-failing': {
      metric: rotation.metricErrors({ period }),
      threshold: 1,
      periods: 1,
      what: 'The keys could not be made or rotated.',
    },
    'keys-old': {
      metric: age,
      threshold: 180 * DAY_SECONDS,
      periods: 1,
      what: 'A signing key is older than half a year.',
    },
    ...(certificateArn === undefined
      ? {}
      : {
          'certificate-expires': {
            metric: new Metric({
              namespace: 'AWS/CertificateManager',
              metricName: 'DaysToExpiry',
              dimensionsMap: { CertificateArn: certificateArn },
              statistic: 'Minimum',
              period: day,
            }),
            threshold: 20,
            periods: 1,
            below: true,
            what: 'The certificate ends in less than 20 days, and has not been renewed by itself.',
          },
        }),
  };
}
