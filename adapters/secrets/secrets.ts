/** The server's own keys as it uses them, read from where the operator put them. */
import { inspect } from 'node:util';
import type { JWK } from 'jose';
import type { SecretsSource } from '../../config/types.ts';
import { parseSecretsText, type SecretsDocument, type Stated } from './document.ts';
import { SecretsError } from './error.ts';
import { exists, readSecretsText, replaceSecretsFile, writeNewSecretsFile } from './file.ts';
import { createSecrets } from './keys.ts';
import { openManagedSecret } from './manager.ts';

/** The server's own keys. Printing or serialising the whole shows how many there are and no key. */
export interface Secrets {
  /** Private JWKs with `kid`, `alg` and `use`, all to be published; the first of an `alg` signs, the others verify. */
  readonly signingKeys: readonly JWK[];
  /** The first signs cookies and forms; the others, those that no process uses yet among them, verify. */
  readonly cookieKeys: readonly string[];
  /** 32 bytes each; the first seals, the others open. The id stands beside what was made with it. */
  readonly peppers: readonly { readonly id: string; readonly key: Uint8Array; readonly isRetired: boolean }[];
  /** What pairwise subjects are made with: stays when all else is rotated. */
  readonly pairwiseKey: Uint8Array;
  /** When the oldest key that signs was made, unix seconds. */
  readonly signingSince: number;
}

/** What loading may be given: the clock, where warnings go, and the call to Secrets Manager. */
export interface SecretsDeps {
  /** The value of the variable that holds them, where one does. */
  readonly text?: string | undefined;
  readonly now?: () => Date;
  /** Gets one sentence without any key in it. */
  readonly warn?: (warning: string) => void;
  /** Why `generated` secrets that are missing must not be made anew; undefined where they may. */
  readonly faultOfNew?: () => Promise<string | undefined>;
  /** The secret's text for an ARN; by default AWS Secrets Manager, its SDK loaded only then. */
  readonly fetchSecret?: (arn: string) => Promise<string>;
}

/** The server's own keys, as they are at the moment. */
export interface LiveSecrets {
  current(): Secrets;
  /** Reads them anew: true where they have changed. Throws SecretsError where they cannot be used; the former stay then. */
  refresh(): Promise<boolean>;
}

/**
 * Reads the server's keys from where the operator put them; `generated` makes them on first start, and processes that
 * start at once agree on one file. Throws SecretsError, whose faults name the file and the path in it, never a value.
 */
export async function openSecrets(source: SecretsSource, deps: SecretsDeps = {}): Promise<LiveSecrets> {
  if (source.kind === 'generated') await ensureGenerated(source.path, deps);
  let text = await readText(source, deps);
  let secrets = secretsOf(await parseSecretsText(nameOf(source), text));
  return {
    current: () => secrets,
    async refresh() {
      if (!mayChange(source)) return false;
      const next = await readText(source, deps);
      if (next === text) return false;
      secrets = secretsOf(await parseSecretsText(nameOf(source), next));
      text = next;
      return true;
    },
  };
}

/** The keys as they are now, for who needs them once. */
export async function loadSecrets(source: SecretsSource, deps: SecretsDeps = {}): Promise<Secrets> {
  return (await openSecrets(source, deps)).current();
}

/** Whether somebody may change them while the process runs. */
export function mayChange(source: SecretsSource): boolean {
  return source.kind === 'secrets_manager' || (source.kind !== 'environment' && source.path !== ':memory:');
}

/** How faults name a source. */
export function nameOf(source: SecretsSource): string {
  switch (source.kind) {
    case 'environment':
      return source.variable;
    case 'secrets_manager':
      return source.arn;
    default:
      return source.path;
  }
}

async function readText(source: SecretsSource, deps: SecretsDeps): Promise<string> {
  switch (source.kind) {
    case 'environment':
      return deps.text ?? '';
    case 'secrets_manager':
      return deps.fetchSecret === undefined
        ? (await openManagedSecret(source.arn).read()).text
        : deps.fetchSecret(source.arn);
    default:
      if (source.path === ':memory:') return JSON.stringify(await createSecrets(deps.now?.() ?? new Date()));
      return readSecretsText(source.path, deps.warn);
  }
}

/** Makes the file that the server keeps for itself, or writes down in an older one what it means today. */
async function ensureGenerated(path: string, deps: SecretsDeps): Promise<void> {
  if (path === ':memory:') return;
  if (!(await exists(path))) {
    const fault = await deps.faultOfNew?.();
    if (fault !== undefined) throw new SecretsError('secrets_missing', [`${path}: ${fault}`]);
    await writeNewSecretsFile(path, await createSecrets(deps.now?.() ?? new Date()));
    return;
  }
  const text = await readSecretsText(path);
  const document = await parseSecretsText(path, text);
  const { pairwiseKey } = JSON.parse(text) as Partial<SecretsDocument>;
  if (pairwiseKey === undefined) await replaceSecretsFile(path, document, text);
}

const ORDER = { active: 0, next: 1, retired: 2 } as const;

/** In use first, then known for later, then the newest of those that were in use. */
function inOrder<T extends Stated>(entries: readonly T[]): T[] {
  return entries.toSorted((a, b) => ORDER[a.status] - ORDER[b.status] || b.createdAt - a.createdAt);
}

const bytesOf = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'base64url'));

/** The keys of a document, in order. */
export function secretsOf(document: SecretsDocument): Secrets {
  const active = document.signingKeys.filter(({ status }) => status === 'active');
  return redacted({
    signingKeys: inOrder(document.signingKeys).map(({ jwk }): JWK => jwk),
    cookieKeys: inOrder(document.cookieKeys).map(({ value }) => value),
    peppers: inOrder(document.peppers).map(({ id, value, status }) => ({
      id,
      key: bytesOf(value),
      isRetired: status === 'retired',
    })),
    pairwiseKey: bytesOf(document.pairwiseKey.value),
    signingSince: Math.min(...active.map(({ createdAt }) => createdAt)),
  });
}

/** Hides the keys from `console.log`, `util.inspect`, `JSON.stringify` and so from every logger. */
function redacted(secrets: Secrets): Secrets {
  const summary =
    `[Secrets: ${secrets.signingKeys.length} signing keys, ${secrets.cookieKeys.length} cookie keys, ` +
    `${secrets.peppers.length} peppers]`;
  return Object.freeze(
    Object.defineProperties(secrets, {
      toJSON: { value: () => summary },
      toString: { value: () => summary },
      [inspect.custom]: { value: () => summary },
    }),
  );
}
