/** `/account`: who is signed in in this browser, the apps that may use each account, and taking either back. */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { GrantSummary, Store, Visitor } from '../../adapters/store/contract.ts';
import { FormError, readForm } from '../../interactions/form.ts';
import type { FormTokens } from '../../interactions/form-tokens.ts';
import { seeOther } from '../../interactions/login.ts';
import type { SignIn } from '../../interactions/sign-in.ts';
import type { Client } from '../../interactions/step.ts';
import type { AccountApp, AccountModel } from '../../interactions/views/models.ts';
import type { Answer } from '../http/routes.ts';
import type { EndSignIn } from '../provider/end-sign-in.ts';
import { nameOfApp, nameOfPerson, shownName } from './app-name.ts';
import { homeOf } from './app-view.ts';

interface AccountDeps {
  readonly provider: Pick<Provider, 'Client' | 'cookieName'>;
  readonly store: Pick<Store, 'grantsOf' | 'revokeGrantsOf'>;
  readonly signInsOf: (ctx: Context) => Promise<readonly SignIn[]>;
  readonly endSignIn: EndSignIn;
  readonly isConfigured: (clientId: string) => boolean;
  readonly visitorOf: (ctx: Context) => Visitor;
  readonly formTokens: FormTokens;
  readonly render: (ctx: Context, model: AccountModel) => void;
  readonly forged: (ctx: Context) => void;
  readonly onRevoked: (facts: { readonly accountId: string; readonly clientId: string }) => void;
  readonly onSignedOut: (facts: { readonly accountId: string }) => void;
  readonly nowSeconds: () => number;
}

/** The page, and what its forms do. */
export interface AccountAnswers {
  readonly show: Answer;
  readonly revoke: Answer;
  readonly revokeAll: Answer;
  readonly signOut: Answer;
}

/** The page, and its forms. */
export function createAccountPage(deps: AccountDeps): AccountAnswers {
  return {
    show: (ctx) => show(deps, ctx),
    revoke: withForm(deps, async (_ctx, { accountId }, { app: clientId }) => {
      if (clientId === undefined) return;
      if ((await deps.store.revokeGrantsOf(accountId, { clientId })) > 0)
        deps.onRevoked({ accountId, clientId });
    }),
    revokeAll: withForm(deps, async (_ctx, { accountId }) => {
      const clientIds = new Set((await deps.store.grantsOf(accountId)).map(({ clientId }) => clientId));
      await deps.store.revokeGrantsOf(accountId);
      for (const clientId of clientIds) deps.onRevoked({ accountId, clientId });
    }),
    signOut: withForm(deps, async (ctx, { accountId }) => {
      if (await deps.endSignIn(ctx, accountId)) deps.onSignedOut({ accountId });
    }),
  };
}

function formSubject({ provider }: AccountDeps, ctx: Context): string {
  return `account\0${ctx.cookies.get(provider.cookieName('session'), { signed: true }) ?? ''}`;
}

async function show(deps: AccountDeps, ctx: Context): Promise<void> {
  const { q } = ctx.query;
  const search = typeof q === 'string' ? shownName(q) : '';
  const { address } = deps.visitorOf(ctx);
  const accounts = (await deps.signInsOf(ctx)).map(async (signIn) => {
    const apps = await appsOf(deps, signIn.accountId, address);
    return {
      accountId: signIn.accountId,
      name: nameOfPerson(signIn),
      host: new URL(signIn.platformOrigin).host,
      since: signIn.loginTime,
      until: signIn.endsAt,
      apps: apps.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase())),
      appCount: apps.length,
    };
  });
  deps.render(ctx, {
    csrf: deps.formTokens.of(formSubject(deps, ctx)),
    accounts: await Promise.all(accounts),
    search,
    now: deps.nowSeconds(),
  });
}

/** The apps of one account, the last used first: several sign-ins to one app are one line. */
async function appsOf(deps: AccountDeps, accountId: string, here: string): Promise<AccountApp[]> {
  const byClient = Map.groupBy(await deps.store.grantsOf(accountId), ({ clientId }) => clientId);
  const apps = await Promise.all(
    [...byClient].map(async ([clientId, grants]) =>
      appOf(deps, { clientId, grants, here, client: await deps.provider.Client.find(clientId) }),
    ),
  );
  return apps.toSorted((a, b) => b.lastUsedAt - a.lastUsedAt || a.name.localeCompare(b.name));
}

interface AppFacts {
  readonly clientId: string;
  readonly client: Client | undefined;
  readonly grants: readonly GrantSummary[];
  /** The address that the page is asked for from. */
  readonly here: string;
}

function appOf(deps: AccountDeps, { clientId, client, grants, here }: AppFacts): AccountApp {
  const [first] = grants.toSorted((a, b) => a.createdAt - b.createdAt);
  // Whoever registered itself leads nobody anywhere.
  const home = client !== undefined && deps.isConfigured(clientId) ? homeOf(client) : undefined;
  const from = first?.from;
  return {
    clientId,
    name: client === undefined ? shownName(clientId) : nameOfApp(client),
    ...(home === undefined ? {} : { home }),
    createdAt: first?.createdAt ?? 0,
    ...(from === undefined ? {} : { firstFrom: { ...from, isHere: from.address === here } }),
    lastUsedAt: Math.max(...grants.map(({ lastUsedAt, createdAt }) => Math.max(lastUsedAt, createdAt))),
  };
}

type Form = Readonly<Record<string, string>>;
type Act = (ctx: Context, signIn: SignIn, form: Form) => Promise<void>;

/** Does something to a sign-in that this browser has, and shows the page again. */
function withForm(deps: AccountDeps, act: Act): Answer {
  return async (ctx) => {
    try {
      const form = await readForm(ctx);
      if (!deps.formTokens.isOf(formSubject(deps, ctx), form['csrf'])) return deps.forged(ctx);
      const signIn = (await deps.signInsOf(ctx)).find(({ accountId }) => accountId === form['account']);
      if (signIn !== undefined) await act(ctx, signIn, form);
      seeOther(ctx, '/account');
    } catch (error) {
      if (!(error instanceof FormError)) throw error;
      deps.forged(ctx);
    }
  };
}
