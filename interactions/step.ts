/** One request of an interaction: whose it is, what it is about, and what all steps are handed. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { IbClient } from '../adapters/ib/client.ts';
import type { IbSession } from '../adapters/ib/session.ts';
import type { AttemptId, Store } from '../adapters/store/contract.ts';
import type { Lifetimes } from '../config/lifetimes.ts';
import type { Asked } from './decision.ts';
import type { InteractionEvents } from './events.ts';
import type { InteractionPages } from './pages.ts';
import type { PlatformRules, PlatformSettings } from './platform.ts';
import type { SignIn } from './sign-in.ts';

export type Interaction = InstanceType<Provider['Interaction']>;
export type Client = InstanceType<Provider['Client']>;

/** What all steps are handed; `src` joins it. */
export interface InteractionDeps {
  readonly issuer: string;
  readonly provider: Pick<Provider, 'interactionDetails' | 'interactionResult' | 'Client' | 'cookieName'>;
  readonly store: Pick<Store, 'attempts' | 'ibSessions' | 'hint'>;
  readonly ib: IbClient;
  readonly platforms: PlatformRules;
  readonly settings: (clientId: string) => PlatformSettings & { readonly skipConsent: boolean };
  readonly lifetimes: Lifetimes;
  readonly pages: InteractionPages;
  readonly events: InteractionEvents;
  /** What a request asks for, by its parameters and the configured resources. */
  readonly askedBy: (params: Readonly<Record<string, unknown>>) => Asked;
  /** The browser's sign-ins that have not ended, the active one first. */
  readonly signInsOf: (ctx: Context) => Promise<readonly SignIn[]>;
  /** Whether the browser's session holds a Grant of this app for the account. */
  readonly hasGrant: (ctx: Context, clientId: string, accountId: string) => Promise<boolean>;
  readonly accountIdOf: (session: IbSession) => string;
  readonly newIbSessionId: () => string;
  /** Key of the forms' CSRF tokens. */
  readonly csrfKey: string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

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

/** The CSRF token of one interaction in one browser: nothing stored, nothing to expire but the interaction. */
export function csrfToken(key: string, id: AttemptId): string {
  return createHmac('sha256', key).update(`csrf\0${id.uid}\0${id.browser}`).digest('base64url');
}

/** Whether a posted form carries its interaction's CSRF token. */
export function isCsrfToken(expected: string, posted: unknown): boolean {
  if (typeof posted !== 'string' || posted.length !== expected.length) return false;
  return timingSafeEqual(Buffer.from(posted), Buffer.from(expected));
}
