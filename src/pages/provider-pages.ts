/** The pages that node-oidc-provider asks for: errors, devices, the sign-out. */
import type { Context } from 'koa';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Client } from '../../interactions/step.ts';
import type { DeviceCodeModel, ErrorModel } from '../../interactions/views/models.ts';
import { deviceCodePage, deviceConfirmPage, deviceDonePage } from '../../interactions/views/other.ts';
import { signedOutPage } from '../../interactions/views/sign-out.ts';
import { routeOf } from '../http/routes.ts';
import type { ProviderPages } from '../provider/features.ts';
import { backUrlOf } from '../provider/held-errors.ts';
import { MetadataDocumentError } from '../provider/metadata-documents.ts';
import { UnknownResourceError } from '../provider/resources.ts';
import type { AppViewOf } from './app-view.ts';
import type { Failed } from './error-pages.ts';
import type { EnvOf } from './page-env.ts';
import { createSignOutPages } from './sign-out.ts';
import type { Write } from './write.ts';

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

/**
 * Whether a form of the library's did not come from our page: all else that it finds wrong with one in a session that has
 * shown it has an error of its own.
 */
const isForged = (oidcCtx: KoaContextWithOIDC, error: Error | undefined): boolean =>
  error instanceof errors.InvalidRequest && oidcCtx.oidc.session?.state !== undefined;

/** The code that a form at `/device` holds. */
function userCodeOf({ oidc }: KoaContextWithOIDC): string | undefined {
  const code = oidc.params?.['user_code'];
  return typeof code === 'string' ? code : undefined;
}

/** Longer than any user code. */
const LONGEST_CODE = 64;

/** What the field for a code says: what was typed, and what is wrong with it. */
function codeFieldOf(
  oidcCtx: KoaContextWithOIDC,
  error: Error | undefined,
): Pick<DeviceCodeModel, 'value' | 'fault'> {
  // A form of before, pressed once more or in another tab: nothing is said of its code.
  if (isForged(oidcCtx, error)) return { value: userCodeOf(oidcCtx) ?? '', fault: 'again' };
  if (error !== undefined) {
    const value = (error as { userCode?: string }).userCode ?? '';
    return { value, fault: error.name === 'AbortedError' ? 'stopped' : 'invalid' };
  }
  const { again } = oidcCtx.query;
  return typeof again === 'string' ? { value: again.slice(0, LONGEST_CODE), fault: 'again' } : { value: '' };
}

type DeviceSession = { new?: boolean; touched?: boolean } | undefined;

const isKnown = (session: unknown): boolean => (session as DeviceSession)?.new !== true;

/** The address that a sign-in for a device comes back to, opened again: the code was used, it is not to be entered once more. */
function deviceOver(ctx: Context, failed: Failed): void {
  failed(ctx, 400, { kind: ctx.get('Cookie') === '' ? 'lost' : 'device' });
}

/**
 * A step at `/device` from a browser that brings no session, such as one that has expired: the library would show the
 * form once more, bound to a session that was never stored. Its first step begins again instead, with the code, and says that
 * cookies may be blocked.
 */
function deviceStepLost(oidcCtx: KoaContextWithOIDC, failed: Failed): void {
  const ctx = oidcCtx as unknown as Context;
  const session = oidcCtx.oidc.session as DeviceSession;
  if (session !== undefined) session.touched = false;
  if (oidcCtx.oidc.route === 'device_resume') return deviceOver(ctx, failed);
  const typed = new URLSearchParams({ again: userCodeOf(oidcCtx) ?? '' });
  ctx.redirect(`/device?${typed}`);
  ctx.status = 303;
  ctx.body = '';
}

export interface ProviderPageDeps {
  readonly appViewOf: AppViewOf;
  readonly write: Write;
  readonly envOf: EnvOf;
  readonly failed: Failed;
}

/** The pages that node-oidc-provider asks for. */
export function createProviderPages({ appViewOf, write, envOf, failed }: ProviderPageDeps): ProviderPages {
  return {
    async renderError(oidcCtx, out, error) {
      const ctx = oidcCtx as unknown as Context;
      // The library asks for a page wherever pages are accepted; Java's HttpURLConnection accepts them at /token, too.
      if (routeOf(ctx).errors === 'json') {
        ctx.body = out;
        return;
      }
      const backUrl = backUrlOf(error);
      if (oidcCtx.oidc.route === 'end_session_confirm' && error instanceof errors.InvalidRequest) {
        // Another site's form brings no cookie, and would have this page tell who is signed in that he is not.
        const isAnothers = isForged(oidcCtx, error) || ctx.get('Sec-Fetch-Site') === 'cross-site';
        if (isAnothers || oidcCtx.oidc.session?.accountId !== undefined)
          return failed(ctx, 403, { kind: 'forged' });
        // Pressed twice, or in two tabs: the session that asked has gone with the first.
        write(ctx, signedOutPage(envOf(ctx)), 'nowhere else');
        ctx.status = 200;
        return;
      }
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
        if (error instanceof errors.SessionNotFound) return deviceOver(ctx, failed);
        const model = { action: '/device', xsrf: xsrfIn(form), ...codeFieldOf(oidcCtx, error) };
        write(ctx, deviceCodePage(model, envOf(ctx)), 'nowhere else');
        if (isForged(oidcCtx, error)) ctx.status = 403;
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
