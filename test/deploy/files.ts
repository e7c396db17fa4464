/** The files that a deployment is made of, as the tests read them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..');

/** A file's text, by its path from the root. */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** An image that is named by what it holds. */
export const BY_DIGEST = /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;
