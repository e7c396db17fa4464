/** Providers under measurement: processes of their own, and what is asked of them over HTTP. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fetch as undiciFetch } from 'undici';
import type { Sandbox } from '../sandbox/server.ts';
import { attributeOf, Browser } from '../test/support/browser.ts';
import type { WorkerStats } from './worker.ts';

export const SECRET = 'bench-secret-bench-secret-bench-secret';
export const REDIRECT = 'https://app.example/callback';
const BASIC = { authorization: `Basic ${Buffer.from(`bench:${SECRET}`).toString('base64')}` };
const here = import.meta.dirname;

/** All that were started; the run ends them. */
export const children: ChildProcess[] = [];
/** Starts a script of this folder and resolves with its first message. */
export async function start<T>(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; hello: T }> {
  const child = fork(join(here, script), args, { env: { ...process.env, ...env } });
  children.push(child);
  const [hello] = (await once(child, 'message')) as [T];
  return { child, hello };
}

/** What a worker has used and called since it was last asked. */
export async function statsOf(child: ChildProcess): Promise<WorkerStats> {
  const answer = once(child, 'message');
  child.send('stats');
  const [stats] = (await answer) as [WorkerStats];
  return stats;
}

/** Calls that had to wait for one another. */
export function waves(calls: WorkerStats['calls']): number {
  let count = 0;
  let until = -1;
  for (const { start: begun, end } of [...calls].sort((a, b) => a.start - b.start)) {
    if (begun >= until) count += 1;
    until = Math.max(until, end);
  }
  return count;
}

/** A provider in a worker process. */
export class Provider {
  readonly issuer: string;
  readonly child: ChildProcess;
  readonly #browser = new Browser();

  constructor(issuer: string, child: ChildProcess) {
    this.issuer = issuer;
    this.child = child;
  }

  get #authorize(): string {
    const query = new URLSearchParams({
      client_id: 'bench',
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'openid profile ib:api',
    });
    return `${this.issuer}/authorize?${query}`;
  }

  async signIn(sandbox: Sandbox): Promise<void> {
    const [acme] = sandbox.platforms;
    let page = await this.#browser.open(this.#authorize);
    page = await this.#browser.press(page, 'platform', { platform_url: acme.origin });
    const link = new URL(attributeOf(page, 'data-ib-login', 'href') ?? '');
    acme.signIn('ada', link.searchParams.get('token') ?? '');
    await this.#browser.press(page, 'continue');
  }

  /** A code, by single sign-on. */
  async code(): Promise<string> {
    const page = await this.#browser.open(this.#authorize);
    return page.url.searchParams.get('code') ?? '';
  }

  async post(path: string, params: Record<string, string>): Promise<Record<string, string>> {
    const response = await undiciFetch(this.issuer + path, {
      method: 'POST',
      headers: BASIC,
      body: new URLSearchParams(params),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
  }

  exchange(code: string): Promise<Record<string, string>> {
    return this.post('/token', { grant_type: 'authorization_code', code, redirect_uri: REDIRECT });
  }

  async get(path: string, token: string): Promise<void> {
    const response = await undiciFetch(this.issuer + path, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
  }
}
