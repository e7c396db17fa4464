/**
 * A clients' file that was read when a function was built. Beside the file stands what it says, and the hash of the text
 * that said so: of a file that is another today nothing is taken from there.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Shape, SoundEntries } from './shape.ts';

interface Built extends SoundEntries {
  /** SHA-256 of the file, base64url. */
  readonly of: string;
}

/** Where it stands. */
export const builtFileOf = (clientsFile: string): string => `${clientsFile}.built.json`;

const hashOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('base64url');

/** What is written there. */
export function builtText(text: string, { clients, resources }: SoundEntries): string {
  return JSON.stringify({ of: hashOf(text), clients, resources } satisfies Built);
}

/** The shape of a clients' file that was read at the build; undefined where there is none, or another. */
export function readBuilt(clientsFile: string): Shape | undefined {
  const path = builtFileOf(clientsFile);
  if (!existsSync(path) || !existsSync(clientsFile)) return undefined;
  // Written by the build beside the program that reads it.
  const built = JSON.parse(readFileSync(path, 'utf8')) as Built;
  return built.of === hashOf(readFileSync(clientsFile)) ? shapeOf(built) : undefined;
}

function shapeOf(sound: SoundEntries): Shape {
  const entries = sound.clients.map((entry, index) => {
    const fields: Readonly<Record<string, unknown>> = entry;
    return { index, client: { entry, faulty: new Set<string>(), raw: (field: string) => fields[field] } };
  });
  return { document: sound, sound, faults: [], entries };
}
