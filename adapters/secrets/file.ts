/** The secrets file: read with care, made once, replaced as a whole. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, link, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../folder.ts';
import type { SecretsDocument } from './document.ts';
import { SecretsError } from './error.ts';

/** A file's text; `warn` is told where others than its owner may read it. Throws `SecretsError`. */
export async function readSecretsText(path: string, warn?: (warning: string) => void): Promise<string> {
  try {
    // A pipe nobody writes to would be waited for, and a device has no end; neither could be read again.
    const stats = await stat(path);
    if (!stats.isFile() && !stats.isDirectory()) throw unreadable(path, 'is a pipe or device, not a file');
    const text = await readFile(path, 'utf8');
    if ((stats.mode & 0o077) !== 0) warn?.(`${path}: can be read by others (chmod 600)`);
    return text;
  } catch (error) {
    if (error instanceof SecretsError) throw error;
    const reason =
      errorCode(error) === 'ENOENT'
        ? `does not exist; make it with: npm run ib-oauth -- secrets create ${path}`
        : `cannot be read (${errorCode(error)})`;
    throw unreadable(path, reason, error);
  }
}

function unreadable(path: string, reason: string, cause?: unknown): SecretsError {
  return new SecretsError('secrets_unreadable', [`${path}: ${reason}`], cause);
}

/**
 * Writes a secrets file that only its owner may read. The file appears complete or not at all; an existing one is never
 * touched: false then. Throws `SecretsError`.
 */
export async function writeNewSecretsFile(path: string, document: SecretsDocument): Promise<boolean> {
  return writing(path, async () => {
    makeFolder(dirname(path), 0o700);
    const temporary = await writeBeside(path, document);
    try {
      // Unlike rename, link refuses a name that is taken: of two processes, the second learns that it came second.
      await link(temporary, path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await unlink(temporary).catch(() => undefined);
    }
  });
}

/**
 * Replaces a secrets file as a whole, if it still holds the text that the new one was made from: false where somebody
 * else was faster. Owner and mode stay, for the server may run under another account. Throws `SecretsError`.
 */
export async function replaceSecretsFile(
  path: string,
  document: SecretsDocument,
  madeFrom: string,
): Promise<boolean> {
  return writing(path, async () => {
    const target = await realpath(path);
    const { mode, uid, gid } = await stat(target);
    const temporary = await writeBeside(target, document);
    try {
      await chmod(temporary, mode & 0o777);
      if (process.getuid?.() === 0) await chown(temporary, uid, gid);
      return await alone(target, async () => {
        if ((await readFile(target, 'utf8')) !== madeFrom) return false;
        await rename(temporary, target);
        return true;
      });
    } finally {
      await unlink(temporary).catch(() => undefined);
    }
  });
}

/**
 * Runs while no other process does for the same file; false where one does. Node.js has no lock of its own that goes with
 * a process that dies, SQLite has: an empty database beside the file. It goes once the work is done, for whoever still waits
 * at it finds the file changed.
 */
async function alone(path: string, work: () => Promise<boolean>): Promise<boolean> {
  const { DatabaseSync } = await import('node:sqlite');
  const lockPath = `${path}.lock`;
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    }
    const isDone = await work();
    if (isDone) await unlink(lockPath);
    return isDone;
  } finally {
    lock.close();
  }
}

const SQLITE_BUSY = 5;
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;

/** Whether there is a file, readable or not. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => errorCode(error) !== 'ENOENT',
  );
}

async function writeBeside(path: string, document: SecretsDocument): Promise<string> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(document, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SecretsError('secrets_unwritable', [`${path}: cannot be written (${errorCode(error)})`], error);
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
