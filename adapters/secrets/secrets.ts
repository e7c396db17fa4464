import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { SecretsSource } from '../../config/types.ts';
import { parseSecretsDocument, parseSecretsText, type SecretsDocument } from './document.ts';
import { SecretsError } from './error.ts';

/** The server's own keys. Printing or serialising the whole shows how many there are and no key. */
export interface Secrets {
  /** Private JWKs with `kid`, `alg` and `use`, all to be published; the first of an `alg` signs, the others verify. */
  readonly signingKeys: readonly JWK[];
  /** Newest first: the first signs cookies, the others still verify. */
  readonly cookieKeys: readonly string[];
  /** Newest first, 32 bytes each; the id stands beside what was hashed with it. */
  readonly peppers: readonly { readonly id: string; readonly key: Uint8Array }[];
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
  /** The secret's text for an ARN; by default AWS Secrets Manager, its SDK loaded only then. */
  readonly fetchSecret?: (arn: string) => Promise<string>;
}

/**
 * Reads the server's keys from where the operator put them; `generated` makes them on first start, and processes that
 * start at once agree on one file. Throws SecretsError, whose faults name the file and the path in it, never a value.
 */
export async function loadSecrets(source: SecretsSource, deps: SecretsDeps = {}): Promise<Secrets> {
  const now = deps.now ?? (() => new Date());
  switch (source.kind) {
    case 'file':
      return toSecrets(await readSecretsFile(source.path, deps));
    case 'generated':
      if (source.path === ':memory:') return toSecrets(await createSecrets(now()));
      return toSecrets(await readOrCreate(source.path, now, deps));
    case 'environment':
      return toSecrets(await parseSecretsText(source.variable, deps.text ?? ''));
    case 'secrets_manager': {
      const text = await (deps.fetchSecret ?? fetchFromSecretsManager)(source.arn);
      return toSecrets(await parseSecretsText(source.arn, text));
    }
  }
}

/** New keys: RS256 (2048 bits) and ES256, a cookie key and a pepper of 32 random bytes each. */
export async function createSecrets(now: Date): Promise<SecretsDocument> {
  const createdAt = Math.floor(now.getTime() / 1000);
  const signingKeys = await Promise.all(
    (['RS256', 'ES256'] as const).map(async (alg) => ({
      status: 'active',
      createdAt,
      jwk: await createSigningKey(alg),
    })),
  );
  return parseSecretsDocument('new secrets', {
    version: 1,
    signingKeys,
    cookieKeys: [{ createdAt, value: randomValue() }],
    peppers: [{ id: randomBytes(4).toString('hex'), createdAt, value: randomValue() }],
  });
}

/**
 * Writes a secrets file that only its owner may read. The file appears complete or not at all; an existing one is never
 * touched: false then.
 */
export async function writeNewSecretsFile(path: string, document: SecretsDocument): Promise<boolean> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(document, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike rename, link refuses a name that is taken: of two processes, the second learns that it came second.
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

async function readOrCreate(path: string, now: () => Date, deps: SecretsDeps): Promise<SecretsDocument> {
  if (!(await exists(path))) {
    try {
      await writeNewSecretsFile(path, await createSecrets(now()));
    } catch (error) {
      throw new SecretsError(
        'secrets_unwritable',
        [`${path}: cannot be written (${errorCode(error)})`],
        error,
      );
    }
  }
  // Read back whoever wrote it: what counts is what the next start will read.
  return readSecretsFile(path, deps);
}

async function readSecretsFile(path: string, deps: SecretsDeps): Promise<SecretsDocument> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
    if (((await stat(path)).mode & 0o077) !== 0) deps.warn?.(`${path}: can be read by others (chmod 600)`);
  } catch (error) {
    const reason =
      errorCode(error) === 'ENOENT'
        ? `does not exist; make it with: npm run ib-oauth -- secrets create ${path}`
        : `cannot be read (${errorCode(error)})`;
    throw new SecretsError('secrets_unreadable', [`${path}: ${reason}`], error);
  }
  return parseSecretsText(path, text);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => errorCode(error) !== 'ENOENT',
  );
}

async function fetchFromSecretsManager(arn: string): Promise<string> {
  // Only here, so that a start without an ARN does not pay for loading it.
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const region = arn.split(':')[3];
  const client = new SecretsManagerClient({
    ...(region === undefined ? {} : { region }),
    requestHandler: { connectionTimeout: 2000, requestTimeout: 5000 },
  });
  try {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    return answer.SecretString ?? new TextDecoder().decode(answer.SecretBinary);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown error';
    throw new SecretsError('secrets_unreadable', [`${arn}: cannot be read (${name})`], error);
  } finally {
    client.destroy();
  }
}

const ORDER = { active: 0, next: 1, retired: 2 } as const;

function toSecrets(document: SecretsDocument): Secrets {
  const newestFirst = (a: { createdAt: number }, b: { createdAt: number }) => b.createdAt - a.createdAt;
  const signingKeys = document.signingKeys
    .toSorted((a, b) => ORDER[a.status] - ORDER[b.status] || newestFirst(a, b))
    .map(({ jwk }): JWK => jwk);
  const cookieKeys = document.cookieKeys.toSorted(newestFirst).map(({ value }) => value);
  const peppers = document.peppers
    .toSorted(newestFirst)
    .map(({ id, value }) => ({ id, key: new Uint8Array(Buffer.from(value, 'base64url')) }));
  const signingSince = Math.min(
    ...document.signingKeys.filter(({ status }) => status === 'active').map(({ createdAt }) => createdAt),
  );
  return redacted({ signingKeys, cookieKeys, peppers, signingSince });
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

/** What a server can sign with: RS256 and ES256 always, EdDSA (Ed25519) where an operator adds a key. */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

/** A private JWK whose `kid` is its RFC 7638 thumbprint. */
export async function createSigningKey(alg: SigningAlgorithm): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' };
}

function randomValue(): string {
  return randomBytes(32).toString('base64url');
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
