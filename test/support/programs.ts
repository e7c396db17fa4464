/** The server and the admin's commands as programs: what they print, and how they end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const SRC = join(import.meta.dirname, '../../src');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of ours to its end. */
export async function runProgram(
  program: 'main.ts' | 'cli/main.ts',
  env: Readonly<Record<string, string>>,
  options: {
    readonly args?: readonly string[];
    readonly input?: string;
    readonly uid?: number;
  } = {},
): Promise<Ended> {
  const variables = { PATH: process.env['PATH'], ...env };
  const child = spawn(process.execPath, [join(SRC, program), ...(options.args ?? [])], {
    env: variables,
    stdio: ['pipe', 'pipe', 'pipe'],
    // Another user may not write where coverage is gathered, and Node would say so.
    ...(options.uid === undefined ? {} : { uid: options.uid, env: { ...variables, NODE_V8_COVERAGE: '' } }),
  });
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}
