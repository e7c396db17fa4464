/**
 * `npm run bench:bytes`: what each operation writes to the log as a function, and how many requests it is: what CloudWatch,
 * the API and Lambda are paid by. Bytes are counted, and exact.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createSecrets } from '../adapters/secrets/keys.ts';
import type { StoreCall } from '../adapters/store/contract.ts';
import { startSandbox } from '../sandbox/server.ts';
import { attributeOf, Browser, type Page } from '../test/support/browser.ts';
import { table } from './load.ts';
import { children, REDIRECT, SECRET, start } from './provider.ts';

const TURNS = 20;
const QUIET_MS = 100;
const PORT = '13092';
const ISSUER = `http://localhost:${PORT}`;
const BASIC = { authorization: `Basic ${btoa(`bench:${SECRET}`)}` };
/**
 * What AWS writes of one call besides: START, END and REPORT of Lambda, and the line of the API's access log
 * (deploy/aws/api.ts), with values of usual length.
 */
const ALSO_WRITTEN = [
  'START RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95 Version: 12\n',
  'END RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\n',
  'REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 15.74 ms\tBilled Duration: 16 ms\tMemory Size: 1024 MB\tMax Memory Used: 148 MB\t\n',
  '{"requestId":"JKJaXmPLvHcESHA=","time":"1764096000000","method":"POST","status":"200","bytes":"1240","latencyMs":"24","integrationError":"-"}\n',
].join('').length;
/** US East, dollars: a gigabyte of log; a million each of requests of an HTTP API, calls of a function, units of DynamoDB. */
const PRICES = { logGigabyte: 0.5, api: 1, call: 0.2, read: 0.125, write: 0.625 };

/** What an operation is paid by. */
interface Written {
  readonly requests: number;
  readonly lines: number;
  readonly bytes: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}
/** pino's number of the level. */
const DEBUG = 20;

const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-bytes-'));
const clientsFile = join(folder, 'clients.yaml');
writeFileSync(
  clientsFile,
  `clients:\n  - client_id: bench\n    client_secret_env: BENCH_SECRET\n    redirect_uris: [${REDIRECT}]\n    grant_types: [authorization_code, refresh_token]\n    scope: openid profile ib:api\n    ib: { skip_consent: true }\n`,
);
const sandbox = await startSandbox();
const [acme, second] = sandbox.platforms;

/** Starts the function's application; `written` is all that it wrote since it was last asked. */
async function startFunction(endpoint: string): Promise<() => Promise<Written>> {
  const child = fork(join(import.meta.dirname, 'bytes-worker.ts'), [], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      PORT,
      ISSUER,
      STORAGE: 'dynamodb',
      STATE_TABLE: 'ib-oauth-state-bench',
      TOKEN_TABLE: 'ib-oauth-tokens-bench',
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
      CLIENTS_FILE: clientsFile,
      BENCH_SECRET: SECRET,
      LOG_LEVEL: 'debug',
      IB_HOSTS: [acme.origin, second.origin, sandbox.apiOrigin].join(','),
    },
  });
  children.push(child);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'message');
  return async () => {
    // What an operation writes comes on a channel of its own, the last of it after the answer.
    for (let length = -1; length !== text.length; ) {
      ({ length } = text);
      await setTimeout(QUIET_MS);
    }
    const said = text.split('\n').filter((line) => line !== '');
    text = '';
    const facts = said.map(
      (line) => JSON.parse(line) as Partial<StoreCall> & { level?: number; event?: string },
    );
    // Lines for debugging are asked for to count units, and are not written otherwise.
    const lines = said.filter((_, at) => facts[at]?.level !== DEBUG);
    const sum = (unit: 'readUnits' | 'writeUnits'): number =>
      facts.reduce((all, { [unit]: units = 0 }) => all + units, 0);
    return {
      requests: facts.filter(({ event }) => event === 'request').length,
      lines: lines.length,
      bytes: lines.reduce((all, line) => all + Buffer.byteLength(line) + 1, 0),
      readUnits: sum('readUnits'),
      writeUnits: sum('writeUnits'),
    };
  };
}

async function post(params: Record<string, string>): Promise<Record<string, string>> {
  const answer = await fetch(`${ISSUER}/token`, {
    method: 'POST',
    headers: BASIC,
    body: new URLSearchParams(params),
  });
  if (!answer.ok) throw new Error(`/token: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, string>;
}

async function get(path: string, token: string): Promise<void> {
  const answer = await fetch(ISSUER + path, { headers: { authorization: `Bearer ${token}` } });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
}

/** The page that waits for the sign-in at IntelligenceBank. */
async function wait(browser: Browser): Promise<Page> {
  const query = new URLSearchParams({
    client_id: 'bench',
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid profile ib:api',
  });
  const form = await browser.open(`${ISSUER}/authorize?${query}`);
  return browser.press(form, 'platform', { platform_url: acme.origin });
}

/** One user's day: what each step wrote. */
async function day(written: () => Promise<Written>): Promise<Record<string, Written>> {
  const steps: Record<string, Written> = {};
  const browser = new Browser();
  const waiting = await wait(browser);
  const link = new URL(attributeOf(waiting, 'data-ib-login', 'href') ?? '');
  acme.signIn('ada', link.searchParams.get('token') ?? '');
  const done = await browser.press(waiting, 'continue');
  steps['sign-in without polls, to the code'] = await written();
  // Of a sign-in of its own: IntelligenceBank is not asked twice within two seconds.
  const other = new Browser();
  const handle = attributeOf(await wait(other), 'data-poll', 'data-poll') ?? '';
  await written();
  await other.request(`${ISSUER}/authorize/poll?token=${handle}`, {
    headers: { accept: 'application/json' },
  });
  steps['a poll'] = await written();
  const code = done.url.searchParams.get('code') ?? '';
  const tokens = await post({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT });
  steps['code exchange'] = await written();
  const { refresh_token: refreshToken = '' } = tokens;
  const next = await post({ grant_type: 'refresh_token', refresh_token: refreshToken });
  steps['refresh'] = await written();
  await get('/userinfo', next['access_token'] ?? '');
  steps['/userinfo'] = await written();
  await get('/proxy/api/3.0.0/6M0B/folder', next['access_token'] ?? '');
  steps['a proxied call'] = await written();
  return steps;
}

try {
  const engine = await start<{ endpoint: string }>('engine.ts', []);
  const written = await startFunction(engine.hello.endpoint);
  await day(written);
  const days: Record<string, Written>[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) days.push(await day(written));
  const rows = Object.keys(days[0] ?? {}).map((name) => {
    const mean = (what: keyof Written): number =>
      days.reduce((sum, { [name]: step }) => sum + (step?.[what] ?? 0), 0) / TURNS;
    const requests = mean('requests');
    const bytes = mean('bytes') + requests * ALSO_WRITTEN;
    const log = (bytes * PRICES.logGigabyte) / 1000;
    const calls = requests * (PRICES.api + PRICES.call);
    const store = mean('readUnits') * PRICES.read + mean('writeUnits') * PRICES.write;
    return [name, requests, mean('lines'), mean('bytes'), bytes, log, calls, store, log + calls + store];
  });
  console.log(
    table([
      [
        '',
        'requests',
        'lines',
        'bytes, ours',
        'with AWS’s',
        '$ log',
        '$ API, calls',
        '$ DynamoDB',
        '$ a million',
      ],
      ...rows,
    ]),
  );
} finally {
  for (const child of children) child.kill();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
}
