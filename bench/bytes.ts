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
/** US East, dollars: a gigabyte of log; a million requests of an HTTP API; a million calls of a function. */
const PRICES = { logGigabyte: 0.5, apiMillion: 1, callMillion: 0.2 };

interface Written {
  readonly bytes: number;
  readonly lines: number;
  readonly requests: number;
}

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
    const lines = text.split('\n').filter((line) => line !== '');
    const requests = lines.filter((line) => line.includes('"event":"request"')).length;
    const bytes = Buffer.byteLength(text);
    text = '';
    return { bytes, lines: lines.length, requests };
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
  const sums = new Map<string, Written>();
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [name, { bytes, lines, requests }] of Object.entries(await day(written))) {
      const sum = sums.get(name) ?? { bytes: 0, lines: 0, requests: 0 };
      sums.set(name, {
        bytes: sum.bytes + bytes,
        lines: sum.lines + lines,
        requests: sum.requests + requests,
      });
    }
  }
  const rows = [...sums].map(([name, sum]) => {
    const requests = sum.requests / TURNS;
    const bytes = sum.bytes / TURNS + requests * ALSO_WRITTEN;
    const dollars = (bytes * PRICES.logGigabyte) / 1000 + requests * (PRICES.apiMillion + PRICES.callMillion);
    return [
      name,
      requests,
      sum.lines / TURNS,
      sum.bytes / TURNS,
      bytes,
      (bytes * PRICES.logGigabyte) / 1000,
      dollars,
    ];
  });
  console.log(
    table([
      ['', 'requests', 'lines', 'bytes, ours', 'bytes, with AWS’s', 'log, $ a million', 'with API and calls'],
      ...rows,
    ]),
  );
} finally {
  for (const child of children) child.kill();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
}
