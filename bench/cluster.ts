/** Providers as an operator runs them, `src/main.ts` in processes of their own, on one store; requests go to each in turn. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetch as undiciFetch } from 'undici';
import { writeNewSecretsFile } from '../adapters/secrets/file.ts';
import { createSecrets } from '../adapters/secrets/keys.ts';
import type { Sandbox } from '../sandbox/server.ts';
import { attributeOf, Browser, type Page } from '../test/support/browser.ts';
import { startProcess } from '../test/support/processes.ts';
import { children, REDIRECT, SECRET } from './provider.ts';

const ISSUER = 'http://localhost:1';
const BASIC = { authorization: `Basic ${Buffer.from(`bench:${SECRET}`).toString('base64')}` };

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

export interface Cluster {
  signIn(): Promise<Tokens>;
  refresh(tokens: Tokens): Promise<Tokens>;
  userinfo(tokens: Tokens): Promise<void>;
  introspect(tokens: Tokens): Promise<void>;
  /** Megabytes in memory, of each process. */
  memory(): number[];
  stop(): Promise<void>;
}

/** Each request from an address of its own: the limits on one address are not what is measured. */
const address = (): Record<string, string> => ({
  'x-forwarded-for': Array.from({ length: 4 }, () => Math.floor(Math.random() * 254) + 1).join('.'),
});

class BenchBrowser extends Browser {
  override request(...[url, init = {}]: Parameters<Browser['request']>): Promise<Page> {
    return super.request(url, { ...init, headers: { ...address(), ...init.headers } });
  }
}

/** Starts `size` processes. */
export async function startCluster(options: {
  readonly size: number;
  readonly endpoint: string;
  readonly sandbox: Sandbox;
  readonly folder: string;
}): Promise<Cluster> {
  const { size, endpoint, sandbox, folder } = options;
  const [first, second] = sandbox.platforms;
  const secretsFile = join(folder, 'secrets.json');
  await writeNewSecretsFile(secretsFile, await createSecrets(new Date()));
  const clientsFile = join(folder, 'clients.yaml');
  writeFileSync(
    clientsFile,
    `clients:\n  - client_id: bench\n    client_secret_env: BENCH_SECRET\n    redirect_uris: [${REDIRECT}]\n    grant_types: [authorization_code, refresh_token]\n    scope: openid profile ib:api\n`,
  );
  const workers = await Promise.all(
    Array.from({ length: size }, async () => {
      const { child, output } = await startProcess({
        PORT: '0',
        ISSUER,
        STORAGE: 'dynamodb',
        STATE_TABLE: 'ib-oauth-state-bench',
        TOKEN_TABLE: 'ib-oauth-tokens-bench',
        AWS_ENDPOINT_URL_DYNAMODB: endpoint,
        AWS_REGION: 'local',
        AWS_ACCESS_KEY_ID: 'bench',
        AWS_SECRET_ACCESS_KEY: 'bench',
        SECRETS_FILE: secretsFile,
        CLIENTS_FILE: clientsFile,
        IB_HOSTS: [first.origin, second.origin, sandbox.apiOrigin].join(','),
        BENCH_SECRET: SECRET,
        TRUSTED_PROXIES: '1',
        LOG_LEVEL: 'error',
      });
      children.push(child);
      const [, host = ''] = /\(([^)]+)\)/.exec(output.join('')) ?? [];
      return { child, origin: `http://${host}` };
    }),
  );
  let turn = 0;
  const next = (): string => {
    turn += 1;
    return workers[turn % workers.length]?.origin ?? '';
  };

  async function ask(
    path: string,
    init: { params?: Record<string, string>; token?: string },
  ): Promise<string> {
    const { params, token } = init;
    const response = await undiciFetch(next() + path, {
      method: params === undefined ? 'GET' : 'POST',
      headers: { ...address(), ...(token === undefined ? BASIC : { authorization: `Bearer ${token}` }) },
      ...(params === undefined ? {} : { body: new URLSearchParams(params) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 200)}`);
    return text;
  }

  return {
    async signIn() {
      const browser = new BenchBrowser(next);
      const url = new URL('/authorize', ISSUER);
      url.search = new URLSearchParams({
        client_id: 'bench',
        response_type: 'code',
        redirect_uri: REDIRECT,
        scope: 'openid profile ib:api',
      }).toString();
      let page = await browser.open(url);
      page = await browser.press(page, 'platform', { platform_url: first.origin });
      const link = new URL(attributeOf(page, 'data-ib-login', 'href') ?? '');
      first.signIn('ada', link.searchParams.get('token') ?? '');
      page = await browser.press(page, 'continue');
      page = await browser.press(page, 'consent', { decision: 'allow' });
      const code = page.url.searchParams.get('code') ?? '';
      const params = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT };
      return JSON.parse(await ask('/token', { params })) as Tokens;
    },
    async refresh({ refresh_token }) {
      const params = { grant_type: 'refresh_token', refresh_token };
      return JSON.parse(await ask('/token', { params })) as Tokens;
    },
    userinfo: async ({ access_token: token }) => void (await ask('/userinfo', { token })),
    introspect: async ({ access_token: token }) => void (await ask('/introspect', { params: { token } })),
    memory: () =>
      workers.map(({ child }) => {
        const [, kilobytes = '0'] =
          /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
        return Number(kilobytes) / 1024;
      }),
    async stop() {
      await Promise.all(
        workers.map(({ child }) => {
          const ended = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGTERM');
          return ended;
        }),
      );
    },
  };
}
