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
}
