/** Errors as pages, each with a way on. */
import type { Context } from 'koa';
import type { ErrorModel } from '../../interactions/views/models.ts';
import { errorPage } from '../../interactions/views/other.ts';
import type { PublicError } from '../http/errors.ts';
import { arrivalOf } from '../http/routes.ts';
import { createErrorWays, type ErrorWaysDeps } from './error-ways.ts';
import type { EnvOf } from './page-env.ts';
import type { Write } from './write.ts';

/** Answers with a page about what went wrong. */
export type Failed = (ctx: Context, status: number, model: ErrorModel) => void;

const RETRY_SECONDS = 5;

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

export interface ErrorPagesDeps extends ErrorWaysDeps {
  readonly write: Write;
  readonly envOf: EnvOf;
}

/** `failed` says what a caller knows of an error; `error` what this product's own error tells by its status. */
export function createErrorPages({ write, envOf, ...deps }: ErrorPagesDeps): {
  readonly failed: Failed;
  readonly error: (ctx: Context, error: PublicError) => void;
} {
  const waysFrom = createErrorWays(deps);
  const failed: Failed = (ctx, status, model) => {
    const kind = model.kind === 'lost' && ctx.get('Cookie') === '' ? 'cookies' : model.kind;
    const shown = { ...waysFrom(ctx, model.kind), ...model, kind };
    write(ctx, errorPage(shown, envOf(ctx)), shown.cancel === undefined ? 'nowhere else' : 'back to the app');
    ctx.status = status;
  };
  return {
    failed,
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
