/** Ending one sign-in of a browser, while its others go on. */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';
import { activate, type BrowserSession, endApps } from './browser-session.ts';

/** Ends a sign-in of the browser that a request comes from; false where it has none of that account. */
export type EndSignIn = (ctx: Context, accountId: string) => Promise<boolean>;

/**
 * Ends a sign-in: its apps lose their access, but for those that were given `offline_access`, and hear of it. With the last one
 * the browser's session goes too.
 */
export function createEndSignIn(provider: Provider, store: Pick<Store, 'signOut'>): EndSignIn {
  return async (ctx, accountId) => {
    const cookie = provider.cookieName('session');
    const id = ctx.cookies.get(cookie, { signed: true });
    const session = id === undefined ? undefined : ((await provider.Session.find(id)) as BrowserSession);
    const signIn = session?.signIns?.[accountId];
    if (session === undefined || signIn === undefined) return false;
    const isActive = session.accountId === accountId;
    await endApps(provider, accountId, (isActive ? session.authorizations : signIn.authorizations) ?? {});
    await store.signOut(signIn);
    const { [accountId]: _ended, ...others } = session.signIns ?? {};
    const [next] = Object.values(others);
    if (next === undefined) {
      await session.destroy();
      ctx.cookies.set(cookie, null, { signed: true, overwrite: true, httpOnly: true, sameSite: 'lax' });
      return true;
    }
    if (isActive) activate(session, next.accountId, next);
    const { [accountId]: _parked, ...left } = session.signIns ?? {};
    session.signIns = left;
    await session.persist();
    return true;
  };
}
