/**
 * Pages on the wire: the views filled with what a request knows, their headers, and the assets they load. This room owns
 * how an answer becomes a page; it must not decide what happens, nor know the proxy or the bridge.
 */
import type { Context, Middleware } from 'koa';
import type { Config } from '../../config/types.ts';
import { handleOf } from '../../interactions/attempt.ts';
import type { InteractionPages } from '../../interactions/pages.ts';
import type { Client, Step } from '../../interactions/step.ts';
import { accountPage } from '../../interactions/views/account.ts';
import { consentPage } from '../../interactions/views/consent.ts';
import { platformPage, waitingPage } from '../../interactions/views/interaction.ts';
import type {
  AccountModel,
  AppView,
  ErrorModel,
  FormTarget,
  PageEnv,
} from '../../interactions/views/models.ts';
import { errorPage } from '../../interactions/views/other.ts';
import type { PublicError } from '../http/errors.ts';
import { type Answer, arrivalOf } from '../http/routes.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import type { ProviderPages } from '../provider/features.ts';
import { nameOfApp, nameOfPerson } from './app-name.ts';
import { createAppView, homeOf } from './app-view.ts';
import type { Asset, Brands } from './brands.ts';
import { createErrorWays, type ErrorWaysDeps } from './error-ways.ts';
import { createPageEnv } from './page-env.ts';
import { createProviderPages, type Write } from './provider-pages.ts';
import { createSelfSubmitting } from './self-submitting.ts';
import { createNobodySignedIn, createStay } from './sign-out.ts';

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

/**
 * No script, style or picture but our own, no frames around it; scripts and styles from `/assets/` alone, since IB's answers
 * under `/proxy` come from this origin too. Where forms lead is left open on pages whose form leads, by redirects, back to
 * the app: browsers check every hop, the app's own ones too (docs/decisions/0010).
 */
function policyOf(issuer: string): string {
  return [
    "default-src 'none'",
    `style-src ${issuer}/assets/`,
    `script-src ${issuer}/assets/`,
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function createWrite(issuer: string): Write {
  const policy = policyOf(issuer);
  return (ctx, page, leads) => {
    ctx.set('Content-Security-Policy', leads === 'nowhere else' ? `${policy}; form-action 'self'` : policy);
    ctx.set('Cache-Control', 'no-store');
    ctx.vary('Accept-Language');
    ctx.type = 'text/html; charset=utf-8';
    ctx.body = page.markup;
  };
}

/** What the pages are handed: the operator's branding, and that of each app. */
export interface PagesDeps {
  readonly issuer: string;
  readonly branding: Config['branding'];
  readonly registry: Pick<ClientRegistry, 'settings' | 'ids' | 'metadata'>;
  readonly formTokens: ErrorWaysDeps['formTokens'];
}

/** The pages of this product. Assets are read once, here; an app's own when its first page is shown. */
export function createPages({ issuer, branding, registry, formTokens }: PagesDeps): Pages {
  const write = createWrite(issuer);
  const isConfigured = (clientId: string): boolean => registry.ids().includes(clientId);
  const appViewOf = createAppView(isConfigured);
  const { assets, brands, envOf } = createPageEnv({ branding, registry });
  const envOfStep = ({ ctx, interaction, client }: Step): PageEnv =>
    envOf(ctx, interaction.params['ui_locales'], client.clientId);
  const about = (step: Step): { form: FormTarget; app: AppView } => ({
    form: { base: `/interaction/${step.interaction.uid}`, csrf: step.csrf },
    app: appViewOf(step.client, step.interaction.params['redirect_uri']),
  });
  const waysFrom = createErrorWays({ issuer, formTokens, registry });
  const failed = (ctx: Context, status: number, model: ErrorModel): void => {
    const kind = model.kind === 'lost' && ctx.get('Cookie') === '' ? 'cookies' : model.kind;
    const shown = { ...waysFrom(ctx, model.kind), ...model, kind };
    write(ctx, errorPage(shown, envOf(ctx)), shown.cancel === undefined ? 'nowhere else' : 'back to the app');
    ctx.status = status;
  };
  /** A configured app, where it can be found again; whoever registered itself leads nobody anywhere. */
  const placeOf = (client: Client | undefined): Pick<ErrorModel, 'app'> => {
    const home = client && registry.ids().includes(client.clientId) ? homeOf(client) : undefined;
    return client === undefined || home === undefined ? {} : { app: { name: nameOfApp(client), home } };
  };

  return {
    account(ctx, model) {
      write(ctx, accountPage(model, envOf(ctx)), 'nowhere else');
      // No app opens it. Any other page may stand in an app's popup, which would lose it (docs/decisions/0008).
      ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
    },
    asset: serveAssets(assets, brands),
    nobodySignedIn: createNobodySignedIn({ isConfigured, write, envOf }),
    selfSubmitting: createSelfSubmitting({ write, envOf }),
    stay: (deps) =>
      createStay({
        ...deps,
        isConfigured,
        write,
        envOf,
        forged: (ctx) => failed(ctx, 403, { kind: 'forged' }),
      }),
    interaction: {
      platform(step, question) {
        write(step.ctx, platformPage({ ...about(step), ...question }, envOfStep(step)), 'back to the app');
        if (question.fault !== undefined && step.ctx.method === 'POST') step.ctx.status = 422;
      },
      waiting(step, { attempt, state, waitedMs, loginUrl }) {
        const model = {
          ...about(step),
          state,
          platformHost: new URL(attempt.platformOrigin).host,
          ...(loginUrl === undefined ? {} : { loginUrl }),
          pollHandle: handleOf(step.interaction.uid, attempt),
          intervalSeconds: Math.ceil(attempt.intervalMs / 1000),
          helpInMs: Math.max(0, HELP_AFTER_MS - waitedMs),
        };
        write(step.ctx, waitingPage(model, envOfStep(step)), 'back to the app');
      },
      consent(step, { signIn, asked, before, isAnotherPerson }) {
        const model = {
          ...about(step),
          accountId: signIn.accountId,
          personName: nameOfPerson(signIn),
          platformHost: new URL(signIn.platformOrigin).host,
          scopes: asked.permissions,
          resources: asked.resources,
          before,
          isAnotherPerson,
        };
        write(step.ctx, consentPage(model, envOfStep(step)), 'back to the app');
      },
      lost: (ctx, client) => failed(ctx, 400, { kind: 'lost', ...placeOf(client) }),
      forged: (ctx) => failed(ctx, 403, { kind: 'forged' }),
    },
    provider: createProviderPages({ appViewOf, write, envOf, failed }),
    error(ctx, { status, error, description }) {
      const kind = kindOf(status);
      const isRetrying = kind === 'busy' && isSigningIn(ctx);
      const { way } = waysFrom(ctx, kind);
      if (isRetrying && way !== undefined)
        ctx.set('Refresh', `${ctx.response.get('Retry-After') || RETRY_SECONDS}; url=${way.path}`);
      failed(ctx, status, { kind, error, description, isRetrying });
    },
  };
}

const RETRY_SECONDS = 5;
/** Who waits longer may have lost the window, or have another platform in mind. */
const HELP_AFTER_MS = 60_000;

/** Whether a request is part of a sign-in, whose page goes on by itself. */
function isSigningIn(ctx: Context): boolean {
  const { name } = arrivalOf(ctx).route;
  return name.startsWith('/interaction/') || name.startsWith('/authorize');
}

/** What a page says of a status that this product itself answers. */
function kindOf(status: number): ErrorModel['kind'] {
  if (status === 404) return 'missing';
  if (status === 429) return 'limited';
  if (status === 503) return 'busy';
  return status >= 500 ? 'server' : 'request';
}
