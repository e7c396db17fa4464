/** Who is measured: the floor, and the product as operators run it, `src/main.ts` with its log on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNewSecretsFile } from '../adapters/secrets/file.ts';
import { createSecrets } from '../adapters/secrets/keys.ts';
import type { Sandbox } from '../sandbox/server.ts';
import { App } from './app.ts';
import { treeOf } from './cpu.ts';
import { children, NODE_OPTIONS, REDIRECT, SCOPE, SECRET, start } from './provider.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');

export interface Contender {
  readonly name: string;
  readonly app: App;
  /** The provider's processes. */
  readonly pids: readonly number[];
  /** The store's, where it is apart. */
  readonly storePids: readonly number[];
  /** Lines of the log, the newest last, where they were asked for. */
  readonly log: string[];
}

/** Starts the product and resolves when it listens. */
async function startProduct(
  env: Record<string, string>,
  keepLog: boolean,
): Promise<{ child: ChildProcess; issuer: string; log: string[] }> {
  const child = spawn(process.execPath, [...NODE_OPTIONS, MAIN], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const log: string[] = [];
  let head = '';
  const issuer = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${head}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      if (keepLog) log.push(chunk.toString());
      if (head.length > 10_000) return;
      head += chunk.toString();
      const [, url] = /ib-oauth listens on (\S+) /.exec(head) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  return { child, issuer, log };
}

/** What all variants of the product are given. */
async function environment(sandbox: Sandbox, folder: string): Promise<Record<string, string>> {
  const [first, second] = sandbox.platforms;
  mkdirSync(folder, { recursive: true });
  const clientsFile = join(folder, 'clients.yaml');
  writeFileSync(
    clientsFile,
    `clients:\n  - client_id: bench\n    client_secret_env: BENCH_SECRET\n    redirect_uris: [${REDIRECT}]\n    grant_types: [authorization_code, refresh_token, client_credentials]\n    scope: ${SCOPE}\n`,
  );
  const secretsFile = join(folder, 'secrets.json');
  await writeNewSecretsFile(secretsFile, await createSecrets(new Date()));
  return {
    PORT: '0',
    CLIENTS_FILE: clientsFile,
    SECRETS_FILE: secretsFile,
    BENCH_SECRET: SECRET,
    IB_HOSTS: [first.origin, second.origin, sandbox.apiOrigin].join(','),
    TRUSTED_PROXIES: '1',
  };
}

/** The floor. */
export async function startFloor(): Promise<Contender> {
  const { child, hello } = await start<{ issuer: string }>('floor.ts');
  return { name: 'floor', app: new App(hello.issuer), pids: [child.pid ?? 0], storePids: [], log: [] };
}

/** The product with its embedded store, in one process or in several. */
export async function startEmbeddedProduct(
  sandbox: Sandbox,
  folder: string,
  workers: number,
): Promise<Contender> {
  const env = {
    ...(await environment(sandbox, folder)),
    DATA_DIR: join(folder, 'data'),
    WORKERS: String(workers),
  };
  const { child, issuer, log } = await startProduct(env, false);
  return {
    name: workers === 1 ? 'embedded' : `embedded, ${workers} workers`,
    app: new App(issuer, sandbox),
    pids: treeOf(child.pid ?? 0),
    storePids: [],
    log,
  };
}

/** The product on DynamoDB, which dynalite plays in a process of its own. */
export async function startDynamoDbProduct(
  sandbox: Sandbox,
  folder: string,
  { debug = false } = {},
): Promise<Contender & { readonly endpoint: string }> {
  const engine = await start<{ endpoint: string }>('engine.ts');
  const env = {
    ...(await environment(sandbox, folder)),
    STORAGE: 'dynamodb',
    STATE_TABLE: 'ib-oauth-state-bench',
    TOKEN_TABLE: 'ib-oauth-tokens-bench',
    AWS_ENDPOINT_URL_DYNAMODB: engine.hello.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    ...(debug ? { LOG_LEVEL: 'debug' } : {}),
  };
  const { child, issuer, log } = await startProduct(env, debug);
  return {
    name: 'DynamoDB',
    app: new App(issuer, sandbox),
    pids: treeOf(child.pid ?? 0),
    storePids: [engine.child.pid ?? 0],
    log,
    endpoint: engine.hello.endpoint,
  };
}
