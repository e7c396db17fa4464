/** The function that makes the server's keys and rotates them, called by Secrets Manager. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { bundled } from './function.ts';
import type { IbOauthStackProps } from './props.ts';
import type { Storage } from './storage.ts';

/** A key is published for one period before it signs: longer than any environment of the function lives. */
const PERIOD = Duration.days(30);

/** Adds the rotation; the first one runs when the stack is deployed. */
export function addRotation(
  scope: Construct,
  { stage }: IbOauthStackProps,
  { secret }: Pick<Storage, 'secret'>,
): LambdaFunction {
  const logGroup = new LogGroup(scope, 'RotationLogs', {
    logGroupName: `/aws/lambda/ib-oauth-rotation-${stage}`,
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, 'RotationRole', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: 'ib-oauth: its own secret, and nothing else',
  });
  logGroup.grantWrite(role);
  const rotation = new LambdaFunction(scope, 'RotationFunction', {
    functionName: `ib-oauth-rotation-${stage}`,
    description: 'Makes and rotates the keys of ib-oauth',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'rotation-lambda.handler',
    code: bundled('rotation', 'rotation-lambda.mjs'),
    role,
    logGroup,
    memorySize: 512,
    timeout: Duration.seconds(30),
  });
  secret.addRotationSchedule('Rotation', {
    rotationLambda: rotation,
    automaticallyAfter: PERIOD,
    rotateImmediatelyOnUpdate: true,
  });
  return rotation;
}
