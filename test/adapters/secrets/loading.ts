/** Secrets documents as tests load them: from a text, or to a failure. */
import { expect } from 'chai';
import { SecretsError } from '../../../adapters/secrets/error.ts';
import { loadSecrets } from '../../../adapters/secrets/secrets.ts';

export const NOW = new Date('2026-01-01T00:00:00Z');
export const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:ib-oauth';

/** What Secrets Manager would hold. */
export const fromText = (text: string) =>
  loadSecrets({ kind: 'secrets_manager', arn: ARN }, { fetchSecret: async () => text });

export const from = (document: unknown) => fromText(JSON.stringify(document));

/** The error that loading must end in. */
export async function failure(loading: Promise<unknown>): Promise<SecretsError> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SecretsError)) expect.fail(`expected a SecretsError, got ${String(error)}`);
  return error;
}
