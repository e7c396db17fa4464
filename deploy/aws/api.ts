/** The HTTP API in front: one route, throttled, logged, on the issuer's own host where there is a certificate. */
import { Fn, RemovalPolicy } from 'aws-cdk-lib';
import {
  CfnStage,
  DomainName,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  ParameterMapping,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BURST_SECONDS, POLLS_PER_SECOND, REQUESTS_PER_SECOND } from '../watch/budgets.ts';
import { addCloudFrontOnly } from './cloudfront-only.ts';
import { type IbOauthStackProps, ORIGIN_HEADER } from './props.ts';

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

const POLLS = '/authorize/poll';

const throttle = (perSecond: number): { throttlingRateLimit: number; throttlingBurstLimit: number } => ({
  throttlingRateLimit: perSecond,
  throttlingBurstLimit: BURST_SECONDS * perSecond,
});

/** The same, spelled as a map of routes wants it. */
const routeSettings = (perSecond: number): { ThrottlingRateLimit: number; ThrottlingBurstLimit: number } => ({
  ThrottlingRateLimit: perSecond,
  ThrottlingBurstLimit: BURST_SECONDS * perSecond,
});

function domain(
  scope: Construct,
  { issuer, certificateArn, behindCloudFront }: IbOauthStackProps,
): DomainName | undefined {
  if (certificateArn === undefined || behindCloudFront === true) return undefined;
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
  const integration = new HttpLambdaIntegration('Integration', alias as IFunction, {
    // How the API knows CloudFront is nobody else's business, an app's or IntelligenceBank's.
    ...(props.behindCloudFront === true
      ? { parameterMapping: new ParameterMapping().removeHeader(ORIGIN_HEADER) }
      : {}),
  });
  const api = new HttpApi(scope, 'Api', {
    apiName: `ib-oauth-${props.stage}`,
    description: 'ib-oauth',
    defaultIntegration: integration,
    // The application is the authorizer of everything else.
    defaultAuthorizer:
      props.behindCloudFront === true ? addCloudFrontOnly(scope, props) : new HttpNoneAuthorizer(),
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
  stage.defaultRouteSettings = throttle(REQUESTS_PER_SECOND);
  const polls = api.addRoutes({ path: POLLS, methods: [HttpMethod.GET], integration });
  stage.routeSettings = { [`GET ${POLLS}`]: routeSettings(POLLS_PER_SECOND) };
  // A stage cannot set what a route does not have yet.
  for (const route of polls) stage.node.addDependency(route);
  return { api, reachedAt: domainName?.regionalDomainName ?? Fn.select(2, Fn.split('/', api.apiEndpoint)) };
}
