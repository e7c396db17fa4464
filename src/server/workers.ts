/**
 * Several processes that share the port: this one only starts them, starts them again when they die, and ends them together.
 * Any of them answers any request; a connection goes to the next in turn.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { listen } from './listen.ts';

/** The variable by which a worker learns its number. Not the operator's. */
export const WORKER_NUMBER = 'IB_OAUTH_WORKER_NUMBER';
/** Who dies sooner than this after a start is started again later each time. */
const STEADY_MS = 60_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

/** The first process did not come as far as accepting connections; it has said why. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
  readonly code = 'worker_start';
}

export interface WorkersOptions {
  readonly count: number;
  readonly host: string;
  readonly port: number;
  /** Lets them finish what is in flight for so long; they end by themselves before. */
  readonly endWithinMs: number;
  readonly log: Logger;
}

export interface Workers {
  /** Their port, when all accept connections; undefined where they were ended before. Rejects with `WorkerStartError`. */
  readonly started: Promise<number | undefined>;
  /** Ends all of them; resolves when none is left. */
  close(): Promise<void>;
}

/** Starts the processes. The first goes ahead, so that a fault is told once. */
export function startWorkers(options: WorkersOptions): Workers {
  const { count, log } = options;
  const ending = new AbortController();
  const kept: Promise<void>[] = [];

  function start(number: number, port: number): Worker {
    const worker = cluster.fork({ PORT: String(port), [WORKER_NUMBER]: String(number) });
    worker.once('listening', () =>
      log.info({ event: 'worker_started', worker: number, pid: worker.process.pid }),
    );
    return worker;
  }

  /** Starts a process again whenever it ends, until all are ended. */
  async function keep(number: number, port: number, first: Worker): Promise<void> {
    let worker = first;
    for (let pauseMs = FIRST_PAUSE_MS; ; ) {
      const startedAt = performance.now();
      const [code, signal] = await once(worker, 'exit');
      if (ending.signal.aborted) return;
      pauseMs = performance.now() - startedAt > STEADY_MS ? FIRST_PAUSE_MS : pauseMs;
      const facts = { worker: number, pid: worker.process.pid, code, signal, startsAgainInMs: pauseMs };
      log.error({ event: 'worker_died', ...facts }, 'a worker has died');
      await wait(pauseMs, undefined, { signal: ending.signal }).catch(() => undefined);
      if (ending.signal.aborted) return;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      worker = start(number, port);
    }
  }

  async function startAll(): Promise<number | undefined> {
    const port = options.port === 0 ? await freePort(options.host) : options.port;
    if (ending.signal.aborted) return undefined;
    const ahead = start(1, port);
    if (!(await listens(ahead))) {
      if (ending.signal.aborted) return undefined;
      throw new WorkerStartError('the first worker ended before it listened');
    }
    kept.push(keep(1, port, ahead));
    const others = Array.from({ length: count - 1 }, (_, at) => {
      const worker = start(at + 2, port);
      kept.push(keep(at + 2, port, worker));
      return listens(worker);
    });
    await Promise.all(others);
    return ending.signal.aborted ? undefined : port;
  }

  return {
    started: startAll(),
    async close() {
      ending.abort();
      log.info({ event: 'draining' }, 'draining');
      const running = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
      const ends = running.map((worker) => once(worker, 'exit'));
      for (const worker of running) worker.process.kill('SIGTERM');
      const forced = setTimeout(() => {
        for (const worker of running) worker.process.kill('SIGKILL');
      }, options.endWithinMs);
      await Promise.all([...ends, ...kept]);
      clearTimeout(forced);
    },
  };
}

/** True when a worker accepts connections, false when it ends before. */
async function listens(worker: Worker): Promise<boolean> {
  const done = new AbortController();
  const { signal } = done;
  const first = await Promise.race([
    once(worker, 'listening', { signal }).then(() => true),
    once(worker, 'exit', { signal }).then(() => false),
  ]);
  done.abort();
  return first;
}

/** For `PORT=0`: all share one port, also those that are started again. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  const { port } = await listen(server, 'PORT', 0, host);
  server.close();
  await once(server, 'close');
  return port;
}
