/** The server's log: one JSON object a line on standard output. */
import { type Logger, pino } from 'pino';
import type { Config } from '../../config/types.ts';
import { createLineWriter } from './line-writer.ts';

const STANDARD_OUTPUT = 1;

export interface Log {
  readonly log: Logger;
  /** Writes what is still kept; for the end of the process. */
  flush(): void;
}

/** A log that writes in the background; `base` stands in each line. `log.flush()` returns when all is written, too. */
export function createLog(level: Config['logLevel'], base: object = {}): Log {
  // What writes there by other ways must not end the process either; nobody is left to tell where standard error is gone too.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const lines = createLineWriter(STANDARD_OUTPUT, {
    lost(count) {
      const facts = {
        level: 'warn',
        time: new Date().toISOString(),
        event: 'log_lines_dropped',
        lines: count,
      };
      return `${JSON.stringify({ ...facts, msg: 'whoever reads the log was too slow' })}\n`;
    },
    onBroken: (code) =>
      void process.stderr.write(`standard output cannot be written (${code}): lines of the log are lost\n`),
  });
  const log = pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  return { log, flush: lines.flush };
}
