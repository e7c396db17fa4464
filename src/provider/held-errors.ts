/** Errors that are shown to the user before the app gets them. */
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import { onErrorsAt } from './error-events.ts';
import { UnknownResourceError } from './resources.ts';

/** Where the user takes the error to, when he wants. */
const backUrls = new WeakMap<Error, string>();

/**
 * Holds back redirects with which nobody would be served: an app that registered itself gets no error before the user
 * has taken a step, or this server would send anybody's browser anywhere (RFC 9700 4.11.2); and of a resource that is
 * not configured the user is told what an admin has to do, since most apps show nothing of it.
 */
export function holdErrors(provider: Provider, isConfigured: (clientId: string) => boolean): void {
  onErrorsAt(provider, ['authorization'], (ctx, error) => {
    const { client, params, route } = ctx.oidc;
    if (!(error instanceof errors.OIDCProviderError) || error.allow_redirect !== true) return;
    if (route !== 'authorization' || client === undefined) return;
    const isSilent = params?.['prompt'] === 'none';
    const isForUsers = error instanceof UnknownResourceError && !isSilent;
    if (isConfigured(client.clientId) && !isForUsers) return;
    error.allow_redirect = false;
    // The library has made a redirect of it by now where `prompt` was `none`.
    ctx.status = 400;
    const redirectUri = params?.['redirect_uri'];
    if (typeof redirectUri === 'string' && client.redirectUriAllowed(redirectUri)) {
      backUrls.set(error, errorAt({ issuer: provider.issuer, redirectUri, params: params ?? {} }, error));
    }
  });
}

/** The link back to the app of an error that was held; undefined for others. */
export function backUrlOf(error: Error): string | undefined {
  return backUrls.get(error);
}

interface AppRequest {
  readonly issuer: string;
  readonly redirectUri: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The address that tells an app of an error (RFC 6749 section 4.1.2.1). */
export function errorAt(
  { issuer, redirectUri, params }: AppRequest,
  error: Pick<errors.OIDCProviderError, 'error'> & { readonly error_description?: string | undefined },
): string {
  const url = new URL(redirectUri);
  const answer = new URLSearchParams({
    error: error.error,
    ...(error.error_description === undefined ? {} : { error_description: error.error_description }),
    ...(typeof params['state'] === 'string' ? { state: params['state'] } : {}),
    iss: issuer,
  });
  if (params['response_mode'] === 'fragment') url.hash = answer.toString();
  else for (const [name, value] of answer) url.searchParams.append(name, value);
  return url.href;
}

/** Tells of each request for a resource that is not configured, wherever it is made. */
export function tellUnknownResources(
  provider: Provider,
  tell: (facts: { readonly clientId: string | undefined; readonly line: string }) => void,
): void {
  const asked = ['authorization', 'grant', 'device_authorization', 'pushed_authorization_request'] as const;
  onErrorsAt(provider, asked, (ctx, error) => {
    if (!(error instanceof UnknownResourceError)) return;
    tell({ clientId: ctx.oidc.client?.clientId, line: error.line });
  });
}
