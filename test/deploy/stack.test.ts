import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { expect } from 'chai';
import { IbOauthStack } from '../../deploy/aws/stack.ts';
import { clientSecretNames, clientSecretVariables, readSettings } from '../../deploy/aws/variables.ts';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/telemetry/metric-names.ts';

const env = { account: '123456789012', region: 'us-east-1' };
const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';
const synth = (stage: string, more: object = {}): Template =>
  Template.fromStack(
    new IbOauthStack(new App(), `ib-oauth-${stage}`, {
      stage,
      issuer: 'https://id.acme.example',
      ibHosts: '*.intelligencebank.com',
      env,
      ...more,
    }),
  );

describe('the stack', function () {
  this.timeout(60_000);
  let dev: Template;
  let prod: Template;
  before(() => {
    dev = synth('dev');
    prod = synth('prod', { certificateArn, transfers: 50 });
  });

  const policiesOf = (role: string): string =>
    JSON.stringify(
      Object.entries(dev.findResources('AWS::IAM::Policy')).filter(([name]) => name.startsWith(role)),
    );

  it('has both tables by their names: on demand, TTL, recovery, a key of their own', () => {
    for (const name of ['ib-oauth-state-dev', 'ib-oauth-tokens-dev']) {
      dev.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        Replicas: [
          Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }),
        ],
      });
    }
  });

  it('protects what is stored in production', () => {
    const tables = Object.values(prod.findResources('AWS::DynamoDB::GlobalTable'));
    expect(tables).to.have.length(2);
    for (const table of tables) {
      expect(table['DeletionPolicy']).to.equal('Retain');
      expect(table['Properties'].Replicas[0].DeletionProtectionEnabled).to.equal(true);
    }
    expect(Object.values(prod.findResources('AWS::KMS::Key'))[0]?.['DeletionPolicy']).to.equal('Retain');
  });

  it('gives the function the variables of the contract, and only the permissions that go with them', () => {
    dev.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'ib-oauth-dev',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Environment: {
        Variables: Match.objectLike({
          STATE_TABLE: Match.anyValue(),
          TOKEN_TABLE: Match.anyValue(),
          STAGE: 'dev',
          SECRETS_ARN: Match.anyValue(),
          ISSUER: 'https://id.acme.example',
        }),
      },
    });
    const policies = policiesOf('FunctionRole');
    expect(policies)
      .to.not.contain('dynamodb:*')
      .and.not.contain('dynamodb:Scan')
      .and.not.contain('"Resource":"*"');
    expect(policies).to.contain('dynamodb:BatchGetItem').and.contain('secretsmanager:GetSecretValue');
  });

  it('lets the function make the calls that its store makes, and no others', () => {
    const engines = join(import.meta.dirname, '../../adapters/store/engines');
    // What makes and looks at tables is for operators and servers; what sweeps and counts reads everything.
    const others = /-(tables|start|clock)\.ts$/;
    const called = readdirSync(engines)
      .filter((file) => file.startsWith('dynamodb') && !others.test(file))
      .flatMap((file) => readFileSync(join(engines, file), 'utf8').match(/\b[A-Z]\w+(?=Command\b)/g) ?? [])
      .filter((call) => call !== 'Scan');
    const allowed = [...policiesOf('FunctionRole').matchAll(/"dynamodb:(\w+)"/g)].map(([, action]) => action);
    expect([...new Set(allowed)].toSorted()).to.deep.equal([...new Set(called)].toSorted());
  });

  it('gives it the operator’s settings and, by reference, the secrets of clients', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-deploy-'));
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const named = write(
      'clients.yaml',
      'clients: [{client_id: a, client_secret_env: [A_NEW, A_OLD]}, {client_id: b}]',
    );
    const names = clientSecretNames(named);
    expect(names).to.deep.equal(['A_NEW', 'A_OLD']);
    const filed = write('filed.yaml', 'clients: [{client_id: a, client_secret_file: secret.txt}]');
    expect(() => clientSecretNames(filed)).to.throw('client_secret_env');
    expect(() => clientSecretVariables(names, undefined)).to.throw('-c clientSecrets');
    expect(() => readSettings(write('bad.env', 'BRAND_NAME=ACME\nISSUER=https://x'))).to.throw(
      'ISSUER cannot be set here',
    );
    const settings = readSettings(
      write('good.env', '# ours\nBRAND_NAME="ACME sign-in"\nTRUSTED_PROXIES=2\n'),
    );
    rmSync(folder, { recursive: true });
    const template = synth('dev', {
      variables: { ...settings, ...clientSecretVariables(names, 'ib-oauth-clients-dev') },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({
          BRAND_NAME: 'ACME sign-in',
          TRUSTED_PROXIES: '2',
          A_NEW: '{{resolve:secretsmanager:ib-oauth-clients-dev:SecretString:A_NEW::}}',
          A_OLD: '{{resolve:secretsmanager:ib-oauth-clients-dev:SecretString:A_OLD::}}',
        }),
      },
    });
  });

  it('deploys gradually in production and goes back on errors', () => {
    prod.hasResourceProperties('AWS::CodeDeploy::DeploymentGroup', {
      DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
      AutoRollbackConfiguration: { Enabled: true, Events: Match.arrayWith(['DEPLOYMENT_STOP_ON_ALARM']) },
    });
  });

  it('throttles and logs the API, with log groups by their names and an end to what they keep', () => {
    dev.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      AccessLogSettings: Match.anyValue(),
      DefaultRouteSettings: { ThrottlingBurstLimit: 1000, ThrottlingRateLimit: 500 },
      RouteSettings: { 'GET /authorize/poll': { ThrottlingBurstLimit: 2000, ThrottlingRateLimit: 1000 } },
    });
    for (const group of Object.values(dev.findResources('AWS::Logs::LogGroup'))) {
      expect(group['Properties'].LogGroupName).to.match(/^\/aws\/lambda\/ib-oauth-.*dev$/);
      expect(group['Properties'].RetentionInDays).to.be.a('number');
    }
  });

  it('writes no query and no header of a request to its access log', () => {
    const stages = JSON.stringify(dev.findResources('AWS::ApiGatewayV2::Stage'));
    expect(stages).to.not.contain('queryString').and.not.contain('header.').and.not.contain('$context.path');
  });

  it('has an article in the runbook for every alarm', () => {
    const runbook = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
    const alarms = [
      ...Object.values(prod.findResources('AWS::CloudWatch::Alarm')),
      ...Object.values(prod.findResources('AWS::CloudWatch::CompositeAlarm')),
    ];
    expect(alarms).to.have.length.above(20);
    for (const { Properties: properties } of alarms) {
      const [, anchor] = /docs\/runbook\.md#([\w-]+)/.exec(properties.AlarmDescription) ?? [];
      expect(runbook, properties.AlarmName).to.contain(`\n## ${anchor}\n`);
      const { AlarmName: name = '' } = properties;
      if (name !== '' && name !== 'ib-oauth-prod-page') expect(name).to.equal(`ib-oauth-prod-${anchor}`);
    }
  });

  it('lets alarms of this account publish to its topics, and nobody without TLS', () => {
    for (const topic of Object.keys(prod.findResources('AWS::SNS::Topic'))) {
      prod.hasResourceProperties('AWS::SNS::TopicPolicy', {
        Topics: [{ Ref: topic }],
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
            Match.objectLike({
              Effect: 'Allow',
              Action: 'sns:Publish',
              Principal: { Service: 'cloudwatch.amazonaws.com' },
              Resource: { Ref: topic },
              Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
            }),
          ]),
        },
      });
    }
  });

  it('tells of every alarm when it begins and when it is over, and pages by one', () => {
    const topicOf = (name: string): unknown => {
      const [id] = Object.keys(prod.findResources('AWS::SNS::Topic', { Properties: { TopicName: name } }));
      return { Ref: id };
    };
    const informed = [topicOf('ib-oauth-alarms-prod')];
    const paged = [topicOf('ib-oauth-pages-prod')];
    const alarms = Object.entries(prod.findResources('AWS::CloudWatch::Alarm'));
    for (const [, { Properties: properties }] of alarms) {
      // The deployment's own alarm ends a deployment.
      if (properties.AlarmName === undefined) continue;
      expect(properties.AlarmActions, properties.AlarmName).to.deep.equal(informed);
      expect(properties.OKActions, properties.AlarmName).to.deep.equal(informed);
    }
    const [page, ...others] = Object.values(prod.findResources('AWS::CloudWatch::CompositeAlarm'));
    expect(others).to.deep.equal([]);
    expect(page?.['Properties']).to.deep.include({ AlarmActions: paged, OKActions: paged });
    const rule = JSON.stringify(page?.['Properties'].AlarmRule);
    const pages = alarms
      .filter(([id]) => rule.includes(`"${id}"`))
      .map(([, { Properties: p }]) => p.AlarmName);
    expect(pages.toSorted()).to.deep.equal(
      [
        'api-throttled',
        'error-rate',
        'function-errors',
        'function-throttled',
        'ib-failing',
        'sign-ins-unfinished',
        'store-failing',
      ].map((name) => `ib-oauth-prod-${name}`),
    );
  });

  it('watches numbers that the function writes, by the labels it gives them', () => {
    const alarms = Object.values(prod.findResources('AWS::CloudWatch::Alarm'));
    const watched = alarms.flatMap(({ Properties: properties }) => [
      properties,
      ...(properties.Metrics ?? []).flatMap((entry: { MetricStat?: { Metric: object } }) =>
        entry.MetricStat === undefined ? [] : [entry.MetricStat.Metric],
      ),
    ]) as { Namespace?: string; MetricName: string; Dimensions?: { Name: string; Value: string }[] }[];
    const written = new Map<string, readonly string[]>(
      Object.entries({ ...COUNTERS, ...HISTOGRAMS }).map(([name, { dimensions }]) => [name, dimensions]),
    );
    for (const name of Object.keys(GAUGES)) written.set(name, []);
    const own = watched.filter(({ Namespace: namespace }) => namespace === 'ib-oauth');
    expect(own).to.have.length.above(5);
    for (const { MetricName: name, Dimensions: dimensions = [] } of own) {
      const labels = Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]));
      expect(labels, name).to.have.keys('service', ...(written.get(name) ?? ['(no such number)']));
      expect(labels['service']).to.equal('ib-oauth');
    }
  });

  it('makes the server’s keys and rotates them, by a function that may do nothing else', () => {
    dev.hasResourceProperties('AWS::SecretsManager::Secret', { Name: 'ib-oauth-dev', SecretString: '{}' });
    dev.hasResourceProperties('AWS::SecretsManager::RotationSchedule', {
      RotateImmediatelyOnUpdate: true,
      RotationRules: { ScheduleExpression: 'rate(30 days)' },
    });
    expect(policiesOf('RotationRole'))
      .to.contain('secretsmanager:PutSecretValue')
      .and.not.contain('dynamodb:');
  });

  it('streams large bodies where asked to, as many at once as allowed, and by a function of its own', () => {
    expect(dev.findResources('AWS::Lambda::Url')).to.deep.equal({});
    prod.hasResourceProperties('AWS::Lambda::Url', { InvokeMode: 'RESPONSE_STREAM', AuthType: 'NONE' });
    prod.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'ib-oauth-stream-prod',
      Handler: Match.anyValue(),
      ReservedConcurrentExecutions: 50,
      Timeout: 900,
      Environment: { Variables: Match.objectLike({ ISSUER: 'https://id.acme.example', STAGE: 'prod' }) },
    });
    prod.hasOutput('LargeBodies', {});
  });

  it('says where it is', () => {
    prod.hasOutput('ReachedAt', {
      Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Domain'), 'RegionalDomainName'] },
    });
    prod.hasResourceProperties('AWS::ApiGatewayV2::DomainName', { DomainName: 'id.acme.example' });
    dev.hasOutput('DiscoveryUrl', { Value: 'https://id.acme.example/.well-known/openid-configuration' });
  });
});
