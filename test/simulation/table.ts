/** The table of what was run: flows by faults. */
import { FAULTS, type Fault } from './faults.ts';

/** Markdown; a number is how many runs with this fault were in order. */
export function tableOf(
  flows: ReadonlyMap<string, { readonly calls: number; readonly runs: ReadonlyMap<Fault, number> }>,
): string {
  const rows = [...flows].map(([name, { calls, runs }]) => [
    name,
    String(calls),
    ...FAULTS.map((fault) => String(runs.get(fault) ?? 0)),
  ]);
  const lines = [['flow', 'calls', ...FAULTS], ['---', ...['', ...FAULTS].map(() => '--:')], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
