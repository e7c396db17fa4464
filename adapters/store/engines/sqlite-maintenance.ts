/** What an operator does with the SQLite engine's file: copy it while servers write to it, and look for damage. */

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, statSync, unlinkSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { refusal, refusalOf, systemCodeOf } from './sqlite-errors.ts';
import { damagesOf, databasePath, openDatabase } from './sqlite-file.ts';

const MOST_DAMAGES = 20;

/** What a copy or a check has seen. */
export interface DatabaseFacts {
  readonly items: number;
  readonly bytes: number;
}

/**
 * Copies a store into a new file for its owner alone: as of one moment, without expired pages, on disk when it resolves.
 * Servers go on meanwhile. Rejects with a refusal; an existing file is never touched.
 */
export async function backupDatabase(dataDir: string, target: string): Promise<DatabaseFacts> {
  const temporary = `${target}.${randomBytes(8).toString('hex')}.tmp`;
  const db = await openExisting(dataDir);
  try {
    closeSync(openSync(temporary, 'wx', 0o600));
    db.prepare('VACUUM INTO ?').run(temporary);
    const file = openSync(temporary, 'r+');
    fsyncSync(file);
    closeSync(file);
    // Unlike rename, link refuses a name that is taken.
    linkSync(temporary, target);
    return { items: itemsIn(db), bytes: statSync(target).size };
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') throw refusal(target, 'exists already; it is not touched', error);
    throw refusalOf(target, error);
  } finally {
    db.close();
    if (existsSync(temporary)) unlinkSync(temporary);
  }
}

/** Reads the whole file of a store. Resolves with what is wrong in it, and what it holds. Rejects with a refusal. */
export async function checkDatabase(
  dataDir: string,
): Promise<DatabaseFacts & { readonly damages: readonly string[] }> {
  const db = await openExisting(dataDir, false);
  const path = databasePath(dataDir);
  try {
    return { damages: damagesOf(db, MOST_DAMAGES), items: itemsIn(db), bytes: statSync(path).size };
  } catch (error) {
    throw refusalOf(path, error);
  } finally {
    db.close();
  }
}

async function openExisting(dataDir: string, quickCheck = true): Promise<DatabaseSync> {
  const path = databasePath(dataDir);
  if (dataDir === ':memory:') throw refusal('DATA_DIR', 'a store in memory ends with its process');
  if (!existsSync(path)) throw refusal(path, 'no store is there; a server makes it at its first start');
  return openDatabase(dataDir, { quickCheck });
}

function itemsIn(db: DatabaseSync): number {
  return Number(db.prepare('SELECT count(*) AS items FROM items').get()?.['items']);
}
