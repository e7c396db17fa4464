/**
 * IB sessions that apps hold themselves (`ib:session`) end unnoticed here: nobody calls IB with them through us. So IB is
 * asked, by the smallest read there is, when such an app refreshes its tokens; and whoever refreshes after the end of a
 * session is told so.
 */
import type { Context, Middleware } from 'koa';
import type { FindAccount, KoaContextWithOIDC } from 'oidc-provider';
import type { IbClient } from '../../adapters/ib/client.ts';
import { isSessionAlive } from '../../adapters/ib/session.ts';
import type { IbSessions } from '../../adapters/store/contract.ts';
import { grantIdOf, ibSessionIdOf, isTokenValueOf } from '../../adapters/store/handles.ts';
import { SESSION_EXPIRED } from '../http/bearer.ts';
import { routeOf } from '../http/routes.ts';

/** The scope of apps that hold the raw session. */
const RAW_SESSION = 'ib:session';

export interface SessionCheckDeps {
  readonly ibSessions: IbSessions;
  readonly ib: Pick<IbClient, 'checkSession'>;
  /** Takes a call from the user's own limit; 0, or the seconds to wait. */
  readonly takeCall: (accountId: string) => Promise<number>;
}

/**
 * An account whose session is checked at refresh, where the app holds the session. Called by the provider when client,
 * token and Grant have been found good, and before anything is used up. IB in trouble, or a user at the limit of calls,
 * changes nothing.
 */
export function withSessionCheck(find: FindAccount, deps: SessionCheckDeps): FindAccount {
  async function hasEnded(ibSessionId: string, accountId: string): Promise<boolean> {
    const session = await deps.ibSessions.find(ibSessionId);
    if (session === undefined || (await deps.takeCall(accountId)) > 0) return false;
    if ((await deps.ib.checkSession(session)).status !== 'dead') return false;
    return deps.ibSessions.end(ibSessionId, session.sid);
  }

  return async (ctx, accountId, token) => {
    const account = await find(ctx, accountId, token);
    if (account === undefined || !holdsRawSession(ctx)) return account;
    const ibSessionId = ibSessionIdOf(token?.grantId ?? '');
    return ibSessionId !== undefined && (await hasEnded(ibSessionId, accountId)) ? undefined : account;
  };
}

function holdsRawSession(ctx: KoaContextWithOIDC): boolean {
  const { route, params, entities } = ctx.oidc;
  if (route !== 'token' || params?.['grant_type'] !== 'refresh_token') return false;
  return entities.Grant?.getOIDCScope().split(' ').includes(RAW_SESSION) === true;
}

/** At `/token`: what stands on a session that has ended is refused in the words that clients read as "sign in again". */
export function createSessionEndAnswers(deps: {
  readonly ibSessions: Pick<IbSessions, 'find'>;
  readonly nowSeconds: () => number;
}): Middleware {
  return async (ctx, next) => {
    await next();
    const body = ctx.body as { error?: unknown; error_description?: unknown } | undefined;
    if (routeOf(ctx).name !== '/token' || body?.error !== 'invalid_grant') return;
    const ibSessionId = sessionBehind((ctx as Context & Partial<KoaContextWithOIDC>).oidc?.params);
    if (ibSessionId === undefined) return;
    const session = await deps.ibSessions.find(ibSessionId);
    if (session === undefined || !isSessionAlive(session, deps.nowSeconds()))
      body.error_description = SESSION_EXPIRED;
  };
}

/**
 * What is redeemed, by the parameter that holds it. Not codes: one that is used twice takes its session along, which has not
 * expired then.
 */
const REDEEMED = {
  refresh_token: 'RefreshToken',
  subject_token: 'AccessToken',
} as const;

/** The IB session that what is redeemed names in its value. */
function sessionBehind(params: Readonly<Record<string, unknown>> = {}): string | undefined {
  for (const [name, model] of Object.entries(REDEEMED)) {
    const value = params[name];
    if (typeof value === 'string' && isTokenValueOf(model, value))
      return ibSessionIdOf(grantIdOf(value) ?? '');
  }
  return undefined;
}
