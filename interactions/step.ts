/** One request of an interaction: whose it is and what it is about. */
import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { AttemptId } from '../adapters/store/contract.ts';

export type Interaction = InstanceType<Provider['Interaction']>;
export type Client = InstanceType<Provider['Client']>;

/** One request of an interaction, its browser known. */
export interface Step {
  readonly ctx: Context;
  readonly interaction: Interaction;
  readonly client: Client;
  readonly attemptId: AttemptId;
  readonly csrf: string;
}

const BROWSER_BYTES = 32;
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** The name of the cookie that tells browsers apart; nothing of the user's is in it. */
export function browserCookieName(issuer: string): string {
  return issuer.startsWith('https:') ? '__Host-ib_browser' : 'ib_browser';
}

/** This browser's own secret: what binds attempts and polls to it. Set on its first interaction. */
export function ensureBrowser(ctx: Context, issuer: string): string {
  const known = browserOf(ctx, issuer);
  if (known !== undefined) return known;
  const fresh = randomBytes(BROWSER_BYTES).toString('base64url');
  ctx.cookies.set(browserCookieName(issuer), fresh, {
    httpOnly: true,
    sameSite: 'lax',
    secure: issuer.startsWith('https:'),
    path: '/',
    maxAge: YEAR_MS,
    signed: false,
    overwrite: true,
  });
  return fresh;
}

/** The browser's secret as it sent it; undefined where it sent none of ours. */
export function browserOf(ctx: Context, issuer: string): string | undefined {
  const value = ctx.cookies.get(browserCookieName(issuer), { signed: false });
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined;
}

/** What the tokens of an interaction's forms are about: the interaction in this browser. */
export function formSubject(id: AttemptId): string {
  return `csrf\0${id.uid}\0${id.browser}`;
}
