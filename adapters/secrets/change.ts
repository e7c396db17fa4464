/** Changing the server's keys where they are kept: an operator's step, and the one that a server takes by itself. */
import type { SecretsSource } from '../../config/types.ts';
import { parseSecretsText, type SecretsDocument } from './document.ts';
import { SecretsError } from './error.ts';
import { exists, readSecretsText, replaceSecretsFile } from './file.ts';
import { openManagedSecret } from './manager.ts';
import { type StepOptions, takeStep, waitingFor } from './rotation.ts';

/** What is kept, as it was read, and how to put something else in its place. */
export interface KeptSecrets {
  readonly document: SecretsDocument;
  /** Throws `SecretsError`, also where somebody else has changed them since. */
  replace(next: SecretsDocument): Promise<void>;
}

/** Where secrets are kept that a command can change. */
export type KeptSource = Extract<SecretsSource, { readonly kind: 'file' | 'generated' | 'secrets_manager' }>;

/** Reads secrets to change them. Throws `SecretsError`. */
export async function readToChange(source: KeptSource): Promise<KeptSecrets> {
  return source.kind === 'secrets_manager' ? readManaged(source.arn) : readFileToChange(source.path);
}

async function readFileToChange(path: string): Promise<KeptSecrets> {
  const text = await readSecretsText(path);
  return {
    document: await parseSecretsText(path, text),
    async replace(next) {
      if (await replaceSecretsFile(path, next, text)) return;
      throw new SecretsError('secrets_changed', [`${path}: was changed meanwhile; nothing is done`]);
    },
  };
}

async function readManaged(arn: string): Promise<KeptSecrets> {
  const secret = openManagedSecret(arn);
  const { text, isRotating } = await secret.readToChange();
  if (isRotating) {
    throw new SecretsError('secrets_changed', [
      `${arn}: is being rotated; nothing is done, try again in a minute`,
    ]);
  }
  return {
    document: await parseSecretsText(arn, text),
    async replace(next) {
      if ((await secret.read()).text !== text)
        throw new SecretsError('secrets_changed', [`${arn}: was changed meanwhile; nothing is done`]);
      await secret.write(JSON.stringify(next));
    },
  };
}

/** What a rotation by age goes by. */
export interface AgeLimit {
  readonly nowSeconds: number;
  /** A signing key that signs for longer is due. */
  readonly mostSeconds: number;
  /** As for a step. */
  readonly knownSeconds: StepOptions['knownSeconds'];
}

/** Whether the signing keys are so old that a step is due. */
function isDue({ signingKeys }: SecretsDocument, { nowSeconds, mostSeconds }: AgeLimit): boolean {
  return signingKeys.some(
    ({ status, createdAt }) => status === 'active' && nowSeconds - createdAt >= mostSeconds,
  );
}

/**
 * Takes the step that is due in a file that the server made for itself. Other sources belong to their operators, who are
 * told the age of their keys; and peppers are theirs everywhere, for self-registered apps have to be sealed anew before
 * one goes. True where a step was taken; of processes that start at once one takes it.
 */
export async function rotateIfDue(source: SecretsSource, limit: AgeLimit): Promise<boolean> {
  if (source.kind !== 'generated' || !(await exists(source.path))) return false;
  const text = await readSecretsText(source.path);
  const document = await parseSecretsText(source.path, text);
  if (!isDue(document, limit)) return false;
  const { nowSeconds, knownSeconds } = limit;
  const options = { nowSeconds, knownSeconds, kinds: ['signing_key', 'cookie_key'] } as const;
  if (waitingFor(document, options) !== undefined) return false;
  return replaceSecretsFile(source.path, (await takeStep(document, options)).document, text);
}
