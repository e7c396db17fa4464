/** What a deployment is told. */
import type { StackProps } from 'aws-cdk-lib';

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
  /** How many requests the function may answer at once, kept for it alone; without it the account's common ones. */
  readonly reserved?: number;
  /** How many environments of the function are kept warm; without it none. */
  readonly provisioned?: number;
  /** CloudFront stands in front, and the API answers nobody else. Its own stack is `EdgeStack`. */
  readonly behindCloudFront?: boolean;
  /** Tables restored from a backup, in place of the stack's own. */
  readonly restored?: { readonly stateTable?: string; readonly tokenTable?: string };
}

export interface EdgeStackProps extends StackProps {
  readonly stage: string;
  readonly issuer: string;
  /** The host of the API: what the output `ReachedAt` of the stage's stack says. */
  readonly origin: string;
  /** Certificate of the issuer's host in us-east-1, where CloudFront looks for it. */
  readonly edgeCertificateArn: string;
  /** The host of the function URL for large bodies, of the output `LargeBodies`. */
  readonly largeBodies?: string;
}

/** CloudFront, its certificates and its firewalls live here, wherever the rest is. */
export const EDGE_REGION = 'us-east-1';
/** The header by which the API knows CloudFront, and the secret that it holds. */
export const ORIGIN_HEADER = 'x-ib-oauth-origin';
export const originSecretName = (stage: string): string => `ib-oauth-origin-${stage}`;
