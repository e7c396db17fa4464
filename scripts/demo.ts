/** The demo: a simulated IntelligenceBank, the provider and an example app, each a process of its own on loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const providerPort = Number(process.env['DEMO_PROVIDER_PORT'] ?? 3000);
const appPort = Number(process.env['DEMO_APP_PORT'] ?? 3001);
const sandboxPort = Number(process.env['DEMO_SANDBOX_PORT'] ?? 4000);
const dataDir = process.env['DEMO_DATA_DIR'] ?? join(root, '.data', 'demo');
const issuer = `http://localhost:${providerPort}`;
const [api, acme, globex] = [0, 1, 2].map((at) => `http://127.0.0.1:${sandboxPort + at}`);
const secret = randomBytes(24).toString('base64url');

const children: ChildProcess[] = [];
let stopping = false;

async function stopAll(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const ends = running.map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ends);
  process.exit(code);
}

/** Starts a process and resolves when it has printed its first line: all three say when they accept connections. */
async function run(name: string, script: string, env: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [join(root, script)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const ended = once(child, 'exit').then(([code]) => {
    if (stopping) return;
    console.error(
      `${name} ended with code ${code}; are the ports ${sandboxPort}-${sandboxPort + 2}, ${providerPort}, ${appPort} free?`,
    );
    return stopAll(1);
  });
  const output = child.stdout;
  await Promise.race([once(output, 'data'), ended]);
  output.resume();
}

/** The app's registration with the ports in use. */
function clientsFile(): string {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'clients.yaml');
  const template = readFileSync(join(root, 'examples/web-app/clients.yaml'), 'utf8');
  writeFileSync(file, template.replaceAll('localhost:3001', `localhost:${appPort}`).replace(/^#.*\n/, ''));
  return file;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stopAll(0));

await run('the sandbox', 'sandbox/main.ts', { PORT: String(sandboxPort) });
await run('the provider', 'src/main.ts', {
  HOST: '127.0.0.1',
  PORT: String(providerPort),
  ISSUER: issuer,
  STORAGE: 'embedded',
  DATA_DIR: dataDir,
  CLIENTS_FILE: clientsFile(),
  DEMO_WEB_APP_SECRET: secret,
  IB_HOSTS: [acme, globex, api].join(','),
});
await run('the example app', 'examples/web-app/app.ts', {
  ISSUER: issuer,
  CLIENT_ID: 'demo-web-app',
  CLIENT_SECRET: secret,
  PORT: String(appPort),
});

console.log(`
  Example app                 http://localhost:${appPort}/
  Provider (issuer)           ${issuer}
  Simulated IntelligenceBank  ${acme} (ACME) and ${globex} (Globex)

  1. Open the example app and press "Sign in with IntelligenceBank".
  2. Enter ${acme} as your IntelligenceBank address.
  3. Open the sign-in page, choose "Ada Lovelace", and come back.
  4. Allow the access.

  Ctrl-C stops all three.
`);
