/** `/account`: the apps that may use the account signed in to in this browser, and taking their access back. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { Store } from '../adapters/store/contract.ts';
import { FormError, readForm } from '../interactions/form.ts';
import { seeOther } from '../interactions/login.ts';
import type { SignIn } from '../interactions/sign-in.ts';
import type { AccountModel } from '../interactions/views/models.ts';

interface AccountDeps {
  readonly provider: Pick<Provider, 'Client' | 'cookieName'>;
  readonly store: Pick<Store, 'grantsOf' | 'revokeGrant'>;
  readonly signInsOf: (ctx: Context) => Promise<readonly SignIn[]>;
  readonly csrfKey: string;
  readonly render: (ctx: Context, model: AccountModel) => void;
  readonly forged: (ctx: Context) => void;
  readonly onRevoked: (facts: { readonly accountId: string; readonly clientId: string }) => void;
}

/** The routes of the page. */
export function createAccountPage(deps: AccountDeps): Middleware {
  function csrfOf(ctx: Context): string {
    const session = ctx.cookies.get(deps.provider.cookieName('session'), { signed: true }) ?? '';
    return createHmac('sha256', deps.csrfKey).update(`account\0${session}`).digest('base64url');
  }

  async function show(ctx: Context): Promise<void> {
    const [signIn] = await deps.signInsOf(ctx);
    if (signIn === undefined) return deps.render(ctx, { csrf: '', apps: [] });
    const grants = await deps.store.grantsOf(signIn.accountId);
    const apps = await Promise.all(
      grants.map(async ({ key, clientId, createdAt, lastUsedAt }) => {
        const client = await deps.provider.Client.find(clientId);
        return { key, name: client?.metadata().client_name ?? clientId, createdAt, lastUsedAt };
      }),
    );
    const { displayName, accountId, platformOrigin } = signIn;
    const person = { name: displayName === '' ? accountId : displayName, host: new URL(platformOrigin).host };
    deps.render(ctx, { csrf: csrfOf(ctx), person, apps });
  }

  async function revoke(ctx: Context): Promise<void> {
    const form = await readForm(ctx);
    const expected = Buffer.from(csrfOf(ctx));
    const posted = Buffer.from(form['csrf'] ?? '');
    if (posted.length !== expected.length || !timingSafeEqual(posted, expected)) return deps.forged(ctx);
    const [signIn] = await deps.signInsOf(ctx);
    const key = form['key'] ?? '';
    const grant = signIn && (await deps.store.grantsOf(signIn.accountId)).find((entry) => entry.key === key);
    if (
      signIn !== undefined &&
      grant !== undefined &&
      (await deps.store.revokeGrant(signIn.accountId, key))
    ) {
      deps.onRevoked({ accountId: signIn.accountId, clientId: grant.clientId });
    }
    seeOther(ctx, '/account');
  }

  return async (ctx, next) => {
    if (ctx.path === '/account' && ctx.method === 'GET') return show(ctx);
    if (ctx.path !== '/account/revoke' || ctx.method !== 'POST') return next();
    try {
      await revoke(ctx);
    } catch (error) {
      if (!(error instanceof FormError)) throw error;
      deps.forged(ctx);
    }
  };
}
