/** Findings of cdk-nag that are meant as they are, each with its reason. Anything else fails the synthesis. */
import { type Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { IbOauthStackProps } from './props.ts';

const REASONS: Readonly<Record<string, string>> = {
  'AwsSolutions-IAM5[Resource::<TokenTable3625D248.Arn>/index/*]':
    'The indexes of our own token table, of which there is one.',
  'AwsSolutions-IAM5[Action::kms:ReEncrypt*]':
    "The actions that DynamoDB needs of the tables' own key; the resource is that key alone.",
  'AwsSolutions-IAM5[Action::kms:GenerateDataKey*]':
    "The actions that DynamoDB needs of the tables' own key; the resource is that key alone.",
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]':
    'The narrowest role that AWS offers for deployments of functions.',
  'AwsSolutions-APIG4':
    'The application is the authorization server; its own endpoints authenticate as OAuth says.',
};

/** Of the rotation's role alone: the CDK lets every rotation make random passwords, a call that knows no resource. */
const ROTATION_REASONS: Readonly<Record<string, string>> = {
  'AwsSolutions-IAM5[Resource::*]': 'secretsmanager:GetRandomPassword, which takes no resource.',
};

/** Of the secret between CloudFront and the API. */
const ORIGIN_REASONS: Readonly<Record<string, string>> = {
  'AwsSolutions-SMG4':
    'Both sides read it when they are deployed; docs/operations.md says how to change it on both.',
};

const EDGE_REASONS: Readonly<Record<string, string>> = {
  'AwsSolutions-CFR1': 'Who may sign in is IntelligenceBank’s to say, not a country’s.',
  'AwsSolutions-CFR3':
    'Its log would keep queries, which hold codes; the API and the product log without them.',
};

/** Acknowledges the findings above in a stage's stack. */
export function acknowledgeFindings(stack: Stack, { restored }: Pick<IbOauthStackProps, 'restored'>): void {
  acknowledge(stack, REASONS);
  const { tokenTable } = restored ?? {};
  if (tokenTable !== undefined) {
    const table = `arn:<AWS::Partition>:dynamodb:${stack.region}:${stack.account}:table/${tokenTable}`;
    acknowledge(stack, {
      [`AwsSolutions-IAM5[Resource::${table}/index/*]`]:
        'The indexes of the restored table, of which there is one.',
    });
  }
  acknowledge(stack.node.findChild('RotationRole'), ROTATION_REASONS);
  const originSecret = stack.node.tryFindChild('OriginSecret');
  if (originSecret !== undefined) acknowledge(originSecret, ORIGIN_REASONS);
}

/** Acknowledges those of CloudFront's stack. */
export const acknowledgeEdgeFindings = (stack: Stack): void => acknowledge(stack, EDGE_REASONS);

function acknowledge(scope: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) {
    Validations.of(scope).acknowledge({ id: `AwsSolutions::${id}`, reason });
  }
}
