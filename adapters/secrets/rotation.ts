/** Rotation of the signing keys in a secrets file. Pure but for the making of keys; writing is atomic. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { SecretsSource } from '../../config/types.ts';
import { parseSecretsDocument, parseSecretsText, type SecretsDocument } from './document.ts';
import { createSigningKey, type SigningAlgorithm } from './secrets.ts';

/** What keys rotate to, and what is said of each: never the key. */
export interface KeySummary {
  readonly kid: string;
  readonly alg: string;
  readonly status: 'next' | 'active' | 'retired';
  readonly createdAt: number;
}

/** A retired key stays published for so long: longer than any token it may have signed. */
export const RETIRED_SECONDS = 7 * 24 * 3600;

/** The keys of a document, without the keys. */
export function summarize(document: SecretsDocument): KeySummary[] {
  return document.signingKeys.map(({ jwk, status, createdAt }) => ({
    kid: jwk.kid,
    alg: jwk.alg,
    status,
    createdAt,
  }));
}

/**
 * One step of rotation for each algorithm: the published next key begins to sign, the active one retires, a new next key
 * is made, and retired ones that nothing can stand on any more go. Where there is no next key yet, only that is made:
 * a key signs no sooner than it has been published by a running server.
 */
export async function rotateKeys(
  document: SecretsDocument,
  nowSeconds: number,
  added: readonly SigningAlgorithm[] = [],
): Promise<SecretsDocument> {
  const kept = document.signingKeys.filter(
    ({ status, retiredAt = nowSeconds }) => status !== 'retired' || retiredAt > nowSeconds - RETIRED_SECONDS,
  );
  const promoted = new Set(kept.filter(({ status }) => status === 'next').map(({ jwk }) => jwk.alg));
  const moved = kept.map((entry) => {
    if (entry.status === 'next') return { ...entry, status: 'active' as const };
    const retires = entry.status === 'active' && promoted.has(entry.jwk.alg);
    return retires ? { ...entry, status: 'retired' as const, retiredAt: nowSeconds } : entry;
  });
  const fresh = await Promise.all(
    algorithmsOf(document, added).map(async (alg) => ({
      status: 'next' as const,
      createdAt: nowSeconds,
      jwk: await createSigningKey(alg),
    })),
  );
  return parseSecretsDocument('rotated secrets', { ...document, signingKeys: [...moved, ...fresh] });
}

function algorithmsOf(
  document: SecretsDocument,
  added: readonly SigningAlgorithm[],
): readonly SigningAlgorithm[] {
  const present = document.signingKeys.map(({ jwk }) => (jwk.alg === 'Ed25519' ? 'EdDSA' : jwk.alg));
  return [...new Set<SigningAlgorithm>(['RS256', 'ES256', ...present, ...added])];
}

/** What a rotation by age goes by. */
export interface AgeLimit {
  readonly nowSeconds: number;
  /** A key that signs for longer is due. */
  readonly mostSeconds: number;
  /** A next key has been published for so long before it signs: apps keep the key set they have read. */
  readonly publishedSeconds: number;
}

/** Whether a step of rotation is due: to publish a next key, or to let one that has been published sign. */
export function isRotationDue(document: SecretsDocument, limit: AgeLimit): boolean {
  const { nowSeconds, mostSeconds, publishedSeconds } = limit;
  const made = (status: string): number[] =>
    document.signingKeys.filter((entry) => entry.status === status).map(({ createdAt }) => createdAt);
  const old = made('active').some((createdAt) => nowSeconds - createdAt >= mostSeconds);
  return old && made('next').every((createdAt) => nowSeconds - createdAt >= publishedSeconds);
}

/**
 * Takes the step that is due in a file that the server made for itself. Other sources belong to their operators: they
 * are told the age of their keys, and rotate them. True where a step was taken.
 */
export async function rotateIfDue(source: SecretsSource, limit: AgeLimit): Promise<boolean> {
  if (source.kind !== 'generated' || !existsSync(source.path)) return false;
  const document = await readSecretsDocument(source.path);
  if (!isRotationDue(document, limit)) return false;
  await replaceSecretsFile(source.path, await rotateKeys(document, limit.nowSeconds));
  return true;
}

/** Reads a secrets file. Throws `SecretsError`. */
export async function readSecretsDocument(path: string): Promise<SecretsDocument> {
  return parseSecretsText(path, await readFile(path, 'utf8'));
}

/** Replaces a secrets file as a whole. */
export async function replaceSecretsFile(path: string, document: SecretsDocument): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  await writeFile(temporary, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(temporary, path);
}
