/** Findings of cdk-nag that are meant as they are, each with its reason. Anything else fails the synthesis. */
import { type Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

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

/** Acknowledges the findings above in a stack. */
export function acknowledgeFindings(stack: Stack): void {
  acknowledge(stack, REASONS);
  acknowledge(stack.node.findChild('RotationRole'), ROTATION_REASONS);
}

function acknowledge(scope: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) {
    Validations.of(scope).acknowledge({ id: `AwsSolutions::${id}`, reason });
  }
}
