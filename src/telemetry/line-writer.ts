/**
 * Lines to a file descriptor, written in the background: no request waits for whoever reads the log, and a reader that
 * has stopped stops nothing. Not pino's own background destination: where the disk is full or the reader has gone, its
 * flush at the end of the process never returns (sonic-boom 4.2.1, `flushSync`).
 */
import { write as writeInBackground, writeSync } from 'node:fs';

/** Writes are whole lines, up to the size that a pipe never mixes with another process's (PIPE_BUF). */
const PIECE_BYTES = 4096;
/** A line is written at the latest so long after it was said. */
const WITHIN_MS = 50;
/** A full pipe is tried again after so long; at the end of a process so many times. */
const RETRY_MS = 20;
const RETRIES_AT_END = 50;
/** What is kept for a reader that is slow. Lines beyond are dropped, and counted. */
const MOST_BYTES = 8 * 1024 * 1024;

const LINE_FEED = 0x0a;
const NOTHING = Buffer.alloc(0);

export interface LineWriter {
  /** Takes a line, its line feed included. */
  write(line: string): void;
  /** Writes before it returns what has not been written: for the end of a process, and for lines that must not be lost. */
  flush(): void;
}

export interface LineWriterOptions {
  /** The line that tells of dropped ones. */
  readonly lost: (lines: number) => string;
  /** Told once when lines cannot be written, by the system's code: a reader that is gone, a full disk. */
  readonly onBroken: (code: string) => void;
}

/** Lines that wait to be written, packed into pieces as they come. */
interface Backlog {
  add(line: string): void;
  /** The oldest piece, though it may not be full; empty where nothing waits. */
  take(): Buffer;
  /** Whether a piece is full. */
  hasPiece(): boolean;
  isFull(): boolean;
}

function createBacklog(): Backlog {
  const pieces: Buffer[] = [];
  let piecesBytes = 0;
  let lines: string[] = [];
  let linesBytes = 0;

  function pack(): void {
    if (linesBytes === 0) return;
    pieces.push(Buffer.from(lines.join('')));
    piecesBytes += linesBytes;
    lines = [];
    linesBytes = 0;
  }

  return {
    add(line) {
      const bytes = Buffer.byteLength(line);
      if (linesBytes + bytes > PIECE_BYTES) pack();
      lines.push(line);
      linesBytes += bytes;
    },
    take() {
      if (pieces.length === 0) pack();
      const next = pieces.shift() ?? NOTHING;
      piecesBytes -= next.length;
      return next;
    },
    hasPiece: () => pieces.length > 0,
    isFull: () => piecesBytes > MOST_BYTES,
  };
}

/** A writer to an open descriptor, such as standard output's. */
export function createLineWriter(fd: number, { lost, onBroken }: LineWriterOptions): LineWriter {
  const backlog = createBacklog();
  let dropped = 0;
  /** What is left of the write that was begun; in the hands of the system while `writing`. */
  let begun: Buffer = NOTHING;
  let writing = false;
  let timer: NodeJS.Timeout | undefined;
  let isBroken = false;

  function tell(error: NodeJS.ErrnoException | null): void {
    if (error !== null && !isBroken) onBroken(error.code ?? 'unknown');
    isBroken = error !== null;
  }

  function writeOut(): void {
    clearTimeout(timer);
    timer = undefined;
    if (writing) return;
    if (begun.length === 0) begun = backlog.take();
    if (begun.length === 0) return;
    writing = true;
    writeInBackground(fd, begun, (error, written) => {
      writing = false;
      if (hasNoRoom(error)) return later(RETRY_MS);
      tell(error);
      if (error !== null) dropped += begun.filter((byte) => byte === LINE_FEED).length;
      begun = error === null ? begun.subarray(written) : NOTHING;
      writeOut();
    });
  }

  function later(ms: number): void {
    timer ??= setTimeout(writeOut, ms).unref();
  }

  return {
    write(line) {
      if (backlog.isFull()) {
        dropped += 1;
        return;
      }
      if (dropped > 0) backlog.add(lost(dropped));
      dropped = 0;
      backlog.add(line);
      if (backlog.hasPiece()) writeOut();
      else later(WITHIN_MS);
    },
    flush() {
      const left = writeAll(fd, { first: writing ? NOTHING : begun, next: backlog.take });
      if (!writing) begun = left;
    },
  };
}

/** Writes piece by piece before it returns; what is left of one where it gives up. */
function writeAll(fd: number, { first, next }: { first: Buffer; next: () => Buffer }): Buffer {
  let rest = first;
  let retries = 0;
  for (;;) {
    if (rest.length === 0) rest = next();
    if (rest.length === 0) return rest;
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      retries += 1;
      // A reader that is gone, a full disk: nobody is left to tell.
      if (!hasNoRoom(error) || retries > RETRIES_AT_END) return rest;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** Whether a pipe has no room at the moment. */
function hasNoRoom(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
}
