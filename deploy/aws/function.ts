/** Functions that answer requests: what each has, and the one behind the API with its alias and a deployment that goes back by itself when errors rise. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Alias,
  Architecture,
  Code,
  type IVersion,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ENV } from '../../config/env.ts';
import type { IbOauthStackProps } from './props.ts';
import type { Storage } from './storage.ts';

/** A bundle of `npm run build:lambda`, or a stand-in where only the template is wanted. */
export function bundled(folder: string, module: string): Code {
  const bundle = join(import.meta.dirname, '../../dist', folder);
  return existsSync(join(bundle, module))
    ? Code.fromAsset(bundle, { exclude: ['**/*.map'] })
    : Code.fromInline('export const handler = () => { throw new Error("run npm run build:lambda first"); };');
}

interface Answering {
  /** Of the constructs, and of the role and log group beside it. */
  readonly id: string;
  readonly functionName: string;
  readonly description: string;
  /** Of the bundle, without its ending. */
  readonly module: string;
  readonly timeout: Duration;
  /** How many of those in front say in `X-Forwarded-For` whom they answer. */
  readonly trustedProxies: number;
  /** The most that run at once; the account's limit where absent. */
  readonly reservedConcurrentExecutions?: number;
}

/** Adds a function that answers requests: with a role and a log group of its own, and all of the storage. */
export function addAnswering(
  scope: Construct,
  { stage, issuer, ibHosts, variables }: IbOauthStackProps,
  storage: Storage,
  { id, module, trustedProxies, ...rest }: Answering,
): LambdaFunction {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    logGroupName: `/aws/lambda/${rest.functionName}`,
    retention: stage === 'prod' ? RetentionDays.THREE_MONTHS : RetentionDays.TWO_WEEKS,
    removalPolicy: stage === 'prod' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: 'ib-oauth: its own tables, secret, key and log group, and nothing else',
  });
  logGroup.grantWrite(role);
  const answering = new LambdaFunction(scope, id, {
    ...rest,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: `src/${module}.handler`,
    code: bundled('function', `src/${module}.mjs`),
    role,
    logGroup,
    memorySize: 1024,
    environment: {
      [ENV.stage]: stage,
      [ENV.storage]: 'dynamodb',
      [ENV.issuer]: issuer,
      [ENV.ibHosts]: ibHosts,
      [ENV.trustedProxies]: String(trustedProxies),
      ...variables,
      NODE_OPTIONS: '--enable-source-maps',
    },
  });
  storage.grantTo(answering);
  return answering;
}

/** Adds the function behind the API. `live` is the function, `alias` what is called. */
export function addFunction(
  scope: Construct,
  props: IbOauthStackProps,
  storage: Storage,
): { live: LambdaFunction; alias: Alias } {
  const { stage, reserved, provisioned } = props;
  const live = addAnswering(scope, props, storage, {
    id: 'Function',
    functionName: `ib-oauth-${stage}`,
    description: 'OAuth 2.0 and OpenID Connect for IntelligenceBank',
    module: 'lambda/handler',
    // A login call to IB may take 10 s; API Gateway gives up after 30.
    timeout: Duration.seconds(29),
    // The API tells of its caller; behind CloudFront that one is CloudFront, which tells of its own.
    trustedProxies: props.behindCloudFront === true ? 2 : 1,
    ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
  });
  const alias = new Alias(scope, 'Live', {
    aliasName: 'live',
    version: live.currentVersion as IVersion,
    ...(provisioned === undefined ? {} : { provisionedConcurrentExecutions: provisioned }),
  });
  const failing = new Alarm(scope, 'DeploymentErrors', {
    alarmDescription:
      'The new version fails; the deployment goes back. See docs/runbook.md#deployment-errors',
    metric: alias.metricErrors({ period: Duration.minutes(1) }),
    threshold: 5,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  const deploymentRole = new Role(scope, 'DeploymentRole', {
    assumedBy: new ServicePrincipal('codedeploy.amazonaws.com'),
    managedPolicies: [
      ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSCodeDeployRoleForLambdaLimited'),
    ],
  });
  new LambdaDeploymentGroup(scope, 'Deployment', {
    alias,
    role: deploymentRole,
    deploymentConfig:
      stage === 'prod'
        ? LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES
        : LambdaDeploymentConfig.ALL_AT_ONCE,
    alarms: [failing],
    autoRollback: { deploymentInAlarm: true, failedDeployment: true },
  });
  return { live, alias };
}
