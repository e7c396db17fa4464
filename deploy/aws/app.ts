/** `npm run synth`: the stack of one stage. Settings come from the CDK context: `-c stage=prod -c issuer=https://…`. */
import { join } from 'node:path';
import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { acknowledgeFindings } from './findings.ts';
import { IbOauthStack } from './stack.ts';
import { clientSecretNames, clientSecretVariables, readSettings } from './variables.ts';

const app = new App();
const context = (name: string): string | undefined => {
  const value: unknown = app.node.tryGetContext(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
};
const stage = context('stage') ?? 'dev';
const settings = context('settings');
const transfers = context('transfers');
if (transfers !== undefined && !/^[1-9]\d{0,3}$/.test(transfers))
  throw new Error(`-c transfers=${transfers}: a number of transfers at once, such as 50`);
const clientsFile = join(import.meta.dirname, '../../config/clients.yaml');
const stack = new IbOauthStack(app, `ib-oauth-${stage}`, {
  stage,
  issuer: context('issuer') ?? 'https://id.example.com',
  ibHosts: context('ibHosts') ?? '*.intelligencebank.com',
  variables: {
    ...(settings === undefined ? {} : readSettings(settings)),
    ...clientSecretVariables(clientSecretNames(clientsFile), context('clientSecrets')),
  },
  ...(transfers === undefined ? {} : { transfers: Number(transfers) }),
  ...(context('certificateArn') === undefined ? {} : { certificateArn: context('certificateArn') ?? '' }),
  env: {
    account: context('account') ?? process.env['CDK_DEFAULT_ACCOUNT'] ?? '123456789012',
    region: context('region') ?? process.env['CDK_DEFAULT_REGION'] ?? 'us-east-1',
  },
});
Tags.of(stack).add('app', 'ib-oauth');
Tags.of(stack).add('stage', stage);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
acknowledgeFindings(stack);
app.synth();
