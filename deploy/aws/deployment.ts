/** What a deployment is told by `-c NAME=value`, checked, and the stacks that follow from it. */
import { join } from 'node:path';
import { type App, type Stack, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { EdgeStack } from './edge.ts';
import { acknowledgeEdgeFindings, acknowledgeFindings } from './findings.ts';
import { EDGE_REGION, type EdgeStackProps, type IbOauthStackProps } from './props.ts';
import { IbOauthStack } from './stack.ts';
import { clientSecretNames, clientSecretVariables, readSettings } from './variables.ts';

export interface Deployment {
  readonly stage: IbOauthStackProps;
  /** CloudFront's own stack, once the API's address is known. */
  readonly edge?: EdgeStackProps;
}

/** What `-c` may name, with what a value looks like. */
const NAMES: Readonly<Record<string, readonly [pattern: RegExp, like: string]>> = {
  stage: [/^[a-z][a-z0-9-]{0,19}$/, 'a short name, such as prod'],
  issuer: [/^https:\/\/[a-z0-9.-]+$/, 'an https origin, such as https://id.acme.com'],
  ibHosts: [/^\S+$/, 'hosts, comma-separated'],
  settings: [/./, 'a file of NAME=value lines'],
  clientSecrets: [/^[\w/+=.@-]+$/, 'the name of a secret of Secrets Manager'],
  certificateArn: [/^arn:aws[a-z-]*:acm:/, 'the ARN of a certificate'],
  transfers: [/^[1-9]\d{0,3}$/, 'a number of transfers at once, such as 50'],
  reserved: [/^[1-9]\d{0,4}$/, 'a number of requests at once, such as 200'],
  provisioned: [/^[1-9]\d{0,4}$/, 'a number of environments kept warm, such as 5'],
  cloudFront: [/^yes$/, 'yes'],
  origin: [/^[a-z0-9.-]+$/, 'the host that the output ReachedAt named'],
  edgeCertificateArn: [/^arn:aws[a-z-]*:acm:us-east-1:/, 'the ARN of a certificate in us-east-1'],
  largeBodies: [/^[a-z0-9.-]+$/, 'the host that the output LargeBodies named'],
  stateTable: [/^[\w.-]{3,255}$/, 'the name of a restored table'],
  tokenTable: [/^[\w.-]{3,255}$/, 'the name of a restored table'],
  account: [/^\d{12}$/, 'an account of twelve digits'],
  region: [/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, such as eu-west-1'],
};
/** The CDK's own names, among which ours stand. */
const CDKS = /[:/@]|^cdk|^tree-metadata$/;

type Given = Readonly<Partial<Record<string, string>>>;

/** Ours among the values of `-c`; throws on a name that nothing reads, and on values that cannot be meant. */
function given(context: Readonly<Record<string, unknown>>): Given {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(context)) {
    const known = NAMES[name];
    if (known === undefined && CDKS.test(name)) continue;
    if (known === undefined)
      throw new Error(`-c ${name}: not known; what is: ${Object.keys(NAMES).join(', ')}`);
    const [pattern, like] = known;
    if (!pattern.test(String(value))) throw new Error(`-c ${name}=${String(value)}: must be ${like}`);
    found[name] = String(value);
  }
  return found;
}

function together({
  cloudFront,
  certificateArn,
  origin,
  edgeCertificateArn,
  largeBodies,
  ...more
}: Given): void {
  if (cloudFront !== undefined && certificateArn !== undefined)
    throw new Error('-c certificateArn: CloudFront has the issuer’s host; pass -c edgeCertificateArn');
  if (cloudFront === undefined && (origin ?? edgeCertificateArn ?? largeBodies) !== undefined)
    throw new Error('-c origin, edgeCertificateArn and largeBodies: are for -c cloudFront=yes');
  if (origin !== undefined && edgeCertificateArn === undefined)
    throw new Error('-c edgeCertificateArn: is required with -c origin');
  const { reserved, provisioned } = more;
  if (Number(provisioned ?? 0) > Number(reserved ?? Number.POSITIVE_INFINITY))
    throw new Error(`-c provisioned=${provisioned}: is more than -c reserved=${reserved}`);
}

const numbers = (names: readonly string[], values: Given): Record<string, number> =>
  Object.fromEntries(
    names.flatMap((name) => (values[name] === undefined ? [] : [[name, Number(values[name])]])),
  );

const texts = (names: readonly string[], values: Given): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));

/** Reads the values of `-c`; a fault is an error of one line. `clientsFile` is what the function is built with. */
export function readDeployment(
  context: Readonly<Record<string, unknown>>,
  {
    clientsFile = join(import.meta.dirname, '../../config/clients.yaml'),
    environment = process.env,
  }: { readonly clientsFile?: string; readonly environment?: NodeJS.ProcessEnv } = {},
): Deployment {
  const values = given(context);
  together(values);
  const { stage = 'dev', issuer = 'https://id.example.com', settings, cloudFront, origin } = values;
  const account = values['account'] ?? environment['CDK_DEFAULT_ACCOUNT'] ?? '123456789012';
  const region = values['region'] ?? environment['CDK_DEFAULT_REGION'] ?? 'us-east-1';
  const { edgeCertificateArn = '' } = values;
  return {
    stage: {
      stage,
      issuer,
      ibHosts: values['ibHosts'] ?? '*.intelligencebank.com',
      variables: {
        ...(settings === undefined ? {} : readSettings(settings)),
        ...clientSecretVariables(clientSecretNames(clientsFile), values['clientSecrets']),
      },
      ...numbers(['transfers', 'reserved', 'provisioned'], values),
      ...texts(['certificateArn'], values),
      behindCloudFront: cloudFront !== undefined,
      restored: texts(['stateTable', 'tokenTable'], values),
      env: { account, region },
    },
    ...(origin === undefined
      ? {}
      : {
          edge: {
            stage,
            issuer,
            origin,
            edgeCertificateArn,
            ...texts(['largeBodies'], values),
            env: { account, region: EDGE_REGION },
          },
        }),
  };
}

/** Adds the stacks, and what cdk-nag has to say of them: a finding that findings.ts does not name fails the synthesis. */
export function addStacks(app: App, { stage, edge }: Deployment): void {
  const tagged = <Made extends Stack>(stack: Made): Made => {
    // Dashboards take tags in some regions only.
    const where = { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] };
    Tags.of(stack).add('app', 'ib-oauth', where);
    Tags.of(stack).add('stage', stage.stage, where);
    return stack;
  };
  acknowledgeFindings(tagged(new IbOauthStack(app, `ib-oauth-${stage.stage}`, stage)), stage);
  if (edge !== undefined)
    acknowledgeEdgeFindings(tagged(new EdgeStack(app, `ib-oauth-edge-${stage.stage}`, edge)));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}
