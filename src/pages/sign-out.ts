/** Leaving: the question, what it ends and what goes on, and staying after all. */
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { FormError, readForm } from '../../interactions/form.ts';
import type { Client } from '../../interactions/step.ts';
import type { SignOutModel, StayedModel } from '../../interactions/views/models.ts';
import { signedOutPage, signOutPage, stayedPage } from '../../interactions/views/sign-out.ts';
import { bodyOf, handOn } from '../http/bodies.ts';
import { routeOf } from '../http/routes.ts';
import { authorizationsOf, type BrowserSession, type SessionReader } from '../provider/browser-session.ts';
import type { ProviderPages } from '../provider/features.ts';
import { nameOfApp, nameOfPerson } from './app-name.ts';
import { homeOf } from './app-view.ts';
import type { EnvOf } from './page-env.ts';
import type { Write } from './write.ts';

/** So many apps are named; of more, how many there are. */
const MOST_NAMED = 8;

interface SignOutDeps {
  readonly write: Write;
  readonly envOf: EnvOf;
  /** The library's form holds the token that its next step asks for. */
  readonly xsrfIn: (form: string) => string;
}

/** The apps that a sign-out ends, and those that were allowed to go on without the user. */
async function whatEnds(
  provider: Provider,
  session: BrowserSession,
): Promise<Pick<SignOutModel, 'ending' | 'goingOn'>> {
  const named = async (goesOn: boolean): Promise<string[]> => {
    const ids = authorizationsOf(session)
      .filter(({ persistsLogout }) => persistsLogout === goesOn)
      .map(({ clientId }) => clientId);
    const apps = await Promise.all(
      [...new Set(ids)].slice(0, MOST_NAMED + 1).map((id) => provider.Client.find(id)),
    );
    return apps.flatMap((client) => (client === undefined ? [] : [nameOfApp(client)]));
  };
  return { ending: await named(false), goingOn: await named(true) };
}

/** The pages of a sign-out that node-oidc-provider asks for (OpenID RP-Initiated Logout 1.0). */
export function createSignOutPages({ write, envOf, xsrfIn }: SignOutDeps): ProviderPages['logout'] {
  return {
    async logoutSource(oidcCtx: KoaContextWithOIDC, form: string) {
      const ctx = oidcCtx as unknown as Context;
      const { client, provider, session } = oidcCtx.oidc;
      const model = {
        action: '/logout/confirm',
        xsrf: xsrfIn(form),
        ...(client === undefined ? {} : { appName: nameOfApp(client as Client) }),
        ...(await whatEnds(provider, session as BrowserSession)),
        mostNamed: MOST_NAMED,
      };
      write(ctx, signOutPage(model, envOf(ctx)), 'back to the app');
    },
    async postLogoutSuccessSource(oidcCtx: KoaContextWithOIDC) {
      const ctx = oidcCtx as unknown as Context;
      write(ctx, signedOutPage(envOf(ctx)), 'nowhere else');
    },
  };
}

interface NobodyDeps extends Pick<SignOutDeps, 'write' | 'envOf'> {
  readonly isConfigured: (clientId: string) => boolean;
}

/**
 * Where nobody is signed in there is no question, and the library goes on to the app at once. For an app that registered
 * itself this server would send anybody's browser anywhere (RFC 9700 4.11): its address is shown as a link instead.
 */
export function createNobodySignedIn({ isConfigured, write, envOf }: NobodyDeps): Middleware {
  return async (ctx, next) => {
    await next();
    if (routeOf(ctx).name !== '/logout' || ctx.status !== 200) return;
    const { client, session, params } = (ctx as unknown as KoaContextWithOIDC).oidc;
    if (client === undefined || isConfigured(client.clientId) || session?.accountId !== undefined) return;
    const target = params?.['post_logout_redirect_uri'];
    if (typeof target !== 'string') return;
    write(ctx, signedOutPage(envOf(ctx), linkTo(target, params?.['state'])), 'nowhere else');
  };
}

/** Undefined for what only an app on the user's device can open: he is there already. */
function linkTo(target: string, state: unknown): { url: string; host: string } | undefined {
  const url = new URL(target);
  if (url.host === '') return undefined;
  if (typeof state === 'string') url.searchParams.set('state', state);
  return { url: url.href, host: url.host };
}

interface StayDeps extends Pick<SignOutDeps, 'write' | 'envOf'> {
  readonly provider: Pick<Provider, 'Client'>;
  readonly sessions: Pick<SessionReader, 'signInsOf' | 'leavingFor'>;
  readonly isConfigured: (clientId: string) => boolean;
  readonly forged: (ctx: Context) => void;
}

/**
 * The answer to the question, in front of the library's: who stays (a form without `logout`) is told so and led back to the
 * app, and nothing is changed. The library would take the app's access and say "signed out"; it says that too to who comes to the
 * page after a sign-out, by the history or a link, and is signed in.
 */
export function createStay(deps: StayDeps): Middleware {
  const { forged, write, envOf, sessions } = deps;
  const sayStayed = async (ctx: Context): Promise<void> =>
    write(ctx, stayedPage(await stayed(deps, ctx), envOf(ctx)), 'nowhere else');
  return async (ctx, next) => {
    const { name } = routeOf(ctx);
    if (name === '/logout/success')
      return (await sessions.signInsOf(ctx)).length > 0 ? sayStayed(ctx) : next();
    if (name !== '/logout/confirm') return next();
    const form = await readForm(ctx).catch((error: unknown) => {
      if (error instanceof FormError) return undefined;
      throw error;
    });
    if (form === undefined) return forged(ctx);
    if (form['logout'] === 'yes') {
      handOn(ctx, bodyOf(ctx));
      return next();
    }
    return sayStayed(ctx);
  };
}

async function stayed({ provider, sessions, isConfigured }: StayDeps, ctx: Context): Promise<StayedModel> {
  const [signIn] = await sessions.signInsOf(ctx);
  const clientId = await sessions.leavingFor(ctx);
  const client = clientId === undefined ? undefined : await provider.Client.find(clientId);
  const home = client === undefined ? undefined : homeOf(client as Client);
  return {
    ...(signIn === undefined
      ? {}
      : {
          personName: nameOfPerson(signIn),
          platformHost: new URL(signIn.platformOrigin).host,
        }),
    ...(client === undefined || home === undefined
      ? {}
      : // What a stranger calls his app says nothing of where the link leads.
        { app: { name: isConfigured(client.clientId) ? nameOfApp(client) : new URL(home).host, home } }),
  };
}
