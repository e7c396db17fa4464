/**
 * The audit stream's own file, written line by line before the answer is given. It is opened anew on SIGHUP, when another
 * program has moved it away, and at a size, when it is moved aside. Lines that cannot be written are kept, up to a bound, and
 * written first when the file can be written again.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../adapters/folder.ts';

/** How often a file that cannot be written is tried again. */
const RETRY_MS = 1000;
const MOST_KEPT_LINES = 10_000;
/** In place of a descriptor. */
const NONE = -1;

/** The file cannot be written, by the system's code. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: string;

  constructor(cause: unknown) {
    super('the audit file cannot be written', { cause });
    this.code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** Lines can be written no more; or they can again, and so many were lost meanwhile. */
export type AuditTrouble = { readonly error: AuditError } | { readonly lost: number };

export interface AuditFileOptions {
  readonly path: string;
  /** Whether it must be there at once; else it is in trouble from the beginning where it cannot be opened. */
  readonly isRequired: boolean;
  /** Beyond it the file is moved aside, under its name and the time; undefined: never. */
  readonly mostBytes?: number | undefined;
  readonly onTrouble?: (trouble: AuditTrouble) => void;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

export interface AuditFile {
  /** Takes a line, its line feed included. */
  write(line: string): void;
  /** Opens the file anew. */
  reopen(): void;
  /** Whether lines can be written; a file that could not be is tried again, at most once a second. */
  isWritable(): boolean;
}

/** Opens the file; throws `AuditError` where it is required and cannot be. */
export function openAuditFile(options: AuditFileOptions): AuditFile {
  const { path, mostBytes = Number.POSITIVE_INFINITY, onTrouble, now = Date.now } = options;
  const kept: Buffer[] = [];
  let fd = NONE;
  let lost = 0;
  let failedAt: number | undefined;

  function close(): void {
    if (fd !== NONE) closeSync(fd);
    fd = NONE;
  }

  /** The descriptor of the file that has the name now: another process, or logrotate, may have moved ours away. */
  function current(): number {
    if (fd !== NONE && !isNamed(path, fd)) close();
    if (fd === NONE) fd = open(path);
    if (fstatSync(fd).size < mostBytes) return fd;
    const time = new Date(now()).toISOString().replaceAll(':', '-');
    renameSync(path, `${path}.${time}.${randomBytes(2).toString('hex')}`);
    close();
    return (fd = open(path));
  }

  /** Writes what is kept; true when nothing is left. */
  function writeOut(): boolean {
    try {
      const file = current();
      for (let line = kept[0]; line !== undefined; line = kept[0]) {
        const written = writeSync(file, line);
        if (written === line.length) kept.shift();
        else kept[0] = line.subarray(written);
      }
    } catch (cause) {
      if (failedAt === undefined) onTrouble?.({ error: new AuditError(cause) });
      failedAt = now();
      return false;
    }
    if (failedAt !== undefined) onTrouble?.({ lost });
    failedAt = undefined;
    lost = 0;
    return true;
  }

  /** Tried again now and then while it fails, so that a full disk costs no request its time. */
  const tryAgain = (): boolean => (failedAt === undefined || now() - failedAt >= RETRY_MS) && writeOut();

  if (options.isRequired) requireFile(() => current());
  else writeOut();
  return {
    write(line) {
      if (kept.length < MOST_KEPT_LINES) kept.push(Buffer.from(line));
      else lost += 1;
      tryAgain();
    },
    reopen() {
      close();
      writeOut();
    },
    isWritable: () => failedAt === undefined || tryAgain(),
  };
}

function requireFile(opens: () => unknown): void {
  try {
    opens();
  } catch (cause) {
    throw new AuditError(cause);
  }
}

function open(path: string): number {
  makeFolder(dirname(path), 0o777);
  // A pipe that nobody reads would be waited for; to look without waiting fails (ENXIO).
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() === true)
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  return openSync(path, 'a', 0o600);
}

function isNamed(path: string, fd: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const { ino, dev } = fstatSync(fd);
  return named?.ino === ino && named.dev === dev;
}
