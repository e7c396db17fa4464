/** Runs one program of another language from its start to its end, and plays its user. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import type { Stack } from '../support/stack.ts';
import { createChromiumUser } from './chromium-user.ts';
import { builtIn, type Folder } from './toolchains.ts';
import { createUser, type Landing, type User } from './user.ts';

const MOST_MS = 120_000;
const POLL_MS = 200;

/** What the user does with an app that has pages of its own, and what it shows then. */
interface Visit {
  readonly step: string;
  readonly path: string;
  readonly shows: string;
  /** What must read otherwise than it did at the visit before. */
  readonly changes?: RegExp;
}

/** How a program is run. */
export interface Run {
  readonly folder: Folder;
  /** Started in the folder; a path with a slash is the folder's own. `{ISSUER}` and other variables are filled in. */
  readonly command: readonly string[];
  /** What it must say it did, in this order; for an app with pages, what the user does. */
  readonly steps: readonly string[] | readonly Visit[];
  readonly env?: Readonly<Record<string, string>>;
  /** An MCP client: it serves its own redirect, and is tried with every kind of server and of registration. */
  readonly mcp?: true;
  /** An app that runs in the browser. */
  readonly chromium?: true;
}

/** Rejects where the program fails, or leaves a step out. */
export async function runProgram(
  { folder, command: [program = '', ...args], steps, env, mcp, chromium }: Run,
  stack: Stack,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const cwd = builtIn(folder);
  const known: Readonly<Record<string, string>> = { ...variables, ...env, ISSUER: stack.issuer };
  const filled = args.map((arg) => arg.replaceAll(/\{([A-Z_]+)\}/g, (whole, name) => known[name] ?? whole));
  const child = spawn(program.includes('/') ? resolve(cwd, program) : program, filled, {
    cwd,
    env: { ...process.env, PWD: cwd, ...known },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that what it has started ends with it.
    detached: true,
  });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const late = new AbortController();
  const deadline = setTimeout(MOST_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`not done in ${MOST_MS / 1000} s`);
  });
  const inChromium = chromium === true ? await createChromiumUser(stack) : undefined;
  try {
    const user = inChromium ?? createUser(stack, { listens: mcp === true });
    const isApp = steps.some((step) => typeof step !== 'string');
    const done = isApp
      ? useApp(child, steps as readonly Visit[], variables, user)
      : followLines(child, steps as readonly string[], user);
    await Promise.race([done, deadline]);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${said.join('').trim().split('\n').slice(-15).join('\n')}`);
  } finally {
    late.abort();
    await inChromium?.close();
    await deadline.catch(() => undefined);
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    endGroup(child);
    await ended;
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended by itself.
  }
}

/** A program without pages: it prints `visit URL` and reads where that ended, and prints `did STEP`. */
async function followLines(child: ChildProcess, steps: readonly string[], user: User): Promise<void> {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new TypeError('no pipes');
  const ended = once(child, 'exit') as Promise<[number | null]>;
  // Who has ended does not read any more; its exit code says so.
  stdin.on('error', () => undefined);
  const did: string[] = [];
  for await (const line of createInterface({ input: stdout })) {
    const [word, rest = ''] = line.split(/ (.*)/, 2);
    if (word === 'did') did.push(rest);
    if (word === 'visit') stdin.write(`${(await user.visit(rest)).url.href}\n`);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`ended with ${code} after ${did.join(', ') || 'nothing'}`);
  if (did.join() !== steps.join()) throw new Error(`did ${did.join(', ')}, not ${steps.join(', ')}`);
}

/** An app with pages of its own: the user opens one after the other. */
async function useApp(
  child: ChildProcess,
  visits: readonly Visit[],
  { ORIGIN: origin = '', PORT: port = '' }: Readonly<Record<string, string>>,
  user: User,
): Promise<void> {
  while (!(await answers(origin))) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} at its start`);
    await setTimeout(POLL_MS);
  }
  let before = '';
  for (const { step, path, shows, changes } of visits) {
    const landing = await user.visit(origin + path.replace('{PORT}', port), shows);
    if (!landing.body.includes(shows)) throw new Error(`${step}: ${shownBy(landing)} instead of "${shows}"`);
    if (changes !== undefined && changes.exec(before)?.[0] === changes.exec(landing.body)?.[0]) {
      throw new Error(`${step}: ${String(changes)} is what it was`);
    }
    before = landing.body;
  }
}

function shownBy({ url, body }: Landing): string {
  const words = body.replaceAll(/<style[\s\S]*?<\/style>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  return `${url.origin}${url.pathname} shows "${words.trim().slice(0, 500)}"`;
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(1000) });
    return true;
  } catch {
    return false;
  }
}
