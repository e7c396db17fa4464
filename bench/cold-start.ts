/** Import and first answer of the function's bundle, against node-oidc-provider alone, bundled the same way. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeNewSecretsFile } from '../adapters/secrets/file.ts';
import { createSecrets } from '../adapters/secrets/keys.ts';
import { bundle } from '../scripts/bundle.ts';
import { table } from './load.ts';
import { start } from './provider.ts';

const RUNS = 9;
/** Stands on nothing that is stored; what apps ask first. */
const DISCOVERY = '/.well-known/openid-configuration';
/** Opens the store and asks it. */
const READINESS = '/readyz';
const root = join(import.meta.dirname, '..');

/** Runs in a process of its own: what a function's environment does on its first event. */
const MEASURE = `
const started = performance.now();
const { handler } = await import(process.argv[1]);
const imported = performance.now();
const path = process.argv[2];
const event = { version: '2.0', routeKey: '$default', rawPath: path, rawQueryString: '',
  headers: { host: 'id.acme.example', accept: 'application/json' },
  requestContext: { http: { method: 'GET', path, sourceIp: '192.0.2.1' }, stage: '$default' },
  isBase64Encoded: false };
const answer = await handler(event, {});
const { cpuUsage } = process;
const { user, system } = cpuUsage();
if (answer.statusCode !== 200) throw new Error(JSON.stringify(answer));
console.log(JSON.stringify({ marked: true, importMs: imported - started, answerMs: performance.now() - imported, cpuMs: (user + system) / 1000 }));
process.exit(0);
`;

interface Sample {
  readonly importMs: number;
  readonly answerMs: number;
  readonly cpuMs: number;
}

function measure(module: string, path: string, env: Record<string, string>): Sample {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', MEASURE, module, path], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
    // oidc-provider alone warns of its defaults; an error holds what was said.
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const line = output.split('\n').find((text) => text.startsWith('{"marked"')) ?? '';
  return JSON.parse(line) as Sample;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** All code of a bundle, parts that are loaded later too. */
function megabytes(built: string): number {
  const files = readdirSync(built, { recursive: true, encoding: 'utf8' });
  const sizes = files.filter((file) => file.endsWith('.mjs')).map((file) => statSync(join(built, file)).size);
  return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
}

/** Prints the table; each bundle in turn, so that both see the same machine. */
export async function coldStart(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-cold-'));
  try {
    execFileSync(process.execPath, [join(root, 'scripts/build-lambda.ts')], { stdio: 'ignore' });
    const ours = join(root, 'dist/function/src/lambda/handler.mjs');
    const floor = join(folder, 'floor/floor.mjs');
    await bundle({
      entries: { floor: join(import.meta.dirname, 'lambda-floor.ts') },
      outdir: join(folder, 'floor'),
    });
    const secretsFile = join(folder, 'secrets.json');
    await writeNewSecretsFile(secretsFile, await createSecrets(new Date()));
    const engine = await start<{ endpoint: string }>('engine.ts');
    const env = {
      AWS_ENDPOINT_URL_DYNAMODB: engine.hello.endpoint,
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      STATE_TABLE: 'ib-oauth-state-bench',
      TOKEN_TABLE: 'ib-oauth-tokens-bench',
      ISSUER: 'https://id.acme.example',
      STORAGE: 'dynamodb',
      SECRETS_FILE: secretsFile,
      CLIENTS_FILE: join(root, 'dist/function/config/clients.yaml'),
      AWS_REGION: 'local',
      LOG_LEVEL: 'silent',
    };
    const samples = { floor: [] as Sample[], ours: [] as Sample[], stored: [] as Sample[] };
    for (let run = 0; run < RUNS; run += 1) {
      samples.floor.push(measure(floor, DISCOVERY, {}));
      samples.ours.push(measure(ours, DISCOVERY, env));
      samples.stored.push(measure(ours, READINESS, env));
    }
    const rowOf = (name: string, list: readonly Sample[], built: string) => {
      const of = (key: keyof Sample): number => median(list.map((sample) => sample[key]));
      return { name, mb: megabytes(built), ms: of('importMs') + of('answerMs'), of };
    };
    const least = rowOf('oidc-provider alone', samples.floor, join(folder, 'floor'));
    const built = join(root, 'dist/function');
    const rows = [
      least,
      rowOf('this product', samples.ours, built),
      rowOf('this product, asked for what is stored', samples.stored, built),
    ].map(({ name, mb, ms, of }) => [
      name,
      mb.toFixed(2),
      of('importMs').toFixed(0),
      of('answerMs').toFixed(0),
      of('cpuMs').toFixed(0),
      (ms / least.ms).toFixed(2),
    ]);
    const head = [
      'bundle',
      'MB, all parts',
      'import ms',
      'first answer ms',
      'CPU ms',
      'import + answer ÷ alone',
    ];
    console.log(`\n## Cold start, median of ${RUNS}\n\n${table([head, ...rows])}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
