/**
 * Rotation of the secret in AWS Secrets Manager, by the four steps that the service asks for. The first one makes the
 * keys; later ones take one step of rotation, so that a key signs no sooner than it has been published by all processes.
 */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { parseSecretsText, type SecretsDocument } from './document.ts';
import { rotateKeys } from './rotation.ts';
import { createSecrets } from './secrets.ts';

/** What Secrets Manager sends, once for each step. */
export interface RotationEvent {
  readonly SecretId: string;
  /** The id of the version that is being made. */
  readonly ClientRequestToken: string;
  readonly Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
}

/** What a secret holds before its keys have been made: the stack writes it, and nothing else is ever replaced. */
export const NOT_YET_MADE = '{}';

/** The handler of the rotation. Every step may be repeated; a fault leaves the current version as it is. */
export function createSecretsManagerRotation(
  client = new SecretsManagerClient({}),
  now: () => Date = () => new Date(),
): (event: RotationEvent) => Promise<void> {
  async function stored(secretId: string, stage: string, versionId?: string): Promise<string | undefined> {
    try {
      const { SecretString } = await client.send(
        new GetSecretValueCommand({
          SecretId: secretId,
          VersionStage: stage,
          ...(versionId === undefined ? {} : { VersionId: versionId }),
        }),
      );
      return SecretString;
    } catch (error) {
      if ((error as Error).name === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  async function nextOf(secretId: string): Promise<SecretsDocument> {
    const current = await stored(secretId, 'AWSCURRENT');
    if (current === undefined || current.trim() === NOT_YET_MADE) return createSecrets(now());
    return rotateKeys(await parseSecretsText(secretId, current), Math.floor(now().getTime() / 1000));
  }

  async function create({ SecretId, ClientRequestToken }: RotationEvent): Promise<void> {
    if ((await stored(SecretId, 'AWSPENDING', ClientRequestToken)) !== undefined) return;
    await client.send(
      new PutSecretValueCommand({
        SecretId,
        ClientRequestToken,
        SecretString: JSON.stringify(await nextOf(SecretId)),
        VersionStages: ['AWSPENDING'],
      }),
    );
  }

  async function test({ SecretId, ClientRequestToken }: RotationEvent): Promise<void> {
    await parseSecretsText(SecretId, (await stored(SecretId, 'AWSPENDING', ClientRequestToken)) ?? '');
  }

  async function finish({ SecretId, ClientRequestToken }: RotationEvent): Promise<void> {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    const [current] =
      Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT')) ?? [];
    if (current === ClientRequestToken) return;
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: ClientRequestToken,
        ...(current === undefined ? {} : { RemoveFromVersionId: current }),
      }),
    );
  }

  return async (event) => {
    switch (event.Step) {
      case 'createSecret':
        return create(event);
      case 'setSecret':
        // Nobody else has to be told of the keys.
        return;
      case 'testSecret':
        return test(event);
      case 'finishSecret':
        return finish(event);
    }
  };
}
