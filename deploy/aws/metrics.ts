/** Signals as CloudWatch has them in this stack. */
import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SUBJECT_INDEX } from '../../adapters/store/engines/dynamodb-tables.ts';
import { type Alarm, inWordsOf, signalsNamed } from '../watch/alarm.ts';
import type { AwsPart, CloudWatchMetric } from '../watch/signals.ts';
import type { Storage } from './storage.ts';

export interface Watched {
  readonly live: LambdaFunction;
  readonly api: HttpApi;
  readonly storage: Storage;
  /** Large bodies through the proxy, where there is a function for them. */
  readonly stream?: LambdaFunction;
  /** Makes and rotates the keys. */
  readonly rotation: LambdaFunction;
  /** The certificate of the issuer's host, where there is one. */
  readonly certificateArn?: string;
}

/** Whose metrics a part of the stack has: namespace and dimensions. */
type Source = Pick<Metric, 'namespace'> & { readonly dimensionsMap: Record<string, string> };

/** The parts that this stack has. */
function sources({ live, api, storage, stream, rotation, certificateArn }: Watched): {
  readonly [Part in AwsPart]: Source | undefined;
} {
  const lambda = (watched: LambdaFunction | undefined): Source | undefined =>
    watched && { namespace: 'AWS/Lambda', dimensionsMap: { FunctionName: watched.functionName } };
  const table = (tableName: string, more = {}): Source => ({
    namespace: 'AWS/DynamoDB',
    dimensionsMap: { TableName: tableName, ...more },
  });
  return {
    api: { namespace: 'AWS/ApiGateway', dimensionsMap: { ApiId: api.apiId } },
    function: lambda(live),
    stream: lambda(stream),
    rotation: lambda(rotation),
    stateTable: table(storage.state.tableName),
    tokenTable: table(storage.tokens.tableName),
    subjectIndex: table(storage.tokens.tableName, { GlobalSecondaryIndexName: SUBJECT_INDEX }),
    certificate:
      certificateArn === undefined
        ? undefined
        : { namespace: 'AWS/CertificateManager', dimensionsMap: { CertificateArn: certificateArn } },
  };
}

/** Signals and alarms of one stack. */
export interface StackMetrics {
  /** Undefined where the stack does not have the part that is measured. */
  signal(source: CloudWatchMetric, minutes: number, label?: string): Metric | undefined;
  /** What an alarm compares with its threshold. */
  value(alarm: Alarm): IMetric | undefined;
}

/** The metrics of a stack. */
export function createStackMetrics(watched: Watched): StackMetrics {
  const bySource = sources(watched);
  const signal: StackMetrics['signal'] = (metric, minutes, label) => {
    const source =
      'part' in metric
        ? bySource[metric.part]
        : { namespace: 'ib-oauth', dimensionsMap: { service: 'ib-oauth', ...metric.dimensions } };
    if (source === undefined) return undefined;
    const { metricName, statistic } = metric;
    const period = Duration.minutes(minutes);
    return new Metric({
      ...source,
      metricName,
      statistic,
      period,
      ...(label === undefined ? {} : { label }),
    });
  };
  return {
    signal,
    value(alarm) {
      const usingMetrics: Record<string, IMetric> = {};
      for (const name of signalsNamed(alarm)) {
        const source = alarm.signals[name]?.cloudwatch;
        const metric = source && signal(source, alarm.minutes);
        if (metric === undefined) return undefined;
        usingMetrics[name] = metric;
      }
      const period = Duration.minutes(alarm.minutes);
      return new MathExpression({ expression: expressionOf(alarm), usingMetrics, period, label: alarm.what });
    },
  };
}

/** Metric math: what is missing counts as 0, and a value without enough behind it as the calmest. */
function expressionOf({ value, enough, below, threshold, unknown }: Alarm): string {
  const filled = (sum: string): string =>
    inWordsOf(sum, (name) => (unknown === true ? name : `FILL(${name}, 0)`));
  if (enough === undefined) return filled(value);
  const calm = below === true ? threshold : 0;
  return `IF(${filled(enough.of)} >= ${enough.atLeast}, ${filled(value)}, ${calm})`;
}
