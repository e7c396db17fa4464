/** The stack of one stage: what is stored, what runs, what watches it. Each part in its own file. */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { addAlarms } from './alarms.ts';
import { addApi } from './api.ts';
import { addFunction } from './function.ts';
import { addRotation } from './rotation.ts';
import { addStorage } from './storage.ts';
import { addStreaming } from './streaming.ts';

export interface IbOauthStackProps extends StackProps {
  readonly stage: string;
  /** Public base URL: the custom domain, https. */
  readonly issuer: string;
  readonly ibHosts: string;
  /** More variables of the function, by name. */
  readonly variables?: Readonly<Record<string, string>>;
  /** How many large bodies may go through `/proxy` at once, by a function URL; without it there is none. */
  readonly transfers?: number;
  /** Certificate of the issuer's host; without it the API has no custom domain. */
  readonly certificateArn?: string;
}

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
    addAlarms(this, props, {
      live,
      alias,
      api,
      storage,
      rotation,
      ...(certificateArn === undefined ? {} : { certificateArn }),
      ...(streaming === undefined ? {} : { stream: streaming.stream }),
    });
    new CfnOutput(this, 'Issuer', { value: props.issuer });
    new CfnOutput(this, 'DiscoveryUrl', { value: `${props.issuer}/.well-known/openid-configuration` });
    new CfnOutput(this, 'ReachedAt', { value: reachedAt });
    if (streaming !== undefined) new CfnOutput(this, 'LargeBodies', { value: streaming.url });
  }
}
