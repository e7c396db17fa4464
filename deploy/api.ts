/** The HTTP API in front: one route, throttled, logged, on the issuer's own host where there is a certificate. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { CfnStage, DomainName, HttpApi, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { IbOauthStackProps } from './props.ts';

/** What the access log says of a request: no query, no header, nothing of a user's. */
const ACCESS_LOG = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  method: '$context.httpMethod',
  status: '$context.status',
  bytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  integrationError: '$context.integrationErrorMessage',
});

function domain(scope: Construct, { issuer, certificateArn }: IbOauthStackProps): DomainName | undefined {
  if (certificateArn === undefined) return undefined;
  return new DomainName(scope, 'Domain', {
    domainName: new URL(issuer).host,
    certificate: Certificate.fromCertificateArn(scope, 'Certificate', certificateArn),
  });
}

/** Adds the API. No CORS here: the application answers for the registered origins itself. `reachedAt` is where it is: the name that DNS points at, or AWS's own address. */
export function addApi(
  scope: Construct,
  props: IbOauthStackProps,
  alias: Alias,
): { readonly api: HttpApi; readonly reachedAt: string } {
  const domainName = domain(scope, props);
  const api = new HttpApi(scope, 'Api', {
    apiName: `ib-oauth-${props.stage}`,
    description: 'ib-oauth',
    defaultIntegration: new HttpLambdaIntegration('Integration', alias as IFunction),
    // The application is the authorizer.
    defaultAuthorizer: new HttpNoneAuthorizer(),
    ...(domainName === undefined
      ? {}
      : { defaultDomainMapping: { domainName }, disableExecuteApiEndpoint: true }),
  });
  const logs = new LogGroup(scope, 'AccessLogs', {
    logGroupName: `/aws/lambda/ib-oauth-access-${props.stage}`,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const stage = api.defaultStage?.node.defaultChild;
  if (!(stage instanceof CfnStage)) throw new TypeError('the API has no default stage');
  stage.accessLogSettings = { destinationArn: logs.logGroupArn, format: ACCESS_LOG };
  stage.defaultRouteSettings = { throttlingBurstLimit: 500, throttlingRateLimit: 250 };
  return { api, reachedAt: domainName?.regionalDomainName ?? api.apiEndpoint };
}
