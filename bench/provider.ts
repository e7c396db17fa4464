/** Processes under measurement, and the client that all of them know. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const SECRET = 'bench-secret-bench-secret-bench-secret';
export const REDIRECT = 'https://app.example/callback';
export const SCOPE = 'openid profile ib:api';

const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  readonly scripts: { readonly start: string };
};
/** Node's options of a server, as `npm start` has them: the floor's too. */
export const NODE_OPTIONS = scripts.start.split(' ').filter((word) => word.startsWith('--'));

/** All that were started; the run ends them. */
export const children: ChildProcess[] = [];
/** Starts a script of this folder and resolves with its first message. */
export async function start<T>(
  script: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; hello: T }> {
  const child = fork(join(import.meta.dirname, script), args, {
    env: { ...process.env, ...env },
    execArgv: NODE_OPTIONS,
  });
  children.push(child);
  const [hello] = (await once(child, 'message')) as [T];
  return { child, hello };
}
