/** The demo: a simulated IntelligenceBank, the provider and an example app, each a process of its own on loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const POLL_MS = 50;
/** Longer than the provider's own drain. */
const KILL_AFTER_MS = 12_000;

const providerPort = portOf('DEMO_PROVIDER_PORT', 3000);
const appPort = portOf('DEMO_APP_PORT', 3001);
/** The first of three: API, ACME, Globex. */
const sandboxPort = portOf('DEMO_SANDBOX_PORT', 4000);
const dataDir = process.env['DEMO_DATA_DIR'] ?? join(root, '.data', 'demo');
const issuer = `http://localhost:${providerPort}`;
const app = `http://localhost:${appPort}/`;
const [api, acme, globex] = [0, 1, 2].map((at) => `http://127.0.0.1:${sandboxPort + at}`);
const secret = randomBytes(24).toString('base64url');

interface Program {
  readonly name: string;
  readonly script: string;
  /** Answers 200 once the program accepts connections. */
  readonly ready: string;
  readonly env: Readonly<Record<string, string>>;
}

const children = new Set<ChildProcess>();
let stopping = false;

function portOf(name: string, usual: number): number {
  const port = Number(process.env[name] ?? usual);
  if (Number.isInteger(port) && port > 0 && port <= 65_533) return port;
  console.error(`${name}: wants a port number`);
  process.exit(1);
}

/** Ends the children that this process started, then this process. A second signal waits for nobody. */
async function stopAll(code: number): Promise<never> {
  if (stopping) for (const child of children) child.kill('SIGKILL');
  stopping = true;
  const ends = [...children].map((child) => once(child, 'exit'));
  for (const child of children) child.kill('SIGTERM');
  const late = new AbortController();
  setTimeout(KILL_AFTER_MS, undefined, { signal: late.signal }).then(
    () => {
      for (const child of children) child.kill('SIGKILL');
    },
    () => undefined,
  );
  await Promise.all(ends);
  late.abort();
  process.exit(code);
}

/** The exit code of a child, or 128 and the number of the signal that ended it, as shells have it. */
function codeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Starts a program and resolves when it answers. Its lines go to a file; what it says of faults, to the terminal. */
async function start({ name, script, ready, env }: Program): Promise<void> {
  if (stopping) return;
  const log = openSync(join(dataDir, `${script.replaceAll('/', '-').replace('.ts', '')}.log`), 'w', 0o600);
  const child = spawn(process.execPath, [join(root, script)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, 'inherit'],
  });
  children.add(child);
  child.once('exit', (code, signal) => {
    children.delete(child);
    if (stopping) return;
    console.error(`${name} has ended with code ${codeOf(code, signal)}; the demo stops.`);
    void stopAll(codeOf(code, signal));
  });
  while (!stopping && !(await answers(ready))) await setTimeout(POLL_MS);
}

async function answers(url: string): Promise<boolean> {
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(1000) });
    return status === 200;
  } catch {
    return false;
  }
}

/** Whether nobody listens on a port of loopback. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

async function refuseBusyPorts(): Promise<void> {
  const wanted: readonly (readonly [number, string])[] = [
    [providerPort, 'DEMO_PROVIDER_PORT'],
    [appPort, 'DEMO_APP_PORT'],
    ...[0, 1, 2].map((at) => [sandboxPort + at, 'DEMO_SANDBOX_PORT'] as const),
  ];
  const free = await Promise.all(wanted.map(([port]) => isFree(port)));
  const busy = wanted.filter((_, at) => !free[at]);
  for (const [port, name] of busy) {
    console.error(`Port ${port} is in use. Stop what listens there, or choose another port with ${name}.`);
  }
  if (busy.length > 0) process.exit(1);
}

/** The app's registration with the port in use. */
function clientsFile(): string {
  const file = join(dataDir, 'clients.yaml');
  const template = readFileSync(join(root, 'examples/web-app/clients.yaml'), 'utf8');
  writeFileSync(file, template.replaceAll('localhost:3001', `localhost:${appPort}`).replace(/^#.*\n/, ''));
  return file;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stopAll(0));

await refuseBusyPorts();
mkdirSync(dataDir, { recursive: true });
await start({
  name: 'The sandbox',
  script: 'sandbox/main.ts',
  ready: `${globex}/__sandbox/`,
  env: { PORT: String(sandboxPort) },
});
await start({
  name: 'The provider',
  script: 'src/main.ts',
  ready: `${issuer}/healthz`,
  env: {
    HOST: '127.0.0.1',
    PORT: String(providerPort),
    ISSUER: issuer,
    STORAGE: 'embedded',
    DATA_DIR: dataDir,
    CLIENTS_FILE: clientsFile(),
    DEMO_WEB_APP_SECRET: secret,
    IB_HOSTS: [acme, globex, api].join(','),
    // Empty counts as not set: the demo makes its own secrets and keeps them beside its data.
    SECRETS_FILE: '',
    SECRETS_ARN: '',
  },
});
await start({
  name: 'The example app',
  script: 'examples/web-app/app.ts',
  ready: app,
  env: { ISSUER: issuer, CLIENT_ID: 'demo-web-app', CLIENT_SECRET: secret, PORT: String(appPort) },
});

if (!stopping) {
  console.log(`
  Example app                 ${app}
  Provider (issuer)           ${issuer}
  Simulated IntelligenceBank  ${acme} (ACME) and ${globex} (Globex)

  1. Open the example app and press "Sign in with IntelligenceBank".
  2. Enter ${acme} as your IntelligenceBank address.
  3. Open the sign-in page, choose "Ada Lovelace", and come back.
  4. Allow the access.

  What can go wrong: ${acme}/__sandbox/ is a page of switches.
  Logs: ${dataDir}
  Ctrl-C stops all three.
`);
}
