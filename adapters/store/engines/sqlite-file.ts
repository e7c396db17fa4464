/**
 * The file of the SQLite engine: where it is, who may read it, which schema it has. Whatever makes it unusable is a
 * refusal of one line: the path, the cause, what to do.
 */
import { accessSync, chmodSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../../folder.ts';
import { retrying } from './sqlite-commits.ts';
import { ADVICE, refusal, refusalOf, systemCodeOf } from './sqlite-errors.ts';

const FILE_NAME = 'ib-oauth.db';
/** "IBOA": tells this program's databases from others'. */
const APPLICATION_ID = 0x49424f41;
/** How long SQLite itself waits, and this process with it, for another one's write. */
const BUSY_TIMEOUT_MS = 5;
/** A log longer than this is shortened once its pages are in the file. */
const WAL_BYTES = 16 * 1024 * 1024;
/** A file up to this size is looked through at each start; `store check` does it at any size. */
const QUICK_CHECK_BYTES = 64 * 1024 * 1024;

/** What makes each version of the schema from the one before. Never changed, only added to. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE items (
     key TEXT NOT NULL PRIMARY KEY,
     expires INTEGER NOT NULL,
     subject TEXT,
     attributes TEXT,
     data BLOB
   ) STRICT;
   CREATE INDEX items_by_expiry ON items (expires);
   CREATE INDEX items_by_subject ON items (subject) WHERE subject IS NOT NULL;`,
];

/** Where the store's file is in its folder. */
export function databasePath(dataDir: string): string {
  return dataDir === ':memory:' ? dataDir : join(dataDir, FILE_NAME);
}

/** Which file is there, by device and inode; undefined where there is none. */
export function fileId(dataDir: string): string | undefined {
  if (dataDir === ':memory:') return dataDir;
  const found = statSync(databasePath(dataDir), { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/** Opens the database in a folder, both made where they are missing. Rejects with a refusal. */
export async function openDatabase(
  dataDir: string,
  { quickCheck = true }: { readonly quickCheck?: boolean } = {},
): Promise<DatabaseSync> {
  const path = databasePath(dataDir);
  if (dataDir !== ':memory:') prepareFile(dataDir, path);
  let db: DatabaseSync | undefined;
  try {
    const opened = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    db = opened;
    await retrying('open', () => checkIdentity(opened, path));
    await retrying('open', () => configure(opened, path));
    await retrying('open', () => migrate(opened));
    if (quickCheck && dataDir !== ':memory:' && statSync(path).size <= QUICK_CHECK_BYTES) {
      await retrying('open', () => refuseDamaged(opened, path));
    }
    return opened;
  } catch (error) {
    db?.close();
    throw refusalOf(path, error);
  }
}

/** What is wrong with a database, as SQLite says it. */
export function damagesOf(db: DatabaseSync, most: number): string[] {
  const rows = db.prepare(`PRAGMA integrity_check(${most})`).all();
  return rows.map((row) => String(Object.values(row)[0])).filter((line) => line !== 'ok');
}

function refuseDamaged(db: DatabaseSync, path: string): void {
  if (pragma(db, 'quick_check(1)') !== 'ok') throw refusal(path, ADVICE['SQLITE_CORRUPT'] ?? '');
}

/**
 * Why new secrets must not be made for a folder: a store stands there that was written under others. Throws a refusal where
 * the store is one that this version does not read.
 */
export function faultOfNewSecrets(dataDir: string): string | undefined {
  const path = databasePath(dataDir);
  if (dataDir === ':memory:') return undefined;
  refuseEarlierStore(dataDir, path);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined;
  return `is missing, while ${path} holds data written under it; put its backup in place, or move that file away too and begin anew`;
}

/** A folder of LevelDB files is what versions before this engine kept. */
function refuseEarlierStore(dataDir: string, path: string): void {
  const earlier = join(dataDir, 'dynamodb');
  if (!existsSync(path) && existsSync(join(earlier, 'CURRENT'))) {
    throw refusal(
      earlier,
      'holds the store of an earlier version, which this one does not read; move it away, and users sign in anew',
    );
  }
}

/** Makes folder and file for their owner alone, and refuses those that this process cannot use. */
function prepareFile(dataDir: string, path: string): void {
  try {
    makeFolder(dataDir, 0o700);
  } catch (error) {
    throw refusal(dataDir, `the folder cannot be made (${systemCodeOf(error)})`, error);
  }
  refuseEarlierStore(dataDir, path);
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    // Made here, so that it is nobody else's to read at any time; SQLite gives its other files the same mode.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    accessSync(path, constants.R_OK | constants.W_OK);
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch (error) {
    throw refusal(path, unusable(existsSync(path) ? path : dataDir, systemCodeOf(error)), error);
  }
}

/** Why a path cannot be used, by the system's code, and what to do. */
function unusable(path: string, code: string): string {
  const owner = statSync(path, { throwIfNoEntry: false })?.uid;
  const self = process.geteuid?.();
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return owner === self
        ? 'this user may not read and write it; correct its mode (chmod u+rw, u+rwx for the folder)'
        : `it belongs to another user (${owner}, this process is ${self}); run as that user, or chown it`;
    case 'EROFS':
      return 'it is on a read-only file system; set DATA_DIR to a folder that can be written to';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space is left on its disk; make room there';
    default:
      return `it cannot be opened (${code})`;
  }
}

const pragma = (db: DatabaseSync, name: string): unknown =>
  Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];

/** Refuses databases that are not this program's, or that a newer version has written. */
function checkIdentity(db: DatabaseSync, path: string): void {
  const version = Number(pragma(db, 'user_version'));
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (isEmpty && version === 0) return;
  if (pragma(db, 'application_id') !== APPLICATION_ID) {
    throw refusal(path, 'it is the database of another program; set DATA_DIR to a folder of its own');
  }
  if (version > MIGRATIONS.length) {
    throw refusal(
      path,
      `a newer version has written it (schema ${version}, this one knows ${MIGRATIONS.length}); start that version, or put the backup made before it in its place`,
    );
  }
}

/** Settings that stand in the file, and those of this connection. */
function configure(db: DatabaseSync, path: string): void {
  // Before the first table, or never.
  if (pragma(db, 'auto_vacuum') !== 2) db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  const mode = pragma(db, 'journal_mode = WAL');
  if (mode !== 'wal' && path !== ':memory:') {
    throw refusal(
      path,
      'its file system has no shared memory, as many network drives; set DATA_DIR to a local disk',
    );
  }
  // On disk before it is acknowledged, also when the power fails (docs/storage.md).
  db.exec(`PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${WAL_BYTES}`);
}

/** Brings the schema to the newest version; of processes that start at once, one does. */
function migrate(db: DatabaseSync): void {
  if (Number(pragma(db, 'user_version')) === MIGRATIONS.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = Number(pragma(db, 'user_version'));
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
