/** What wakes somebody and what informs, from the definitions in `deploy/watch`; and where both are sent. */
import { Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  AlarmState,
  AnomalyDetectionAlarm,
  ComparisonOperator,
  CompositeAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';

import type { Construct } from 'constructs';
import { type Column, existsOn, type Severity } from '../watch/alarm.ts';
import { ALARMS } from '../watch/alarms.ts';
import type { StackMetrics, Watched } from './metrics.ts';
import type { IbOauthStackProps } from './props.ts';

/** An alarm as it stands in the stack. */
export interface Standing {
  readonly alarm: AlarmBase;
  readonly column: Column;
  readonly severity: Severity;
}

/** Adds the alarms and their topics. One composite alarm pages; every other tells the second topic. */
export function addAlarms(
  scope: Construct,
  { stage }: IbOauthStackProps,
  { watched, metrics }: { readonly watched: Watched; readonly metrics: StackMetrics },
): readonly Standing[] {
  const standing = [...definedAlarms(scope, stage, metrics), errorSpike(scope, stage, watched)];
  const informing = new SnsAction(topic(scope, 'Alarms', `ib-oauth-alarms-${stage}`));
  for (const { alarm } of standing) {
    alarm.addAlarmAction(informing);
    alarm.addOkAction(informing);
  }
  const paging = new SnsAction(topic(scope, 'Pages', `ib-oauth-pages-${stage}`));
  const page = new CompositeAlarm(scope, 'Alarm-page', {
    compositeAlarmName: `ib-oauth-${stage}-page`,
    alarmDescription:
      'Users are stopped, or soon will be: one of these alarms says why. See docs/runbook.md#page',
    alarmRule: AlarmRule.anyOf(
      ...standing
        .filter(({ severity }) => severity === 'page')
        .map(({ alarm }) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM)),
    ),
  });
  page.addAlarmAction(paging);
  page.addOkAction(paging);
  return standing;
}

/**
 * A topic that alarms of this account may publish to. `enforceSSL` makes a policy of one Deny, and a policy takes the
 * place of the default one, which had let the account's own services publish.
 */
function topic(scope: Construct, id: string, topicName: string): Topic {
  const made = new Topic(scope, id, { topicName, enforceSSL: true });
  made.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsOfThisAccount',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [made.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  return made;
}

function definedAlarms(scope: Construct, stage: string, metrics: StackMetrics): Standing[] {
  return Object.entries(ALARMS).flatMap(([name, definition]) => {
    const metric = existsOn('cloudwatch', definition) ? metrics.value(definition) : undefined;
    if (metric === undefined) return [];
    const { what, threshold, below, column, severity } = definition;
    const [bad, of] = definition.datapoints;
    const alarm = new Alarm(scope, `Alarm-${name}`, {
      alarmName: `ib-oauth-${stage}-${name}`,
      alarmDescription: `${what} See docs/runbook.md#${name}`,
      metric,
      threshold,
      evaluationPeriods: of,
      datapointsToAlarm: bad,
      comparisonOperator:
        below === true
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    return [{ alarm, column, severity }];
  });
}

/** Errors above their usual band, which AWS learns: no other system has it. */
function errorSpike(scope: Construct, stage: string, { api }: Watched): Standing {
  const alarm = new AnomalyDetectionAlarm(scope, 'Alarm-error-spike', {
    alarmName: `ib-oauth-${stage}-error-spike`,
    alarmDescription: 'Errors are above their usual band. See docs/runbook.md#error-spike',
    metric: api.metricServerError(),
    stdDevs: 4,
    evaluationPeriods: 2,
    comparisonOperator: ComparisonOperator.GREATER_THAN_UPPER_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  return { alarm, column: 'us', severity: 'inform' };
}
