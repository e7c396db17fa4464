/** Sign-ins and refreshes over several processes, while all of their keys are rotated through every step. */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SecretsDocument } from '../../adapters/secrets/document.ts';
import { openSqliteEngine } from '../../adapters/store/engines/sqlite.ts';
import { pepperIdOf } from '../../adapters/store/seal.ts';
import { attributeOf, Browser, type Page } from './browser.ts';
import { type Cluster, logged, startCluster, timesLogged, type Worker } from './processes.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER, WEB_SECRET } from './stack.ts';

const BASIC = `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}`;
const WEEK_SECONDS = 7 * 24 * 3600;

export interface RotationReport {
  readonly signIns: number;
  readonly refreshes: number;
  readonly failures: readonly string[];
  /** What the command said, step by step. */
  readonly steps: readonly string[];
}

/**
 * How much is done: for each of three steps and each process that takes it, so many users, each of whom signs in twice and
 * refreshes twice.
 */
export interface RotationLoad {
  readonly storage: 'embedded' | 'dynamodb';
  readonly processes: number;
  readonly users: number;
  readonly atOnce: number;
}

/**
 * Rotates until the first pepper is gone. Each process has a copy of the keys and gets the new ones after the others, with
 * users on their way, as copies are distributed in the world.
 */
export async function rotateUnderLoad({
  storage,
  processes,
  users,
  atOnce,
}: RotationLoad): Promise<RotationReport> {
  const cluster = await startCluster(0, { REGISTRATION: 'open' }, storage);
  const failures: string[] = [];
  const steps: string[] = [];
  const done = { signIns: 0, refreshes: 0 };
  let turn = 0;
  let giving: Promise<void> = Promise.resolve();

  const next = (): string => {
    turn += 1;
    return cluster.workers[turn % cluster.workers.length]?.origin ?? '';
  };

  /** One user, who waits while a process gets its keys, at a place of their own, with a form or a code in hand. */
  async function user(index: number): Promise<void> {
    const pause = (place: number): Promise<void> => (place === index % 8 ? giving : Promise.resolve());
    const browser = new Browser(next);
    try {
      const first = await tokens(next(), codeParams(await signIn(cluster, browser, pause)));
      done.signIns += 1;
      await pause(4);
      const second = await refreshed(next(), first);
      done.refreshes += 1;
      await pause(5);
      const silent = await browser.request(authorizeUrl(cluster.issuer, { prompt: 'none' }));
      const code = URL.parse(silent.headers.get('location') ?? '')?.searchParams.get('code');
      await pause(6);
      await tokens(next(), codeParams(code ?? `none: ${silent.headers.get('location')}`));
      done.signIns += 1;
      await pause(7);
      await refreshed(next(), second);
      done.refreshes += 1;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }

  let index = 0;
  async function usersWhile(give: () => Promise<void>): Promise<void> {
    let begun = 0;
    const one = async (): Promise<void> => {
      while (begun < users) {
        begun += 1;
        index += 1;
        if (begun === Math.ceil(users / 2)) giving = give();
        await user(index);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
    await giving;
  }

  async function step(args: readonly string[]): Promise<void> {
    steps.push(await cluster.admin(['secrets', 'rotate', ...args]));
    for (const worker of cluster.workers) await usersWhile(() => giveKeys(cluster, worker));
  }

  try {
    for (let count = 0; count < processes; count += 1) await startWithCopy(cluster, count);
    const app = await register(next());
    const [old = ''] = peppersOf(cluster);
    await step([]);
    await step(['--now']);
    await endAllUnder(cluster, old);
    aWeekLater(cluster);
    await step(['--now']);
    if (peppersOf(cluster).includes(old)) failures.push('the first pepper is still there');
    // It knows none of the peppers that the store was first written under, and yet it is no stranger.
    await cluster.start();
    const kept = await fetch(next() + app.path, { headers: { authorization: `Bearer ${app.token}` } });
    if (kept.status !== 200) failures.push(`the self-registered app is lost: ${kept.status}`);
    return { ...done, failures, steps };
  } finally {
    await cluster.close();
  }
}

const copyOf = (cluster: Cluster, count: number): string => `${cluster.secretsFile}.${count}`;

async function startWithCopy(cluster: Cluster, count: number): Promise<void> {
  const copy = copyOf(cluster, count);
  copyFileSync(cluster.secretsFile, copy);
  await cluster.start({ SECRETS_FILE: copy });
}

/** Gives a process the keys as they are now; resolves when it has taken them. */
async function giveKeys(cluster: Cluster, worker: Worker): Promise<void> {
  const copy = copyOf(cluster, cluster.workers.indexOf(worker));
  const before = timesLogged(worker.output, 'secrets_reloaded');
  copyFileSync(cluster.secretsFile, `${copy}.new`);
  renameSync(`${copy}.new`, copy);
  worker.child.kill('SIGHUP');
  await logged(worker, 'secrets_reloaded', before);
}

async function signIn(
  cluster: Cluster,
  browser: Browser,
  pause: (place: number) => Promise<void>,
): Promise<string> {
  const [platform] = cluster.sandbox.platforms;
  let page = await browser.open(authorizeUrl(cluster.issuer));
  await pause(0);
  page = await browser.press(page, 'platform', { platform_url: platform.origin });
  await pause(1);
  platform.signIn('ada', new URL(linkOn(page)).searchParams.get('token') ?? '');
  page = await browser.press(page, 'continue');
  await pause(2);
  page = await browser.press(page, 'consent', { decision: 'allow' });
  await pause(3);
  return page.url.searchParams.get('code') ?? `none: ${page.status}`;
}

function linkOn(page: Page): string {
  const link = attributeOf(page, 'data-ib-login', 'href');
  if (link === undefined) throw new Error(`no login link, but ${page.status} at ${page.url.pathname}`);
  return link;
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

const codeParams = (code: string): Record<string, string> => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: REDIRECT_URI,
  code_verifier: VERIFIER,
});

const refreshed = (origin: string, { refresh_token }: Tokens): Promise<Tokens> =>
  tokens(origin, { grant_type: 'refresh_token', refresh_token });

/** Tokens that work. */
async function tokens(origin: string, params: Record<string, string>): Promise<Tokens> {
  const response = await fetch(`${origin}/token`, {
    method: 'POST',
    headers: { authorization: BASIC },
    body: new URLSearchParams(params),
  });
  const body = (await response.json()) as Tokens & { readonly error?: string };
  if (response.status !== 200) throw new Error(`${params['grant_type']}: ${response.status} ${body.error}`);
  const { status } = await fetch(`${origin}/userinfo`, {
    headers: { authorization: `Bearer ${body.access_token}` },
  });
  if (status !== 200) throw new Error(`userinfo after ${params['grant_type']}: ${status}`);
  return body;
}

async function register(origin: string): Promise<{ readonly path: string; readonly token: string }> {
  const response = await fetch(`${origin}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['https://self.example/cb'] }),
  });
  const body = (await response.json()) as Record<string, string>;
  const uri = new URL(body['registration_client_uri'] ?? '');
  return { path: uri.pathname, token: body['registration_access_token'] ?? '' };
}

function documentOf(cluster: Cluster): SecretsDocument {
  return JSON.parse(readFileSync(cluster.secretsFile, 'utf8')) as SecretsDocument;
}

const peppersOf = (cluster: Cluster): string[] => documentOf(cluster).peppers.map(({ id }) => id);

/** What a week does: everything that was sealed under a pepper has ended, but for self-registered apps. */
async function endAllUnder(cluster: Cluster, pepperId: string): Promise<void> {
  const engine = await (cluster.engine?.open() ?? openSqliteEngine({ dataDir: cluster.dataDir }));
  for (const table of ['state', 'tokens'] as const) {
    for await (const page of engine.scan(table)) {
      const over = page.filter(
        ({ pk, data }) =>
          !/^(Client|RegistrationAccessToken)#/.test(pk) &&
          data !== undefined &&
          pepperIdOf(data) === pepperId,
      );
      await engine.write(over.map(({ pk }) => ({ op: 'delete', key: { table, pk } })));
    }
  }
  await engine.close();
}

/** The same for the file: what was retired has been so for a week. */
function aWeekLater(cluster: Cluster): void {
  const document = documentOf(cluster);
  const earlier = <T extends { readonly retiredAt?: number | undefined }>(entries: readonly T[]): T[] =>
    entries.map((entry) =>
      entry.retiredAt === undefined ? entry : { ...entry, retiredAt: entry.retiredAt - WEEK_SECONDS },
    );
  const later = {
    ...document,
    signingKeys: earlier(document.signingKeys),
    cookieKeys: earlier(document.cookieKeys),
    peppers: earlier(document.peppers),
  };
  writeFileSync(cluster.secretsFile, JSON.stringify(later));
}
