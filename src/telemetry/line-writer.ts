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

/** A writer to an open descriptor, such as standard output's. */
export function createLineWriter(fd: number, { lost, onBroken }: LineWriterOptions): LineWriter {
  const waiting: Buffer[] = [];
  let lines: string[] = [];
  let linesBytes = 0;
  let waitingBytes = 0;
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

  function pack(): void {
    if (linesBytes === 0) return;
    waiting.push(Buffer.from(lines.join('')));
    waitingBytes += linesBytes;
    lines = [];
    linesBytes = 0;
  }

  function add(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (linesBytes + bytes > PIECE_BYTES) pack();
    lines.push(line);
    linesBytes += bytes;
  }

  function take(): Buffer {
    const next = waiting.shift() ?? NOTHING;
    waitingBytes -= next.length;
    return next;
  }

  function writeOut(): void {
    clearTimeout(timer);
    timer = undefined;
    if (writing) return;
    pack();
    if (begun.length === 0) begun = take();
    if (begun.length === 0) return;
    writing = true;
    writeInBackground(fd, begun, (error, written) => {
      writing = false;
      if (isFull(error)) return later(RETRY_MS);
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
      if (waitingBytes > MOST_BYTES) {
        dropped += 1;
        return;
      }
      if (dropped > 0) add(lost(dropped));
      dropped = 0;
      add(line);
      if (waiting.length > 0) writeOut();
      else later(WITHIN_MS);
    },
    flush() {
      pack();
      let rest = writing ? NOTHING : begun;
      let retries = 0;
      for (;;) {
        if (rest.length === 0) rest = take();
        if (rest.length === 0) break;
        try {
          rest = rest.subarray(writeSync(fd, rest));
        } catch (error) {
          retries += 1;
          // A reader that is gone, a full disk: nobody is left to tell.
          if (!isFull(error) || retries > RETRIES_AT_END) break;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        }
      }
      if (!writing) begun = rest;
    },
  };
}

/** Whether a pipe has no room at the moment. */
function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
}
