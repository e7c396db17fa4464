/** `/account`: the apps that may use the account signed in to in this browser, and taking their access back. */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';
import { FormError, readForm } from '../../interactions/form.ts';
import type { FormTokens } from '../../interactions/form-tokens.ts';
import { seeOther } from '../../interactions/login.ts';
import type { SignIn } from '../../interactions/sign-in.ts';
import type { AccountApp, AccountModel } from '../../interactions/views/models.ts';
import type { Answer } from '../http/routes.ts';
import { nameOfApp, nameOfPerson, shownName } from './app-name.ts';

interface AccountDeps {
  readonly provider: Pick<Provider, 'Client' | 'cookieName'>;
  readonly store: Pick<Store, 'grantsOf' | 'revokeGrantsOf'>;
  readonly signInsOf: (ctx: Context) => Promise<readonly SignIn[]>;
  readonly formTokens: FormTokens;
  readonly render: (ctx: Context, model: AccountModel) => void;
  readonly forged: (ctx: Context) => void;
  readonly onRevoked: (facts: { readonly accountId: string; readonly clientId: string }) => void;
}

/** The page, and its form. */
export function createAccountPage(deps: AccountDeps): { readonly show: Answer; readonly revoke: Answer } {
  function formSubject(ctx: Context): string {
    return `account\0${ctx.cookies.get(deps.provider.cookieName('session'), { signed: true }) ?? ''}`;
  }

  /** The apps of one account: several sign-ins to one app are one line. */
  async function appsOf(accountId: string): Promise<AccountApp[]> {
    const byClient = Map.groupBy(await deps.store.grantsOf(accountId), ({ clientId }) => clientId);
    return Promise.all(
      [...byClient].map(async ([clientId, grants]) => {
        const client = await deps.provider.Client.find(clientId);
        const [first] = grants.toSorted((a, b) => a.createdAt - b.createdAt);
        return {
          clientId,
          name: client === undefined ? shownName(clientId) : nameOfApp(client),
          createdAt: first?.createdAt ?? 0,
          ...(first?.from === undefined ? {} : { firstFrom: first.from }),
          lastUsedAt: Math.max(...grants.map(({ lastUsedAt }) => lastUsedAt)),
        };
      }),
    );
  }

  async function show(ctx: Context): Promise<void> {
    const signIns = await deps.signInsOf(ctx);
    const accounts = await Promise.all(
      signIns.map(async (signIn) => ({
        accountId: signIn.accountId,
        name: nameOfPerson(signIn),
        host: new URL(signIn.platformOrigin).host,
        apps: await appsOf(signIn.accountId),
      })),
    );
    deps.render(ctx, { csrf: deps.formTokens.of(formSubject(ctx)), accounts });
  }

  async function revoke(ctx: Context): Promise<void> {
    const form = await readForm(ctx);
    if (!deps.formTokens.isOf(formSubject(ctx), form['csrf'])) return deps.forged(ctx);
    const { account, app: clientId } = form;
    const signIn = (await deps.signInsOf(ctx)).find(({ accountId }) => accountId === account);
    if (signIn !== undefined && clientId !== undefined) {
      const { accountId } = signIn;
      if ((await deps.store.revokeGrantsOf(accountId, { clientId })) > 0)
        deps.onRevoked({ accountId, clientId });
    }
    seeOther(ctx, '/account');
  }

  return {
    show,
    async revoke(ctx) {
      try {
        await revoke(ctx);
      } catch (error) {
        if (!(error instanceof FormError)) throw error;
        deps.forged(ctx);
      }
    },
  };
}
