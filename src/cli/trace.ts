/** `trace REFERENCE`: a user's story in words, from a log on standard input. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CommandError, type Output } from './context.ts';
import { type LogLine, storyOf } from './story.ts';

/** What one story's lines are found by, besides the reference of each request. */
const JOINTS = ['signIn', 'grant'] as const;

/** Reads a log: one JSON object a line, with whatever a log's collector puts in front of it. */
async function readLog(log: Readable): Promise<{ lines: LogLine[]; read: number }> {
  const lines: LogLine[] = [];
  let read = 0;
  for await (const text of createInterface({ input: log, crlfDelay: Number.POSITIVE_INFINITY })) {
    read += 1;
    const line = parseLine(text);
    if (typeof line?.['reference'] === 'string') lines.push(line);
  }
  return { lines, read };
}

function parseLine(text: string): LogLine | undefined {
  const at = text.indexOf('{');
  if (at === -1) return undefined;
  try {
    return JSON.parse(text.slice(at)) as LogLine;
  } catch {
    return undefined;
  }
}

/**
 * The lines of one story: those found by what was asked for, and by way of their sign-ins and grants those before and after,
 * in the order of time.
 */
function linesOfStory(lines: readonly LogLine[], asked: string): readonly LogLine[] {
  const [signIn = ''] = asked.split('.');
  const known = new Set([asked, ...(/^[0-9a-f]{12}$/.test(signIn) ? [signIn] : [])]);
  const requests = new Set<unknown>();
  for (let size = -1; size !== known.size + requests.size; ) {
    size = known.size + requests.size;
    for (const line of lines) {
      const { reference, accountId } = line;
      const isOurs =
        requests.has(reference) ||
        known.has(String(reference)) ||
        known.has(String(accountId)) ||
        JOINTS.some((joint) => known.has(String(line[joint])));
      if (!isOurs) continue;
      requests.add(reference);
      for (const joint of JOINTS) if (typeof line[joint] === 'string') known.add(line[joint]);
    }
  }
  return lines
    .filter(({ reference }) => requests.has(reference))
    .toSorted((a, b) => String(a['time']).localeCompare(String(b['time'])));
}

/** Tells it. */
export async function trace(
  { reference, log }: { readonly reference: string; readonly log: Readable },
  output: Output,
): Promise<void> {
  if ('isTTY' in log && log.isTTY === true)
    throw new CommandError([`give the log on standard input: ib-oauth trace ${reference} < server.log`]);
  const { lines, read } = await readLog(log);
  const story = linesOfStory(lines, reference);
  if (story.length === 0) {
    throw new CommandError([
      `${reference}: not in these ${read} lines; is it the log of that day, and of every process?`,
    ]);
  }
  output.result(story, storyOf(story));
}
