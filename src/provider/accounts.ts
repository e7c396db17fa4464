/** Who a user is: the account behind a session or token, and its claims. */
import type { Account, FindAccount, KoaContextWithOIDC } from 'oidc-provider';
import { type IbSession, isSessionAlive } from '../../adapters/ib/session.ts';
import type { IbSessions } from '../../adapters/store/contract.ts';
import { ibSessionIdOf } from '../../adapters/store/handles.ts';
import { activeSignIn, type BrowserSession } from './browser-session.ts';
import type { ClientSettings } from './clients.ts';
import { CLAIMS } from './scopes.ts';

/** An account with the end of the IB session behind it, unix seconds: the bound of whatever is issued. */
export type IbAccount = Account & { readonly endsAt: number };

const RAW_SESSION: ReadonlySet<string> = new Set(CLAIMS['ib:session']);

interface Reader {
  /** `userinfo`, `id_token`, … as the library names it. */
  readonly use: string;
  readonly scope: string;
  /** Whether the app's ID tokens hold `ib_…` claims. */
  readonly idTokenIbClaims: boolean;
}

/** The raw session's claims go to `/userinfo` alone, and with their scope alone, whatever else was asked for. */
function shownTo(
  { use, scope, idTokenIbClaims }: Reader,
  claims: Record<string, unknown>,
): Record<string, unknown> {
  const isRaw = use === 'userinfo' && scope.split(' ').includes('ib:session');
  const isOurs = use !== 'id_token' || idTokenIbClaims;
  return Object.fromEntries(
    Object.entries(claims).filter(
      ([name]) => (isRaw || !RAW_SESSION.has(name)) && (isOurs || !name.startsWith('ib_')),
    ),
  );
}

/** All claims of an IB session. `email` only where IB gave the user's own; times in unix seconds. */
export function claimsOf(session: IbSession): Record<string, unknown> {
  const name = [session.givenName, session.familyName].filter(Boolean).join(' ');
  const claims: Record<string, unknown> = {
    name: name === '' ? undefined : name,
    given_name: session.givenName,
    family_name: session.familyName,
    email: session.email,
    updated_at: session.loginTime,
    ib_client_id: session.clientid,
    ib_client_name: session.clientName,
    ib_user_uuid: session.userUuid,
    ib_session_id: session.sid,
    ib_api_url: session.apiUrl,
    ib_session_expires_at: session.endsAt,
  };
  return Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined && value !== ''),
  );
}

interface AccountDeps {
  readonly ibSessions: IbSessions;
  readonly settings: (clientId: string) => ClientSettings;
  readonly nowSeconds: () => number;
}

/** node-oidc-provider's `findAccount`. A token whose IB session has ended has no account any more. */
export function createFindAccount({ ibSessions, settings, nowSeconds }: AccountDeps): FindAccount {
  const shown = (ctx: KoaContextWithOIDC, use: string, scope: string, session: IbSession) => {
    const { idTokenIbClaims = true } = settings(ctx.oidc.client?.clientId ?? '');
    return shownTo({ use, scope, idTokenIbClaims }, claimsOf(session));
  };

  async function liveSession(ibSessionId: string): Promise<IbSession | undefined> {
    const session = await ibSessions.find(ibSessionId);
    return session !== undefined && isSessionAlive(session, nowSeconds()) ? session : undefined;
  }

  return async (ctx, accountId, token) => {
    const grantId = token?.grantId;
    if (grantId === undefined) return sessionAccount(ctx, accountId);
    const ibSessionId = ibSessionIdOf(grantId);
    const session = ibSessionId === undefined ? undefined : await liveSession(ibSessionId);
    if (session === undefined) return undefined;
    const account: IbAccount = {
      accountId,
      endsAt: session.endsAt,
      claims: async (use, scope) => ({ sub: accountId, ...shown(ctx, use, scope, session) }),
    };
    return account;
  };

  /** The account of a browser session; its IB session is read only if somebody asks for claims. */
  function sessionAccount(ctx: KoaContextWithOIDC, accountId: string): IbAccount {
    const session = ctx.oidc.session as BrowserSession | undefined;
    const signIn = session === undefined ? undefined : activeSignIn(session);
    return {
      accountId,
      endsAt: signIn?.endsAt ?? 0,
      claims: async (use, scope) => {
        const ib = signIn === undefined ? undefined : await liveSession(signIn.ibSessionId);
        return { sub: accountId, ...(ib === undefined ? {} : shown(ctx, use, scope, ib)) };
      },
    };
  }
}
