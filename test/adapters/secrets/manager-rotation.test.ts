import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect } from 'chai';
import { parseSecretsText } from '../../../adapters/secrets/document.ts';
import {
  createSecretsManagerRotation,
  type RotationEvent,
} from '../../../adapters/secrets/manager-rotation.ts';
import { summarize, takeStep } from '../../../adapters/secrets/rotation.ts';

const SecretId = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ib-oauth-test';

/** Secrets Manager as far as a rotation sees it. */
class FakeSecretsManager {
  readonly versions = new Map<string, { value: string; stages: Set<string> }>();
  readonly calls: string[] = [];

  async send(command: { constructor: { name: string }; input: Record<string, unknown> }): Promise<unknown> {
    const { name } = command.constructor;
    this.calls.push(name);
    const { VersionStage: stage, VersionId: id } = command.input as {
      VersionStage: string;
      VersionId?: string;
    };
    switch (name) {
      case 'GetSecretValueCommand': {
        const found = [...this.versions].find(
          ([version, { stages }]) => stages.has(stage) && (id === undefined || id === version),
        );
        if (found === undefined) {
          throw Object.assign(new Error('no such version'), { name: 'ResourceNotFoundException' });
        }
        return { SecretString: found[1].value };
      }
      case 'PutSecretValueCommand': {
        const { ClientRequestToken, SecretString, VersionStages } = command.input as {
          ClientRequestToken: string;
          SecretString: string;
          VersionStages: string[];
        };
        for (const { stages } of this.versions.values())
          for (const moved of VersionStages) stages.delete(moved);
        this.versions.set(ClientRequestToken, { value: SecretString, stages: new Set(VersionStages) });
        return {};
      }
      case 'DescribeSecretCommand':
        return {
          VersionIdsToStages: Object.fromEntries(
            [...this.versions].map(([version, { stages }]) => [version, [...stages]]),
          ),
        };
      case 'UpdateSecretVersionStageCommand': {
        const { MoveToVersionId: to, RemoveFromVersionId: from } = command.input as Record<string, string>;
        this.versions.get(from ?? '')?.stages.delete(stage);
        this.versions.get(to ?? '')?.stages.add(stage);
        return {};
      }
      default:
        throw new Error(`${name} is not expected`);
    }
  }
}

describe('rotation in Secrets Manager', () => {
  let manager: FakeSecretsManager;
  let days = 0;
  const rotate = async (ClientRequestToken: string): Promise<void> => {
    const handle = createSecretsManagerRotation(
      manager as unknown as SecretsManagerClient,
      () => new Date((1_800_000_000 + days * 86_400) * 1000),
    );
    for (const Step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const) {
      const event: RotationEvent = { SecretId, ClientRequestToken, Step };
      await handle(event);
      // The service repeats a step whose answer it did not get.
      await handle(event);
    }
  };
  const current = async () => {
    const [version] = [...manager.versions.values()].filter(({ stages }) => stages.has('AWSCURRENT'));
    return parseSecretsText('current', version?.value ?? '');
  };
  const statuses = async () =>
    summarize(await current())
      .filter(({ alg }) => alg === 'RS256')
      .map(({ status }) => status)
      .sort();

  beforeEach(() => {
    manager = new FakeSecretsManager();
    manager.versions.set('stack', { value: '{}', stages: new Set(['AWSCURRENT']) });
    days = 0;
  });

  it('makes the keys at first, then makes the next ones known, then uses them; peppers stay', async () => {
    await rotate('v1');
    expect(await statuses()).to.deep.equal(['active']);
    const { cookieKeys, peppers } = await current();
    days = 30;
    await rotate('v2');
    expect(await statuses()).to.deep.equal(['active', 'next']);
    days = 60;
    await rotate('v3');
    expect(await statuses()).to.deep.equal(['active', 'next', 'retired']);
    const now = await current();
    expect(now.cookieKeys.map(({ status }) => status).sort()).to.deep.equal(['active', 'next', 'retired']);
    expect(now.cookieKeys.find(({ status }) => status === 'retired')?.value).to.equal(cookieKeys[0]?.value);
    expect(now.peppers).to.deep.equal(peppers);
  });

  it('changes nothing where a stack is deployed twice a day', async () => {
    await rotate('v1');
    days = 30;
    await rotate('v2');
    const before = await current();
    days = 30.5;
    await rotate('v3');
    expect(await current()).to.deep.equal(before);
  });

  it('undoes no step that an operator takes meanwhile', async () => {
    await rotate('v1');
    days = 30;
    const handle = createSecretsManagerRotation(
      manager as unknown as SecretsManagerClient,
      () => new Date((1_800_000_000 + days * 86_400) * 1000),
    );
    await handle({ SecretId, ClientRequestToken: 'v2', Step: 'createSecret' });
    const { document } = await takeStep(await current(), {
      nowSeconds: 1_800_000_000 + days * 86_400,
      knownSeconds: { signing_key: 0, cookie_key: 0, pepper: 0 },
    });
    const byHand = JSON.stringify(document);
    for (const { stages } of manager.versions.values()) stages.delete('AWSCURRENT');
    manager.versions.set('hand', { value: byHand, stages: new Set(['AWSCURRENT']) });
    const error = await handle({ SecretId, ClientRequestToken: 'v2', Step: 'finishSecret' }).catch(
      (caught: Error) => caught,
    );
    expect(error).to.have.property('code', 'secrets_changed');
    expect(await current()).to.deep.equal(document);
  });

  it('makes each version once, however often a step is repeated', async () => {
    await rotate('v1');
    expect(manager.calls.filter((name) => name === 'PutSecretValueCommand')).to.have.length(1);
    expect(manager.calls.filter((name) => name === 'UpdateSecretVersionStageCommand')).to.have.length(1);
  });

  it('never replaces what it cannot read, and says no key', async () => {
    manager.versions.set('stack', { value: '{"signingKeys":"d-secret"}', stages: new Set(['AWSCURRENT']) });
    const error = await rotate('v1').catch((caught: Error) => caught);
    expect(error).to.have.property('code', 'secrets_invalid');
    expect(String(error)).to.not.contain('d-secret');
    expect(manager.versions.size).to.equal(1);
  });
});
