/** Running an operation many times, so many in flight, and what it took. */

export interface Timings {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

/** The value below which a share of sorted numbers lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Runs `call` for each input, `inFlight` at a time; milliseconds of each. */
export async function measure<T>(
  inputs: readonly T[],
  inFlight: number,
  call: (input: T) => Promise<void>,
): Promise<Timings> {
  const times: number[] = [];
  const queue = inputs.values();
  const started = performance.now();
  async function lane(): Promise<void> {
    for (const input of queue) {
      const begun = performance.now();
      await call(input);
      times.push(performance.now() - begun);
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane));
  const seconds = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), perSecond: times.length / seconds };
}

/** Rows of text in columns. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toFixed(2) : cell)));
  const widths = (texts[0] ?? []).map((_, column) =>
    Math.max(...texts.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = texts;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(line)].join(
    '\n',
  );
}
