/**
 * Pages on the wire: the views filled with what a request knows, their headers, and the assets they load. This room owns
 * how an answer becomes a page; it must not decide what happens, nor know the proxy or the bridge.
 */
import type { Context, Middleware } from 'koa';
import type { Config } from '../../config/types.ts';
import type { InteractionPages } from '../../interactions/pages.ts';
import { accountPage } from '../../interactions/views/account.ts';
import type { AccountModel } from '../../interactions/views/models.ts';
import type { PublicError } from '../http/errors.ts';
import type { Answer } from '../http/routes.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import type { ProviderPages } from '../provider/features.ts';
import { createAppView } from './app-view.ts';
import type { Asset, Brands } from './brands.ts';
import { createErrorPages } from './error-pages.ts';
import type { ErrorWaysDeps } from './error-ways.ts';
import { createInteractionPages } from './interaction-pages.ts';
import { createPageEnv } from './page-env.ts';
import { createProviderPages } from './provider-pages.ts';
import { createSelfSubmitting } from './self-submitting.ts';
import { createNobodySignedIn, createStay } from './sign-out.ts';
import { createWrite } from './write.ts';

export interface Pages {
  readonly interaction: InteractionPages;
  readonly provider: ProviderPages;
  readonly account: (ctx: Context, model: AccountModel) => void;
  readonly asset: Answer;
  /** What is shown where nobody is signed in and an app that registered itself asks for a sign-out. */
  readonly nobodySignedIn: Middleware;
  /** What is shown where the library has a form send itself. */
  readonly selfSubmitting: Middleware;
  /** What is shown to who stays signed in. */
  stay(deps: Pick<Parameters<typeof createStay>[0], 'provider' | 'sessions'>): Middleware;
  readonly error: (ctx: Context, error: PublicError) => void;
}

/** Assets are named by their content, so browsers may keep them for good. */
function serveAssets(assets: readonly Asset[], brands: Brands): Answer {
  const byPath = new Map(assets.map((asset) => [asset.path, asset]));
  return (ctx, { rest = '' }) => {
    const path = `/assets/${rest}`;
    const asset = byPath.get(path) ?? brands.find(path);
    if (asset === undefined) return;
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
    // A picture opened by itself is a page: nothing runs in it.
    ctx.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    ctx.type = asset.type;
    ctx.body = asset.body;
  };
}

/** What the pages are handed: the operator's branding, and that of each app. */
export interface PagesDeps {
  readonly issuer: string;
  readonly branding: Config['branding'];
  readonly registry: Pick<ClientRegistry, 'isConfigured' | 'settings' | 'ids' | 'metadata'>;
  readonly formTokens: ErrorWaysDeps['formTokens'];
}

/** The pages of this product. Assets are read once, here; an app's own when its first page is shown. */
export function createPages({ issuer, branding, registry, formTokens }: PagesDeps): Pages {
  const write = createWrite(issuer);
  const { isConfigured } = registry;
  const appViewOf = createAppView(isConfigured);
  const { assets, brands, envOf } = createPageEnv({ branding, registry });
  const { failed, error } = createErrorPages({ issuer, formTokens, registry, write, envOf });
  const interaction = createInteractionPages({ isConfigured, appViewOf, write, envOf, failed });
  return {
    interaction,
    provider: createProviderPages({ appViewOf, write, envOf, failed }),
    account(ctx, model) {
      write(ctx, accountPage(model, envOf(ctx)), 'nowhere else');
      // No app opens it. Any other page may stand in an app's popup, which would lose it (docs/decisions/0008).
      ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
    },
    asset: serveAssets(assets, brands),
    nobodySignedIn: createNobodySignedIn({ isConfigured, write, envOf }),
    selfSubmitting: createSelfSubmitting({ write, envOf }),
    stay: (deps) => createStay({ ...deps, isConfigured, write, envOf, forged: interaction.forged }),
    error,
  };
}
