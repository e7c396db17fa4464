/** `keys list|rotate` and `secrets create`: the server's own keys in their file. */

import {
  type KeySummary,
  readSecretsDocument,
  replaceSecretsFile,
  rotateKeys,
  summarize,
} from '../../adapters/secrets/rotation.ts';
import { createSecrets, writeNewSecretsFile } from '../../adapters/secrets/secrets.ts';
import { CommandError, configuration, type Output } from './context.ts';

function secretsPath(): string {
  const { secrets } = configuration().config;
  if (secrets.kind === 'secrets_manager') {
    throw new CommandError(['keys in Secrets Manager are rotated there; see docs/operations.md']);
  }
  if (secrets.kind === 'environment') {
    throw new CommandError([`keys in ${secrets.variable}: rotate a file of the same text, then set it anew`]);
  }
  if (secrets.path === ':memory:') throw new CommandError(['keys in memory end with the process']);
  return secrets.path;
}

function print(keys: readonly KeySummary[], output: Output): void {
  const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
  output.result(
    keys,
    keys.map(({ status, alg, kid, createdAt }) => `${status}\t${alg}\t${day(createdAt)}\t${kid}`),
  );
}

/** Lists the signing keys by status. */
export async function listKeys(output: Output): Promise<void> {
  print(summarize(await readSecretsDocument(secretsPath())), output);
}

/** One step of rotation; takes effect when the servers have been restarted. `added` is an algorithm more to sign with. */
export async function rotate(added: readonly 'EdDSA'[], output: Output): Promise<void> {
  const path = secretsPath();
  const next = await rotateKeys(await readSecretsDocument(path), Math.floor(Date.now() / 1000), added);
  await replaceSecretsFile(path, next);
  print(summarize(next), output);
}

/** Makes a new secrets file; never over an existing one. */
export async function createSecretsFile(path: string, output: Output): Promise<void> {
  if (!(await writeNewSecretsFile(path, await createSecrets(new Date())))) {
    throw new CommandError([`${path}: exists already; it is not touched`]);
  }
  output.result({ created: path }, [
    `${path} is made. Keep it secret and back it up: without it all sign-ins end.`,
  ]);
}
