/**
 * Rotation of the secret in AWS Secrets Manager, by the four steps that the service asks for. The first time it makes the
 * keys; later it takes one step with signing keys and cookie keys. Peppers are the operator's, by `secrets rotate`: before
 * one goes, self-registered apps have to be sealed anew, and this function sees no table.
 */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { lifetimes } from '../../config/lifetimes.ts';
import { parseSecretsText, type SecretsDocument } from './document.ts';
import { SecretsError } from './error.ts';
import { createSecrets } from './keys.ts';
import { isOver, knownSecondsOf, type StepOptions, summarize, takeStep, waitingFor } from './rotation.ts';

/** What Secrets Manager sends, once for each step. */
export interface RotationEvent {
  readonly SecretId: string;
  /** The id of the version that is being made. */
  readonly ClientRequestToken: string;
  readonly Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
}

/** What a secret holds before its keys have been made: the stack writes it, and nothing else is ever replaced. */
export const NOT_YET_MADE = '{}';

const STEP: Omit<StepOptions, 'nowSeconds'> = {
  knownSeconds: knownSecondsOf(lifetimes),
  kinds: ['signing_key', 'cookie_key'],
};

/** The handler of the rotation. Every step may be repeated; a fault leaves the current version as it is. */
export function createSecretsManagerRotation(
  client = new SecretsManagerClient({}),
  now: () => Date = () => new Date(),
): (event: RotationEvent) => Promise<void> {
  const nowSeconds = (): number => Math.floor(now().getTime() / 1000);

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

  async function currentOf(secretId: string): Promise<SecretsDocument | undefined> {
    const text = await stored(secretId, 'AWSCURRENT');
    return text === undefined || text.trim() === NOT_YET_MADE ? undefined : parseSecretsText(secretId, text);
  }

  /** The document after a step, or the same where a step would be too early, as it is when a stack is deployed twice a day. */
  async function nextOf(secretId: string): Promise<SecretsDocument> {
    const current = await currentOf(secretId);
    if (current === undefined) return createSecrets(now());
    const options = { nowSeconds: nowSeconds(), ...STEP };
    return waitingFor(current, options) === undefined ? (await takeStep(current, options)).document : current;
  }

  /** An operator's own step, taken since the pending version was made, must not be undone: sealed records would be lost. */
  async function assertNothingLost(secretId: string, versionId: string): Promise<void> {
    const current = await currentOf(secretId);
    const pending = await parseSecretsText(secretId, (await stored(secretId, 'AWSPENDING', versionId)) ?? '');
    const kept = new Set(summarize(pending).map(({ kind, id }) => `${kind} ${id}`));
    const lost =
      current &&
      summarize(current).filter((key) => !isOver(key, nowSeconds()) && !kept.has(`${key.kind} ${key.id}`));
    if (lost !== undefined && lost.length > 0) {
      throw new SecretsError('secrets_changed', [
        `${secretId}: was changed while it was rotated; the change stays`,
      ]);
    }
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
    await assertNothingLost(SecretId, ClientRequestToken);
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
