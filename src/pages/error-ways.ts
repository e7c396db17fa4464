/** Where a page about an error leads on to: no page is the end of the way. */
import type { Context } from 'koa';
import type { FormTokens } from '../../interactions/form-tokens.ts';
import { loginSecretOf } from '../../interactions/login-cookie.ts';
import { formSubject } from '../../interactions/step.ts';
import type { ErrorModel, FormTarget } from '../../interactions/views/models.ts';
import { bodyOf } from '../http/bodies.ts';
import { arrivalOf } from '../http/routes.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import { errorAt } from '../provider/held-errors.ts';

type Kind = ErrorModel['kind'];
type Way = NonNullable<ErrorModel['way']>;

/** What another try may mend. */
const PASSING: ReadonlySet<Kind> = new Set(['busy', 'limited', 'server']);

export interface ErrorWaysDeps {
  readonly issuer: string;
  readonly formTokens: Pick<FormTokens, 'of'>;
  readonly registry: Pick<ClientRegistry, 'metadata'>;
}

export type ErrorWays = (ctx: Context, kind: Kind) => Pick<ErrorModel, 'way' | 'cancel' | 'backUrl'>;

/** The ways on from an error, by the address it happened at; found without the store, which may be what is away. */
export function createErrorWays(deps: ErrorWaysDeps): ErrorWays {
  return (ctx, kind) => {
    const cancel = kind === 'lost' ? undefined : cancelOf(deps, ctx);
    const backUrl = PASSING.has(kind) ? leavingUrlOf(deps, ctx) : undefined;
    return {
      way: wayFrom(ctx, kind),
      ...(cancel === undefined ? {} : { cancel }),
      ...(backUrl === undefined ? {} : { backUrl }),
    };
  };
}

function wayFrom(ctx: Context, kind: Kind): Way {
  const { route, params } = arrivalOf(ctx);
  const isAgain = PASSING.has(kind) && (ctx.method === 'GET' || ctx.method === 'HEAD');
  if (isAgain && route.name !== 'other') return { text: 'errorRetry', path: ctx.url };
  const typed = typedIn(ctx);
  if (route.name.startsWith('/interaction/') && kind !== 'lost')
    return { text: 'errorSignIn', path: `/interaction/${params['uid'] ?? ''}${typed}` };
  if (route.name === '/logout/confirm') return { text: 'errorRetry', path: '/logout' };
  if (route.name.startsWith('/device')) return { text: 'errorDevice', path: `/device${typed}` };
  return { text: 'accountTitle', path: '/account' };
}

/** Longer than anything that is typed there. */
const LONGEST_TYPED = 512;

/** What was typed into a form that could not be served, or has expired, as the page it stood on takes it back. */
function typedIn(ctx: Context): string {
  const form = new URLSearchParams(bodyOf(ctx).toString());
  const of = (field: string): string => (form.get(field) ?? '').slice(0, LONGEST_TYPED);
  switch (arrivalOf(ctx).route.name) {
    case '/interaction/:uid/platform':
      return `?${new URLSearchParams({ platform: 'other', platform_url: of('remembered') || of('platform_url') })}`;
    case '/device':
      return of('user_code') === '' ? '' : `?${new URLSearchParams({ user_code: of('user_code') })}`;
    default:
      return '';
  }
}

/** The form that ends a sign-in which this browser has begun. */
function cancelOf({ issuer, formTokens }: ErrorWaysDeps, ctx: Context): FormTarget | undefined {
  const { route, params } = arrivalOf(ctx);
  const { uid } = params;
  if (uid === undefined || !route.name.startsWith('/interaction/')) return undefined;
  const browser = loginSecretOf(ctx, issuer, uid);
  if (browser === undefined) return undefined;
  return { base: `/interaction/${uid}`, csrf: formTokens.of(formSubject({ uid, browser })) };
}

/** The link that leaves a sign-in before it has begun, to a redirect URI that an admin has entered. */
function leavingUrlOf({ issuer, registry }: ErrorWaysDeps, ctx: Context): string | undefined {
  const { client_id: clientId, redirect_uri: redirectUri } = ctx.query;
  if (arrivalOf(ctx).route.name !== '/authorize') return undefined;
  const isForm = ctx.query['response_mode'] === 'form_post';
  if (typeof clientId !== 'string' || typeof redirectUri !== 'string' || isForm) return undefined;
  const known = registry.metadata(clientId)?.['redirect_uris'];
  if (!Array.isArray(known) || !known.includes(redirectUri)) return undefined;
  const cancelled = { error: 'access_denied', error_description: 'the user cancelled the sign-in' };
  return errorAt({ issuer, redirectUri, params: ctx.query }, cancelled);
}
