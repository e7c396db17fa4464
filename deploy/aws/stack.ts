/** The stack of one stage: what is stored, what runs, what watches it. Each part in its own file. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { addAlarms } from './alarms.ts';
import { addApi } from './api.ts';
import { addDashboard } from './dashboard.ts';
import { addFunction } from './function.ts';
import { createStackMetrics } from './metrics.ts';
import type { IbOauthStackProps } from './props.ts';
import { addRotation } from './rotation.ts';
import { addStorage } from './storage.ts';
import { addStreaming } from './streaming.ts';

/** One deployment of ib-oauth. */
export class IbOauthStack extends Stack {
  constructor(scope: Construct, id: string, props: IbOauthStackProps) {
    super(scope, id, { ...props, terminationProtection: props.stage === 'prod' });
    const storage = addStorage(this, props);
    const { alias, live } = addFunction(this, props, storage);
    const { api, reachedAt } = addApi(this, props, alias);
    const rotation = addRotation(this, props, storage);
    const { certificateArn, transfers } = props;
    const streaming = transfers === undefined ? undefined : addStreaming(this, props, storage, transfers);
    const watched = {
      live,
      api,
      storage,
      rotation,
      ...(certificateArn === undefined ? {} : { certificateArn }),
      ...(streaming === undefined ? {} : { stream: streaming.stream }),
    };
    const metrics = createStackMetrics(watched);
    addDashboard(this, props.stage, metrics, addAlarms(this, props, { watched, metrics }));
    new CfnOutput(this, 'Issuer', { value: props.issuer });
    new CfnOutput(this, 'DiscoveryUrl', { value: `${props.issuer}/.well-known/openid-configuration` });
    new CfnOutput(this, 'ReachedAt', { value: reachedAt });
    if (streaming !== undefined) new CfnOutput(this, 'LargeBodies', { value: streaming.url });
  }
}
