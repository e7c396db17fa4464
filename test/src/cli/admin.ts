/** The admin's commands as processes, in a folder with a clients' file of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const CLI = join(import.meta.dirname, '../../../src/cli/main.ts');

/** How a command has ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `folder` and `file`, the clients' file, are new for each test, as is what it sets in `variables`. */
export interface Admin {
  readonly folder: string;
  readonly file: string;
  readonly variables: Record<string, string>;
  run(args: readonly string[], input?: string): Ended;
  /** The same without blocking this process, which may hold the engine. */
  runAsync(args: readonly string[]): Promise<Ended>;
}

/** Makes the folder of each test; call inside `describe`. */
export function useAdmin(): Admin {
  let folder: string;
  let file: string;
  const variables: Record<string, string> = {};

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-cli-'));
    file = join(folder, 'clients.yaml');
    writeFileSync(
      file,
      '# Ours\nclients: # the apps\n  - client_id: first # stays\n    token_endpoint_auth_method: none\n    redirect_uris: [https://first.example/cb]\n',
    );
    for (const name of Object.keys(variables)) delete variables[name];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function run(args: readonly string[], input = ''): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      input,
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], CLIENTS_FILE: file, DATA_DIR: join(folder, 'data'), ...variables },
    });
    return { status, stdout, stderr };
  }

  async function runAsync(args: readonly string[]): Promise<Ended> {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { PATH: process.env['PATH'], CLIENTS_FILE: file, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    return { status: status as number | null, stdout, stderr };
  }
  return {
    get folder() {
      return folder;
    },
    get file() {
      return file;
    },
    variables,
    run,
    runAsync,
  };
}
