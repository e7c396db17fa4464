/** How recent a login at IntelligenceBank a request wants, and whether one is: IB may hand out a session it had before. Pure. */
import type { IbSession } from '../adapters/ib/session.ts';
import type { Recency } from '../adapters/store/contract.ts';

/** What a request says about it. Times in unix seconds. */
export interface RecencyFacts {
  readonly params: Readonly<Record<string, unknown>>;
  /** When the request was made. */
  readonly requestedAt: number;
  /** When the login at IB begins. */
  readonly startedAt: number;
  /** The operator wants a login made for this very attempt. */
  readonly mustBeNew: boolean;
  /** By how much IB's clock may be behind. */
  readonly clockSeconds: number;
}

/** The recency a request wants (OpenID Core section 3.1.2.1, `prompt` and `max_age`); undefined where any login will do. */
export function recencyOf(facts: RecencyFacts): Recency | undefined {
  const { params, mustBeNew, requestedAt, startedAt, clockSeconds } = facts;
  const prompts = String(params['prompt'] ?? '').split(' ');
  const maxAge = params['max_age'] === undefined ? undefined : Number(params['max_age']);
  const since = (mustBeNew ? startedAt : requestedAt) - clockSeconds;
  if (mustBeNew || prompts.includes('login')) return { since, maxAgeSeconds: undefined };
  return maxAge === undefined || Number.isNaN(maxAge) ? undefined : { since, maxAgeSeconds: maxAge };
}

/** Whether a login is as recent as wanted. */
export function isRecent(
  { loginTime }: Pick<IbSession, 'loginTime'>,
  recency: Recency | undefined,
  nowSeconds: number,
): boolean {
  if (recency === undefined || loginTime >= recency.since) return true;
  return recency.maxAgeSeconds !== undefined && nowSeconds - loginTime <= recency.maxAgeSeconds;
}
