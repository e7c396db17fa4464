/** The library's interactions: bound to the browser by a secret of their own, and to no session that another tab changes. */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { Lifetimes } from '../../config/lifetimes.ts';
import { clearLoginSecret, settleLoginSecret } from '../../interactions/login-cookie.ts';

type InteractionUrl = NonNullable<NonNullable<Configuration['interactions']>['url']>;
type InteractionModel = InstanceType<Provider['Interaction']>;

const pathOf = (uid: string): string => `/interaction/${uid}`;

/** Where an interaction goes on; asked once, by the answer that begins it, which so settles the browser's secret too. */
export function createInteractionUrl(
  issuer: string,
  { interactionSeconds }: Pick<Lifetimes, 'interactionSeconds'>,
): InteractionUrl {
  return (ctx, { uid }) => {
    settleLoginSecret(ctx as unknown as Context, issuer, { uid, lifeSeconds: interactionSeconds });
    return pathOf(uid);
  };
}

/**
 * An interaction keeps whose it was, and not in which session. The library ends it where the session's account has changed
 * meanwhile; here several people may be signed in, each result names its person, and the app waits for an answer.
 */
export function installInteractions(provider: Provider, issuer: string): void {
  const Base = provider.Interaction as unknown as new (jti: unknown, payload?: unknown) => InteractionModel;
  const { Interaction } = {
    // The class's name is the model's name, which adapters and stored payloads go by.
    Interaction: class Interaction extends Base {
      constructor(jti: unknown, payload?: unknown) {
        super(jti, payload);
        const accountId = this.session?.accountId;
        if (accountId !== undefined) this.session = { accountId } as InteractionModel['session'];
      }
    },
  };
  Object.defineProperty(provider, 'Interaction', { value: Interaction });

  const clear = (ctx: KoaContextWithOIDC): void => clearInteraction(provider, issuer, ctx);
  provider.on('interaction.ended', clear);
  provider.on('authorization.error', clear);
  provider.on('interaction.started', (ctx: KoaContextWithOIDC) => clearFormer(provider, issuer, ctx));
}

/** The cookies of an interaction that has ended go with it. */
function clearInteraction(provider: Provider, issuer: string, oidcCtx: KoaContextWithOIDC): void {
  const { Interaction: ended } = oidcCtx.oidc.entities;
  if (ended === undefined || !oidcCtx.oidc.route.endsWith('resume')) return;
  const ctx = oidcCtx as unknown as Context;
  forget(ctx, issuer, { name: provider.cookieName('interaction'), path: pathOf(ended.uid) });
  // Pages that still poll a cancelled login are told so, which takes the secret.
  if (!isRefused(ended)) clearLoginSecret(ctx, issuer, ended.uid);
}

/**
 * One interaction may lead to another, such as a sign-in to a question of consent: the library sets the same cookies for other
 * paths, and what was said of the former ones in this answer gives way. So it is said again.
 */
function clearFormer(provider: Provider, issuer: string, oidcCtx: KoaContextWithOIDC): void {
  if (!oidcCtx.oidc.route.endsWith('resume')) return;
  const ctx = oidcCtx as unknown as Context;
  const uid = ctx.path.slice(ctx.path.lastIndexOf('/') + 1);
  forget(ctx, issuer, { name: provider.cookieName('interaction'), path: pathOf(uid) });
  forget(ctx, issuer, { name: provider.cookieName('resume'), path: ctx.path });
}

/** Takes a cookie of one path away, and leaves what the answer says of others of its name. */
function forget(ctx: Context, issuer: string, { name, path }: { name: string; path: string }): void {
  ctx.cookies.set(name, null, {
    path,
    httpOnly: true,
    sameSite: 'lax',
    secure: issuer.startsWith('https:'),
    signed: true,
    overwrite: false,
  });
}

const isRefused = ({ result }: InteractionModel): boolean => result !== undefined && 'error' in result;
