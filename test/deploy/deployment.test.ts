import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { expect } from 'chai';
import { addStacks, readDeployment } from '../../deploy/aws/deployment.ts';

const certificateArn = 'arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';
const edgeCertificateArn = certificateArn.replace('eu-west-1', 'us-east-1');
const PROD = {
  stage: 'prod',
  issuer: 'https://id.acme.example',
  region: 'eu-west-1',
  account: '123456789012',
};
const EDGE = {
  ...PROD,
  cloudFront: 'yes',
  origin: 'abc123.execute-api.eu-west-1.amazonaws.com',
  edgeCertificateArn,
};

/** Every option once at least. */
const DEPLOYMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'as it comes': {},
  'in production, with a host of its own': { ...PROD, certificateArn, transfers: '50' },
  'with concurrency reserved and kept warm': { ...PROD, certificateArn, reserved: '200', provisioned: '5' },
  'behind CloudFront, first step': { ...PROD, cloudFront: 'yes', transfers: '50' },
  'behind CloudFront, second step': {
    ...EDGE,
    transfers: '50',
    largeBodies: 'xyz.lambda-url.eu-west-1.on.aws',
  },
  'on restored tables': { ...PROD, certificateArn, stateTable: 'state-again', tokenTable: 'tokens-again' },
};

describe('a deployment', function () {
  this.timeout(120_000);
  let folder: string;
  let clientsFile: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-deploy-'));
    clientsFile = join(folder, 'clients.yaml');
    writeFileSync(clientsFile, 'clients: []\n');
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = (context: Readonly<Record<string, unknown>>) =>
    readDeployment(context, { clientsFile, environment: {} });

  /** Synthesises what `-c` says, into a folder; throws on a finding of cdk-nag. */
  function synth(context: Readonly<Record<string, unknown>>): { app: App; outdir: string } {
    const outdir = mkdtempSync(join(folder, 'out-'));
    const app = new App({ outdir });
    addStacks(app, read(context));
    app.synth();
    return { app, outdir };
  }

  const templateOf = (context: Readonly<Record<string, unknown>>, name: string): Template => {
    const { outdir } = synth(context);
    return Template.fromString(readFileSync(join(outdir, `${name}.template.json`), 'utf8'));
  };

  for (const [what, context] of Object.entries(DEPLOYMENTS)) {
    it(`${what}: cdk-nag finds nothing that findings.ts does not explain`, () => {
      expect(readdirSync(synth(context).outdir).join(' ')).to.contain('.template.json');
    });
  }

  it('has no finding of cdk-nag hidden that is not explained: an unexplained one fails', () => {
    const app = new App({ outdir: mkdtempSync(join(folder, 'out-')) });
    addStacks(app, read(PROD));
    new Topic(app.node.findChild('ib-oauth-prod') as Stack, 'Unexplained');
    expect(() => app.synth()).to.throw('Validation failed');
  });

  it('is well-formed by cfn-lint, where that is installed', function () {
    const templates = ['behind CloudFront, second step', 'on restored tables'].flatMap((what) => {
      const { outdir } = synth(DEPLOYMENTS[what] ?? {});
      const made = readdirSync(outdir).filter((file) => file.endsWith('.template.json'));
      return made.map((file) => join(outdir, file));
    });
    expect(templates).to.have.length(3);
    // It is no package of npm: `pip install cfn-lint`.
    const { error, status, stdout } = spawnSync(
      'cfn-lint',
      ['--non-zero-exit-code', 'error', '--', ...templates],
      { encoding: 'utf8' },
    );
    if (error !== undefined) return this.skip();
    expect(status, stdout).to.equal(0);
  });

  it('refuses what nothing reads, and what cannot be meant, in one line', () => {
    for (const [context, said] of [
      [{ isuer: 'https://x' }, '-c isuer: not known'],
      [{ issuer: 'http://id.acme.example' }, '-c issuer=http://id.acme.example: must be an https origin'],
      [{ issuer: 'https://id.acme.example/dev' }, 'must be an https origin'],
      [{ transfers: 'many' }, '-c transfers=many: must be a number'],
      [{ transfers: '0' }, '-c transfers=0: must be a number'],
      [{ reserved: '-1' }, '-c reserved=-1: must be a number'],
      [{ reserved: '2', provisioned: '5' }, '-c provisioned=5: is more than -c reserved=2'],
      [{ cloudFront: 'true' }, '-c cloudFront=true: must be yes'],
      [{ cloudFront: 'yes', certificateArn }, 'pass -c edgeCertificateArn'],
      [{ cloudFront: 'yes', origin: 'a.example' }, '-c edgeCertificateArn: is required with -c origin'],
      [{ origin: 'a.example', edgeCertificateArn }, 'are for -c cloudFront=yes'],
      [{ cloudFront: 'yes', origin: 'https://a.example', edgeCertificateArn }, 'must be the host'],
      [{ edgeCertificateArn: certificateArn, cloudFront: 'yes' }, 'a certificate in us-east-1'],
      [{ tokenTable: 'a b' }, '-c tokenTable=a b: must be the name of a restored table'],
      [{ stage: '' }, '-c stage=: must be a short name'],
      [{ account: '12' }, '-c account=12'],
    ] as const) {
      expect(() => read(context), said)
        .to.throw(said)
        .with.property('message')
        .that.does.not.contain('\n');
    }
  });

  it('takes the names of the CDK itself for what they are', () => {
    const context = {
      'aws:cdk:bundling-stacks': [],
      '@aws-cdk/core:x': true,
      'availability-zones:account=1': 'x',
    };
    expect(read(context).stage.stage).to.equal('dev');
  });

  it('keeps environments warm, and concurrency for the function alone', () => {
    const template = templateOf({ ...PROD, reserved: '200', provisioned: '5' }, 'ib-oauth-prod');
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'ib-oauth-prod',
      ReservedConcurrentExecutions: 200,
    });
    template.hasResourceProperties('AWS::Lambda::Alias', {
      Name: 'live',
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 5 },
    });
  });

  it('behind CloudFront answers nobody else, tells nobody how it knows, and believes two in front', () => {
    const template = templateOf({ ...PROD, cloudFront: 'yes' }, 'ib-oauth-prod');
    template.resourceCountIs('AWS::ApiGatewayV2::DomainName', 0);
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'REQUEST',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.x-ib-oauth-origin'],
      AuthorizerResultTtlInSeconds: 3600,
    });
    const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route'));
    expect(routes).to.have.length(2);
    for (const { Properties: route } of routes)
      expect(route.AuthorizationType, route.RouteKey).to.equal('CUSTOM');
    template.allResourcesProperties('AWS::ApiGatewayV2::Integration', {
      RequestParameters: { 'remove:header.x-ib-oauth-origin': '' },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'ib-oauth-prod',
      Environment: { Variables: Match.objectLike({ TRUSTED_PROXIES: '2' }) },
    });
    template.hasResourceProperties('AWS::SecretsManager::Secret', {
      Name: 'ib-oauth-origin-prod',
      ReplicaRegions: [{ Region: 'us-east-1' }],
    });
  });

  it('lets in whoever shows the secret of CloudFront, and nobody else', async () => {
    const template = templateOf({ ...PROD, cloudFront: 'yes' }, 'ib-oauth-prod');
    const [compare] = Object.values(
      template.findResources('AWS::Lambda::Function', {
        Properties: { FunctionName: 'ib-oauth-origin-prod' },
      }),
    );
    const file = join(folder, 'compare.cjs');
    writeFileSync(file, compare?.['Properties'].Code.ZipFile);
    const { handler } = (await import(file)) as {
      handler: (event: { headers: Record<string, string> }) => Promise<{ isAuthorized: boolean }>;
    };
    process.env['ORIGIN_SECRET'] = 's'.repeat(64);
    try {
      const admits = async (headers: Record<string, string>) => (await handler({ headers })).isAuthorized;
      expect(await admits({ 'x-ib-oauth-origin': 's'.repeat(64) })).to.equal(true);
      expect(await admits({ 'x-ib-oauth-origin': 's'.repeat(63) })).to.equal(false);
      expect(await admits({ 'x-ib-oauth-origin': '' })).to.equal(false);
      expect(await admits({})).to.equal(false);
    } finally {
      delete process.env['ORIGIN_SECRET'];
    }
  });

  it('puts CloudFront and its firewall where they have to be: nothing kept, nothing compressed, no OAuth refused', () => {
    const largeBodies = 'xyz.lambda-url.eu-west-1.on.aws';
    const template = templateOf({ ...EDGE, transfers: '50', largeBodies }, 'ib-oauth-edge-prod');
    const uncached = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
    const allButHost = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';
    const forUsersOnly = {
      CachePolicyId: uncached,
      OriginRequestPolicyId: allButHost,
      Compress: false,
      ViewerProtocolPolicy: 'https-only',
    };
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: Match.objectLike({
        Aliases: ['id.acme.example'],
        WebACLId: Match.anyValue(),
        DefaultCacheBehavior: Match.objectLike(forUsersOnly),
        CacheBehaviors: [
          Match.objectLike({ PathPattern: '/assets/*', Compress: true }),
          Match.objectLike({ ...forUsersOnly, PathPattern: '/proxy/*' }),
        ],
        Origins: Match.arrayWith([
          Match.objectLike({
            DomainName: EDGE.origin,
            OriginCustomHeaders: [
              {
                HeaderName: 'x-ib-oauth-origin',
                HeaderValue: '{{resolve:secretsmanager:ib-oauth-origin-prod:SecretString:::}}',
              },
            ],
          }),
        ]),
      }),
    });
    const firewall = JSON.stringify(template.findResources('AWS::WAFv2::WebACL'));
    expect(firewall).to.contain('AWSManagedRulesKnownBadInputsRuleSet').and.not.contain('CommonRuleSet');
    expect(firewall).to.not.contain('"SampledRequestsEnabled":true');
  });

  it('reads restored tables in place of its own, and leaves its own as they are', () => {
    const template = templateOf(
      { ...PROD, stateTable: 'state-again', tokenTable: 'tokens-again' },
      'ib-oauth-prod',
    );
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'ib-oauth-prod',
      Environment: {
        Variables: Match.objectLike({ STATE_TABLE: 'state-again', TOKEN_TABLE: 'tokens-again' }),
      },
    });
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 2);
    const policies = JSON.stringify(
      Object.entries(template.findResources('AWS::IAM::Policy')).filter(([name]) =>
        name.startsWith('FunctionRole'),
      ),
    );
    expect(policies).to.contain(':table/tokens-again/index/*').and.contain(':table/state-again"');
    expect(policies).to.not.contain('TokenTable3625D248');
    expect(policies).to.contain('kms:Decrypt');
    const alarms = JSON.stringify(template.findResources('AWS::CloudWatch::Alarm'));
    expect(alarms).to.contain('"Value":"tokens-again"').and.contain('"Value":"state-again"');
  });
});
