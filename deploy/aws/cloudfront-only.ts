/**
 * Lets the API answer CloudFront alone: others could name any client address in `X-Forwarded-For`, which the limits go by,
 * and would pass the firewall by. HTTP APIs have neither firewall nor resource policy; an authorizer that compares a secret
 * header with its copy is asked once an hour, since its answer is kept by that header, and a request without it is
 * refused before.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { EDGE_REGION, type IbOauthStackProps, ORIGIN_HEADER, originSecretName } from './props.ts';

const SECRET_CHARACTERS = 64;

/** Compares digests, so that neither length nor time tells anything. */
const COMPARE = `
const { createHash, timingSafeEqual } = require('node:crypto');
const digest = (text) => createHash('sha256').update(String(text)).digest();
exports.handler = async ({ headers }) => ({
  isAuthorized: timingSafeEqual(digest(headers['${ORIGIN_HEADER}']), digest(process.env.ORIGIN_SECRET)),
});
`;

/** Adds the secret, a copy of it where CloudFront's stack can read it, and the authorizer. */
export function addCloudFrontOnly(
  scope: Construct,
  { stage, env }: Pick<IbOauthStackProps, 'stage' | 'env'>,
): IHttpRouteAuthorizer {
  const secret = new Secret(scope, 'OriginSecret', {
    secretName: originSecretName(stage),
    description: 'By this header the API of ib-oauth knows CloudFront',
    generateSecretString: { excludePunctuation: true, passwordLength: SECRET_CHARACTERS },
    ...(env?.region === EDGE_REGION ? {} : { replicaRegions: [{ region: EDGE_REGION }] }),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const functionName = `ib-oauth-origin-${stage}`;
  const logGroup = new LogGroup(scope, 'OriginLogs', {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: RetentionDays.TWO_WEEKS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, 'OriginRole', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: 'ib-oauth: its log group, and nothing else',
  });
  logGroup.grantWrite(role);
  const compare = new LambdaFunction(scope, 'OriginFunction', {
    functionName,
    description: 'Lets CloudFront alone call the API of ib-oauth',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: Code.fromInline(COMPARE),
    role,
    logGroup,
    timeout: Duration.seconds(5),
    environment: { ORIGIN_SECRET: secret.secretValue.unsafeUnwrap() },
  });
  return new HttpLambdaAuthorizer('CloudFrontOnly', compare, {
    responseTypes: [HttpLambdaResponseType.SIMPLE],
    identitySource: [`$request.header.${ORIGIN_HEADER}`],
    resultsCacheTtl: Duration.hours(1),
  });
}
