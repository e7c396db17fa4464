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

/** The versions of a secret, as Secrets Manager keeps them: each under an id, some under a stage. */
interface Versions {
  /** The text under a stage; of this version alone, where one is named. Undefined where there is none. */
  text(secretId: string, stage: string, versionId?: string): Promise<string | undefined>;
  /** Stores the document of the version that is being made. */
  putPending(event: RotationEvent, document: SecretsDocument): Promise<void>;
  /** The id of the version in force. */
  currentId(secretId: string): Promise<string | undefined>;
  /** Brings the version that is being made into force, in place of another. */
  promote(event: RotationEvent, current: string | undefined): Promise<void>;
}

function versionsIn(client: SecretsManagerClient): Versions {
  return {
    async text(secretId, stage, versionId) {
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
    },

    async putPending({ SecretId, ClientRequestToken }, document) {
      await client.send(
        new PutSecretValueCommand({
          SecretId,
          ClientRequestToken,
          SecretString: JSON.stringify(document),
          VersionStages: ['AWSPENDING'],
        }),
      );
    },

    async currentId(secretId) {
      const { VersionIdsToStages = {} } = await client.send(
        new DescribeSecretCommand({ SecretId: secretId }),
      );
      return Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT'))?.[0];
    },

    async promote({ SecretId, ClientRequestToken }, current) {
      await client.send(
        new UpdateSecretVersionStageCommand({
          SecretId,
          VersionStage: 'AWSCURRENT',
          MoveToVersionId: ClientRequestToken,
          ...(current === undefined ? {} : { RemoveFromVersionId: current }),
        }),
      );
    },
  };
}

/** The handler of the rotation. Every step may be repeated; a fault leaves the current version as it is. */
export function createSecretsManagerRotation(
  client = new SecretsManagerClient({}),
  now: () => Date = () => new Date(),
): (event: RotationEvent) => Promise<void> {
  const versions = versionsIn(client);
  const nowSeconds = (): number => Math.floor(now().getTime() / 1000);

  async function currentOf(secretId: string): Promise<SecretsDocument | undefined> {
    const text = await versions.text(secretId, 'AWSCURRENT');
    return text === undefined || text.trim() === NOT_YET_MADE ? undefined : parseSecretsText(secretId, text);
  }

  async function pendingOf({ SecretId, ClientRequestToken }: RotationEvent): Promise<SecretsDocument> {
    const text = await versions.text(SecretId, 'AWSPENDING', ClientRequestToken);
    return parseSecretsText(SecretId, text ?? '');
  }

  /** The document after a step, or the same where a step would be too early, as it is when a stack is deployed twice a day. */
  async function nextOf(secretId: string): Promise<SecretsDocument> {
    const current = await currentOf(secretId);
    if (current === undefined) return createSecrets(now());
    const options = { nowSeconds: nowSeconds(), ...STEP };
    return waitingFor(current, options) === undefined ? (await takeStep(current, options)).document : current;
  }

  /** An operator's own step, taken since the pending version was made, must not be undone: sealed records would be lost. */
  async function assertNothingLost(event: RotationEvent): Promise<void> {
    const current = await currentOf(event.SecretId);
    const kept = new Set(summarize(await pendingOf(event)).map(({ kind, id }) => `${kind} ${id}`));
    const lost =
      current &&
      summarize(current).filter((key) => !isOver(key, nowSeconds()) && !kept.has(`${key.kind} ${key.id}`));
    if (lost !== undefined && lost.length > 0) {
      throw new SecretsError('secrets_changed', [
        `${event.SecretId}: was changed while it was rotated; the change stays`,
      ]);
    }
  }

  return async (event) => {
    const { SecretId, ClientRequestToken } = event;
    switch (event.Step) {
      case 'createSecret':
        if ((await versions.text(SecretId, 'AWSPENDING', ClientRequestToken)) !== undefined) return;
        return versions.putPending(event, await nextOf(SecretId));
      case 'setSecret':
        // Nobody else has to be told of the keys.
        return;
      case 'testSecret':
        await pendingOf(event);
        return;
      case 'finishSecret': {
        const current = await versions.currentId(SecretId);
        if (current === ClientRequestToken) return;
        await assertNothingLost(event);
        return versions.promote(event, current);
      }
    }
  };
}
