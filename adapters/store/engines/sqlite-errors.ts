/** SQLite's errors as the store's, and as what an operator can do about them. */
import { StoreError } from '../errors.ts';

/** Primary result codes (https://sqlite.org/rescode.html); extended ones have them in their low byte. */
const NAMES: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
};

/** What it means, and what to do: for the line that a start ends with. */
export const ADVICE: Readonly<Record<string, string>> = {
  SQLITE_BUSY: 'another program keeps it locked; end that program',
  SQLITE_LOCKED: 'another program keeps it locked; end that program',
  SQLITE_READONLY: 'it cannot be written to; make file and folder writable for the user of this process',
  SQLITE_IOERR: 'the disk cannot be read or written; look for a full or failing disk',
  SQLITE_CORRUPT: 'it is damaged; put a backup in its place ("ib-oauth store backup" makes them)',
  SQLITE_FULL: 'no space is left on its disk; make room there',
  SQLITE_CANTOPEN:
    'it cannot be opened; make file and folder readable and writable for the user of this process',
  SQLITE_NOTADB: 'it is no database, or damaged; put a backup in its place, or move it away to begin anew',
};

/** The name of the result that SQLite gave; undefined for errors that are not its own. */
function sqliteNameOf(error: unknown): string | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (code !== 'ERR_SQLITE_ERROR' || typeof errcode !== 'number') return undefined;
  return NAMES[errcode & 0xff] ?? `SQLITE_${errcode & 0xff}`;
}

/** Whether another connection is in the way, for now. */
export function isBusy(error: unknown): boolean {
  const name = sqliteNameOf(error);
  return name === 'SQLITE_BUSY' || name === 'SQLITE_LOCKED';
}

/** What an operator can mend passes; anything else is a fault of ours. */
export function storeErrorOf(operation: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const engineError = sqliteNameOf(cause) ?? (cause instanceof Error ? cause.name : 'unknown');
  const code = isBusy(cause) ? 'throttled' : engineError in ADVICE ? 'unavailable' : 'failed';
  return new StoreError({ code, operation, engineError, cause });
}

/** A store that cannot be opened: `path: cause; what to do`. */
export function refusal(path: string, sentence: string, cause?: unknown): StoreError {
  return new StoreError({
    code: 'failed',
    operation: 'open',
    engineError: sqliteNameOf(cause) ?? 'REFUSED',
    fault: `${path}: ${sentence}`,
    cause,
  });
}

/** The refusal that an error while opening comes to. */
export function refusalOf(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const name = sqliteNameOf(error) ?? '';
  return refusal(path, ADVICE[name] ?? `it cannot be opened (${name || systemCodeOf(error)})`, error);
}

/** The code of a system error, such as `EACCES`. */
export function systemCodeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'unknown error';
}
