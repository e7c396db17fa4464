/**
 * Transactions: the writes of one turn of the event loop in one, since each waits for the disk. Other processes have
 * theirs in between; while one of them writes, this process goes on serving and asks again.
 */
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { isBusy } from './sqlite-errors.ts';

/** Work in one transaction at most: others, here and in other processes, wait for its end. */
const MOST_JOBS = 100;
/** After so long the store counts as throttled. */
const BUSY_DEADLINE_MS = 5_000;
const BUSY_PAUSE_MS = 4;

/** What work came to, and how often it was begun. */
export interface Ran<T> {
  readonly value: T;
  readonly attempts: number;
}

/** Runs work by itself, again where another process is in the way. Rejects with SQLite's error. */
export async function retrying<T>(_operation: string, work: () => T): Promise<Ran<T>> {
  const deadline = performance.now() + BUSY_DEADLINE_MS;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return { value: work(), attempts };
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    // Jitter: SQLite's lock is given to whoever asks in the right moment.
    await setTimeout(BUSY_PAUSE_MS * (0.5 + Math.random()));
  }
}

interface Job {
  run(): void;
  done(attempts: number): void;
  failed(error: unknown): void;
}

export interface Commits {
  /** Runs synchronous work in a transaction, joined with other work of this turn; all of it is on disk when it resolves. */
  run<T>(operation: string, work: () => T): Promise<Ran<T>>;
  /** Resolves when all that was asked for is done. */
  close(): Promise<void>;
}

/** The transactions of one connection. */
export function createCommits(db: DatabaseSync): Commits {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const waiting: Job[] = [];
  let working: Promise<void> | undefined;

  /** All jobs in one transaction, or none of them. */
  function transact(jobs: readonly Job[]): void {
    begin.run();
    try {
      for (const job of jobs) job.run();
      commit.run();
    } catch (error) {
      // Some errors, such as a full disk, have ended it already.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  async function attempt(jobs: readonly Job[]): Promise<void> {
    try {
      const { attempts } = await retrying('commit', () => transact(jobs));
      for (const job of jobs) job.done(attempts);
    } catch (error) {
      if (jobs.length === 1 || isBusy(error)) for (const job of jobs) job.failed(error);
      // One of them is at fault, or too large: each by itself.
      else for (const job of jobs) await attempt([job]);
    }
  }

  async function workOff(): Promise<void> {
    // Whatever else this turn wants to write comes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const jobs = waiting.splice(0, MOST_JOBS);
      await attempt(jobs);
    }
    working = undefined;
  }

  return {
    run: <T>(_operation: string, work: () => T) =>
      new Promise<Ran<T>>((resolve, reject) => {
        let value: T;
        waiting.push({
          run: () => {
            value = work();
          },
          done: (attempts) => resolve({ value, attempts }),
          failed: reject,
        });
        working ??= workOff();
      }),
    async close() {
      while (working !== undefined) await working;
    },
  };
}
