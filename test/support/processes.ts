/** Providers as processes of their own, sharing one store: what a load balancer would see. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { writeNewSecretsFile } from '../../adapters/secrets/file.ts';
import { createSecrets } from '../../adapters/secrets/keys.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { type DynamoDbTestEngine, startEngine, TABLES } from './engines.ts';
import { CLIENTS, WEB_SECRET } from './stack.ts';

const CLI = join(import.meta.dirname, '../../src/cli/main.ts');
const MAIN = join(import.meta.dirname, '../../src/main.ts');

export interface Worker {
  readonly origin: string;
  readonly child: ChildProcess;
  /** All it has printed. */
  readonly output: string[];
}

export interface Cluster {
  readonly issuer: string;
  readonly sandbox: Sandbox;
  /** What DynamoDB's protocol is spoken by; the embedded store needs none. */
  readonly engine: DynamoDbTestEngine | undefined;
  /** The folder of the embedded store. */
  readonly dataDir: string;
  readonly workers: Worker[];
  /** What each of them is given. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the keys of all processes are. */
  readonly secretsFile: string;
  /** Runs an admin's command in their environment; its standard output. Rejects where it fails. */
  admin(args: readonly string[]): Promise<string>;
  /** Starts one more process on the shared store. */
  start(env?: Readonly<Record<string, string>>): Promise<Worker>;
  /** SIGKILL: nothing is said, nothing is flushed. */
  kill(worker: Worker): Promise<void>;
  close(): Promise<void>;
}

/** A port of loopback on which nothing listens at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return address.port;
}

/** Starts a program of ours and resolves with it once it has printed that it listens. */
export async function startProcess(
  env: Record<string, string>,
): Promise<{ child: ChildProcess; output: string[] }> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output.push(chunk.toString());
      if (output.join('').includes('ib-oauth listens on')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${output.join('')}`)));
  });
  return { child, output };
}

/** Resolves when a process has written a line with this event after the first `before` ones. */
export async function logged({ child, output }: Worker, event: string, before: number): Promise<void> {
  const { stdout } = child;
  while (stdout !== null && timesLogged(output, event) <= before) await once(stdout, 'data');
}

/** How often a process has written a line with this event. */
export function timesLogged(output: readonly string[], event: string): number {
  return output.join('').split(`"event":"${event}"`).length - 1;
}

/** The variables by which a process finds an engine's tables. */
export function variablesOf(engine: DynamoDbTestEngine): Record<string, string> {
  return {
    STORAGE: 'dynamodb',
    STATE_TABLE: TABLES.state,
    TOKEN_TABLE: TABLES.tokens,
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: engine.accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'test',
  };
}

/**
 * A shared store, a sandbox and `size` providers. The issuer's address leads nowhere; route to the workers. `variables`
 * are for all of them.
 */
export async function startCluster(
  size: number,
  variables: Readonly<Record<string, string>> = {},
  storage: 'embedded' | 'dynamodb' = 'dynamodb',
): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-cluster-'));
  const clientsFile = join(folder, 'clients.yaml');
  const secretsFile = join(folder, 'secrets.json');
  writeFileSync(clientsFile, CLIENTS);
  await writeNewSecretsFile(secretsFile, await createSecrets(new Date()));
  const dataDir = join(folder, 'data');
  const engine = storage === 'embedded' ? undefined : await startEngine();
  const sandbox = await startSandbox();
  const [first, second] = sandbox.platforms;
  const issuer = 'http://localhost:1';
  const workers: Worker[] = [];

  const shared = {
    ISSUER: issuer,
    ...(engine === undefined ? { STORAGE: 'embedded', DATA_DIR: dataDir } : variablesOf(engine)),
    SECRETS_FILE: secretsFile,
    CLIENTS_FILE: clientsFile,
    IB_HOSTS: [first.origin, second.origin, sandbox.apiOrigin].join(','),
    WEB_SECRET,
    ...variables,
  };

  async function start(env: Readonly<Record<string, string>> = {}): Promise<Worker> {
    const port = await freePort();
    const { child, output } = await startProcess({ PORT: String(port), ...shared, ...env });
    const worker = { origin: `http://127.0.0.1:${port}`, child, output };
    workers.push(worker);
    return worker;
  }

  async function kill(worker: Worker): Promise<void> {
    workers.splice(workers.indexOf(worker), 1);
    if (worker.child.exitCode !== null || worker.child.signalCode !== null) return;
    const ended = once(worker.child, 'exit');
    worker.child.kill('SIGKILL');
    await ended;
  }

  async function admin(args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { PATH: process.env['PATH'], ...shared },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [said, faults, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${faults}`);
    return said;
  }

  await Promise.all(Array.from({ length: size }, () => start()));
  return {
    issuer,
    environment: shared,
    sandbox,
    engine,
    dataDir,
    workers,
    secretsFile,
    admin,
    start,
    kill,
    async close() {
      await Promise.all([...workers].map(kill));
      await sandbox.close();
      await engine?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
