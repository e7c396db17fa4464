/** CloudFront with a firewall in front of a stage's API, in the region where both have to be. */
import { CfnOutput, SecretValue, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  HttpVersion,
  type IOrigin,
  OriginRequestPolicy,
  PriceClass,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { type EdgeStackProps, ORIGIN_HEADER, originSecretName } from './props.ts';

/**
 * Of one address in five minutes, polls apart: an office of a thousand behind one address signs in on a Monday morning. The
 * product's own limits by address are finer; this one costs an attacker nothing of ours.
 */
const REQUESTS_PER_ADDRESS = 20_000;

/** CloudFront and its firewall. */
export class EdgeStack extends Stack {
  constructor(scope: Construct, id: string, props: EdgeStackProps) {
    super(scope, id, { ...props, terminationProtection: props.stage === 'prod' });
    const { stage, issuer, origin, edgeCertificateArn, largeBodies } = props;
    const firewall = addFirewall(this, stage);
    const secret = SecretValue.secretsManager(originSecretName(stage)).unsafeUnwrap();
    const api = behindIt(new HttpOrigin(origin, { customHeaders: { [ORIGIN_HEADER]: secret } }));
    const distribution = new Distribution(this, 'Distribution', {
      comment: `ib-oauth ${stage}`,
      domainNames: [new URL(issuer).host],
      certificate: Certificate.fromCertificateArn(this, 'Certificate', edgeCertificateArn),
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_ALL,
      webAclId: firewall.attrArn,
      defaultBehavior: api,
      additionalBehaviors: {
        '/assets/*': { ...api, cachePolicy: CachePolicy.CACHING_OPTIMIZED, compress: true },
        ...(largeBodies === undefined ? {} : { '/proxy/*': behindIt(new HttpOrigin(largeBodies)) }),
      },
    });
    new CfnOutput(this, 'ReachedAt', { value: distribution.distributionDomainName });
  }
}

/** Nothing is kept and nothing is changed: tokens and pages are for one user. The host stays the origin's own. */
const behindIt = (origin: IOrigin): BehaviorOptions => ({
  origin,
  allowedMethods: AllowedMethods.ALLOW_ALL,
  cachePolicy: CachePolicy.CACHING_DISABLED,
  originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
  viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
  // Answers that hold secrets beside what a request names are never compressed (BREACH).
  compress: false,
});

/**
 * AWS's lists of known bad addresses and inputs, and a limit by address. Not its common rule set: that one refuses what OAuth
 * lives of, such as redirect URIs on 127.0.0.1 in a query, long queries, bodies over 8 KB and calls without a browser's name.
 */
function addFirewall(scope: Construct, stage: string): CfnWebACL {
  const seen = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
    metricName,
    cloudWatchMetricsEnabled: true,
    // A sample would keep queries, which hold codes.
    sampledRequestsEnabled: false,
  });
  const managed = (name: string, priority: number): CfnWebACL.RuleProperty => ({
    name,
    priority,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
    visibilityConfig: seen(name),
  });
  return new CfnWebACL(scope, 'Firewall', {
    name: `ib-oauth-${stage}`,
    scope: 'CLOUDFRONT',
    defaultAction: { allow: {} },
    visibilityConfig: seen(`ib-oauth-${stage}`),
    rules: [
      {
        name: 'TooManyRequests',
        priority: 0,
        action: { block: { customResponse: { responseCode: 429 } } },
        statement: {
          rateBasedStatement: {
            aggregateKeyType: 'IP',
            limit: REQUESTS_PER_ADDRESS,
            evaluationWindowSec: 300,
            scopeDownStatement: {
              notStatement: {
                statement: {
                  byteMatchStatement: {
                    fieldToMatch: { uriPath: {} },
                    positionalConstraint: 'EXACTLY',
                    searchString: '/authorize/poll',
                    textTransformations: [{ priority: 0, type: 'NONE' }],
                  },
                },
              },
            },
          },
        },
        visibilityConfig: seen('TooManyRequests'),
      },
      managed('AWSManagedRulesAmazonIpReputationList', 1),
      managed('AWSManagedRulesKnownBadInputsRuleSet', 2),
    ],
  });
}
