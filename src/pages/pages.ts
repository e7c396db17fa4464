/** Pages on the wire: the views filled with what a request knows, their headers, and the assets they load. */
import { readFileSync } from 'node:fs';
import type { Context, Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../../config/types.ts';
import { handleOf } from '../../interactions/attempt.ts';
import type { InteractionPages } from '../../interactions/pages.ts';
import type { Client, Step } from '../../interactions/step.ts';
import { chooseLanguage, textsOf } from '../../interactions/texts/languages.ts';
import { consentPage } from '../../interactions/views/consent.ts';
import type { Html } from '../../interactions/views/html.ts';
import { platformPage, waitingPage } from '../../interactions/views/interaction.ts';
import type {
  AccountModel,
  AppView,
  ErrorModel,
  FormTarget,
  PageEnv,
} from '../../interactions/views/models.ts';
import {
  accountPage,
  deviceCodePage,
  deviceConfirmPage,
  deviceDonePage,
  errorPage,
} from '../../interactions/views/other.ts';
import type { PublicError } from '../http/errors.ts';
import { referenceOf } from '../http/request.ts';
import { type Answer, routeOf } from '../http/routes.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import type { ProviderPages } from '../provider/features.ts';
import { backUrlOf } from '../provider/held-errors.ts';
import { MetadataDocumentError } from '../provider/metadata-documents.ts';
import { UnknownResourceError } from '../provider/resources.ts';
import { nameOfPerson } from './app-name.ts';
import { type AppViewOf, createAppView } from './app-view.ts';
import { type Asset, type Brands, createAsset, createBrands } from './brands.ts';
import { createNobodySignedIn, createSignOutPages, createStay } from './sign-out.ts';

export interface Pages {
  readonly interaction: InteractionPages;
  readonly provider: ProviderPages;
  readonly account: (ctx: Context, model: AccountModel) => void;
  readonly asset: Answer;
  /** What is shown where nobody is signed in and an app that registered itself asks for a sign-out. */
  readonly nobodySignedIn: Middleware;
  /** What is shown to who stays signed in. */
  stay(deps: Omit<Parameters<typeof createStay>[0], 'write' | 'envOf' | 'forged'>): Middleware;
  readonly error: (ctx: Context, error: PublicError) => void;
}

const ASSET_TYPES = {
  'style.css': 'text/css; charset=utf-8',
  'sign-in.js': 'text/javascript; charset=utf-8',
} as const;
type AssetName = keyof typeof ASSET_TYPES;

function loadAsset(name: AssetName): Asset {
  const body = readFileSync(new URL(`../../interactions/assets/${name}`, import.meta.url));
  return createAsset(name, ASSET_TYPES[name], body);
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

type Write = (ctx: Context, page: Html, leads: 'back to the app' | 'nowhere else') => void;

function createWrite(issuer: string): Write {
  const policy = policyOf(issuer);
  return (ctx, page, leads) => {
    ctx.set('Content-Security-Policy', leads === 'nowhere else' ? `${policy}; form-action 'self'` : policy);
    ctx.set('Cache-Control', 'no-store');
    ctx.vary('Accept-Language');
    // A popup opened here must stay reachable, so that it can be closed.
    ctx.set('Cross-Origin-Opener-Policy', 'same-origin-allow-popups');
    ctx.type = 'text/html; charset=utf-8';
    ctx.body = page.markup;
  };
}

/** What the pages are handed: the operator's branding, and that of each app. */
export interface PagesDeps {
  readonly issuer: string;
  readonly branding: Config['branding'];
  readonly registry: Pick<ClientRegistry, 'settings' | 'ids'>;
}

/** The pages of this product. Assets are read once, here; an app's own when its first page is shown. */
export function createPages({ issuer, branding, registry }: PagesDeps): Pages {
  const write = createWrite(issuer);
  const isConfigured = (clientId: string): boolean => registry.ids().includes(clientId);
  const appViewOf = createAppView(isConfigured);
  const brandOf = (clientId: string) => registry.settings(clientId).brand;
  const brands = createBrands(() => [branding, ...registry.ids().flatMap((id) => brandOf(id) ?? [])]);
  const { logoFile: _file, color: _color, ...shown } = branding;
  const assets = { 'style.css': loadAsset('style.css'), 'sign-in.js': loadAsset('sign-in.js') };
  const envOf = (ctx: Context, uiLocales?: unknown, clientId?: string): PageEnv => {
    const wished = uiLocales ?? ctx.query['ui_locales'];
    const lang = chooseLanguage({
      ...(typeof wished === 'string' ? { uiLocales: wished } : {}),
      acceptLanguage: ctx.get('Accept-Language'),
    });
    const own = brands.paths(clientId === undefined ? undefined : brandOf(clientId));
    return {
      texts: textsOf(lang),
      lang,
      dir: 'ltr',
      branding: { ...shown, ...brands.paths(branding), ...own },
      assetPath: (name) => assets[name].path,
      reference: referenceOf(ctx),
    };
  };
  const envOfStep = ({ ctx, interaction, client }: Step): PageEnv =>
    envOf(ctx, interaction.params['ui_locales'], client.clientId);
  const about = (step: Step): { form: FormTarget; app: AppView } => ({
    form: { base: `/interaction/${step.interaction.uid}`, csrf: step.csrf },
    app: appViewOf(step.client, step.interaction.params['redirect_uri']),
  });
  const failed = (ctx: Context, status: number, model: ErrorModel): void => {
    write(ctx, errorPage(model, envOf(ctx)), 'nowhere else');
    ctx.status = status;
  };

  return {
    account: (ctx, model) => write(ctx, accountPage(model, envOf(ctx)), 'nowhere else'),
    asset: serveAssets(Object.values(assets), brands),
    nobodySignedIn: createNobodySignedIn({ isConfigured, write, envOf }),
    stay: (deps) =>
      createStay({ ...deps, write, envOf, forged: (ctx) => failed(ctx, 403, { kind: 'forged' }) }),
    interaction: {
      platform(step, question) {
        write(step.ctx, platformPage({ ...about(step), ...question }, envOfStep(step)), 'back to the app');
        if (question.fault !== undefined && step.ctx.method === 'POST') step.ctx.status = 422;
      },
      waiting(step, { attempt, state, loginUrl }) {
        const model = {
          ...about(step),
          state,
          platformHost: new URL(attempt.platformOrigin).host,
          ...(loginUrl === undefined ? {} : { loginUrl }),
          pollHandle: handleOf(step.interaction.uid, attempt),
          intervalSeconds: Math.ceil(attempt.intervalMs / 1000),
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
      lost: (ctx) => failed(ctx, 400, { kind: 'lost' }),
      forged: (ctx) => failed(ctx, 403, { kind: 'forged' }),
    },
    provider: createProviderPages({ appViewOf, write, envOf, failed }),
    error: (ctx, { status, error, description }) =>
      failed(ctx, status, { kind: kindOf(status), error, description }),
  };
}

/** What a page says of a status that this product itself answers. */
function kindOf(status: number): ErrorModel['kind'] {
  if (status === 404) return 'missing';
  if (status === 429) return 'limited';
  if (status === 503) return 'busy';
  return status >= 500 ? 'server' : 'request';
}

/** What a page says of an error of the library's, or of ours that go by way of it. */
function aboutError(ctx: Context, code: string, error: Error): Pick<ErrorModel, 'kind' | 'names' | 'toCopy'> {
  if (error instanceof MetadataDocumentError) return { kind: 'document', names: { host: error.host } };
  if (error instanceof UnknownResourceError) {
    return { kind: 'resource', names: { resource: error.resource }, toCopy: error.line };
  }
  return { kind: kindOfError(ctx, code) };
}

function kindOfError(ctx: Context, error: string): ErrorModel['kind'] {
  if (ctx.status >= 500) return 'server';
  if (error === 'invalid_client') return 'client';
  if (error === 'invalid_redirect_uri') return 'redirect';
  return error === 'invalid_request' && routeOf(ctx).name === '/authorize/:uid' ? 'lost' : 'request';
}

/** The library hands over finished forms; only their token is taken from them. */
function xsrfIn(form: string): string {
  return /name="xsrf" value="([^"]*)"/.exec(form)?.[1] ?? '';
}

type Failed = (ctx: Context, status: number, model: ErrorModel) => void;
type DeviceSession = { new?: boolean; touched?: boolean } | undefined;

const isKnown = (session: unknown): boolean => (session as DeviceSession)?.new !== true;

/**
 * A step at `/device` from a browser that brings no session, such as one that has expired: the library would show the
 * form once more, bound to a session that was never stored. Its first step begins again instead.
 */
function deviceStepLost(oidcCtx: KoaContextWithOIDC, failed: Failed): void {
  const ctx = oidcCtx as unknown as Context;
  const session = oidcCtx.oidc.session as DeviceSession;
  if (session !== undefined) session.touched = false;
  if (oidcCtx.oidc.route === 'device_resume') return failed(ctx, 400, { kind: 'lost' });
  ctx.redirect('/device');
  ctx.status = 303;
  ctx.body = '';
}

interface ProviderPageDeps {
  readonly appViewOf: AppViewOf;
  readonly write: Write;
  readonly envOf: (ctx: Context) => PageEnv;
  readonly failed: Failed;
}

function createProviderPages({ appViewOf, write, envOf, failed }: ProviderPageDeps): ProviderPages {
  return {
    async renderError(oidcCtx, out, error) {
      const ctx = oidcCtx as unknown as Context;
      const backUrl = backUrlOf(error);
      failed(ctx, ctx.status, {
        ...aboutError(ctx, out.error, error),
        error: out.error,
        ...(out.error_description === undefined ? {} : { description: out.error_description }),
        ...(backUrl === undefined ? {} : { backUrl }),
      });
    },
    device: {
      async userCodeInputSource(oidcCtx, form, _out, error) {
        const ctx = oidcCtx as unknown as Context;
        if (error !== undefined && !isKnown(oidcCtx.oidc.session)) return deviceStepLost(oidcCtx, failed);
        const value = (error as { userCode?: string } | undefined)?.userCode ?? '';
        const model = { action: '/device', xsrf: xsrfIn(form), value, invalid: error !== undefined };
        write(ctx, deviceCodePage(model, envOf(ctx)), 'nowhere else');
      },
      async userCodeConfirmSource(oidcCtx, form, client, _deviceInfo, userCode) {
        const ctx = oidcCtx as unknown as Context;
        const app = appViewOf(client as Client, undefined);
        write(
          ctx,
          deviceConfirmPage({ action: '/device', xsrf: xsrfIn(form), app, userCode }, envOf(ctx)),
          'nowhere else',
        );
      },
      async successSource(oidcCtx: KoaContextWithOIDC) {
        const ctx = oidcCtx as unknown as Context;
        write(ctx, deviceDonePage(envOf(ctx)), 'nowhere else');
      },
    },
    logout: createSignOutPages({ write, envOf, xsrfIn }),
  };
}
