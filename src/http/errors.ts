/** Errors of the rooms below on the wire: one place, exhaustive. The public sentence tells a stranger nothing. */
import { Readable } from 'node:stream';
import type { Context, Middleware } from 'koa';
import { StoreError } from '../../adapters/store/errors.ts';
import { arrivalOf, routeOf } from './routes.ts';

/** What a stranger gets to see of an error. */
export interface PublicError {
  readonly status: number;
  readonly error: 'temporarily_unavailable' | 'server_error' | 'invalid_request' | 'not_found';
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const RETRY_AFTER_SECONDS = 5;

const busy: PublicError = {
  status: 503,
  error: 'temporarily_unavailable',
  description: 'the service is busy; try again in a moment',
  headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
};

const serverError: PublicError = {
  status: 500,
  error: 'server_error',
  description: 'something went wrong on our side',
};

/** Why a request goes no further, and what is said of it. */
const REFUSALS = {
  not_a_path: { status: 400, error: 'invalid_request', description: 'the request target must be a path' },
  not_found: { status: 404, error: 'not_found', description: 'nothing is at this address' },
  wrong_method: {
    status: 405,
    error: 'invalid_request',
    description: 'this address does not take this method',
  },
  body_too_large: { status: 413, error: 'invalid_request', description: 'the request is too large' },
  body_too_slow: { status: 408, error: 'invalid_request', description: 'the request took too long to come' },
  body_cut: { status: 400, error: 'invalid_request', description: 'the request ended too early' },
  body_type: {
    status: 415,
    error: 'invalid_request',
    description: 'the body must be a form: application/x-www-form-urlencoded',
  },
  body_encoded: {
    status: 415,
    error: 'invalid_request',
    description: 'bodies must come as they are, without a Content-Encoding',
    headers: { 'Accept-Encoding': 'identity' },
  },
  too_many_requests: {
    status: 429,
    error: 'temporarily_unavailable',
    description: 'too many requests; wait a moment',
  },
  overloaded: busy,
} as const satisfies Record<string, PublicError>;

/** A request that is turned away before any work. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: keyof typeof REFUSALS;
  /** Headers that belong to the refusal, such as `Allow` or `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;
  /** What a caller should know besides; of ours, nothing of the request's. */
  readonly hint: string | undefined;

  constructor(code: RefusedError['code'], facts: Partial<Pick<RefusedError, 'headers' | 'hint'>> = {}) {
    super(`refused: ${code}`);
    this.code = code;
    this.headers = facts.headers ?? {};
    this.hint = facts.hint;
  }
}

/** Maps any error to what may be said of it. */
function publicErrorOf(error: unknown): PublicError {
  if (error instanceof StoreError) return error.code === 'failed' ? serverError : busy;
  if (error instanceof RefusedError) {
    const known: PublicError = REFUSALS[error.code];
    const description = error.hint === undefined ? known.description : `${known.description}; ${error.hint}`;
    return { ...known, description, headers: { ...known.headers, ...error.headers } };
  }
  const status = (error as { status?: unknown } | undefined)?.status;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status, error: 'invalid_request', description: 'the request is invalid' };
  }
  return serverError;
}

/** Shows an error as a page. */
export type RenderError = (ctx: Context, error: PublicError) => void;

/** Whether errors of this request are pages: where its row has them, and it asks for one. */
function wantsPage(ctx: Context): boolean {
  return routeOf(ctx).errors === 'page' && ctx.accepts('json', 'html') === 'html';
}

/** Answers with an error, in place of whatever the request had prepared. */
function writeError(ctx: Context, error: PublicError, renderPage: RenderError): void {
  for (const header of ['Location', 'Set-Cookie', 'Content-Type', 'WWW-Authenticate']) ctx.remove(header);
  ctx.body = null;
  ctx.set({ ...error.headers, 'Cache-Control': 'no-store' });
  if (wantsPage(ctx)) renderPage(ctx, error);
  else ctx.body = { error: error.error, error_description: error.description };
  ctx.status = error.status;
}

/** Whatever a request failed of: told with its cause, answered without it. */
export function createErrorBoundary(deps: {
  readonly onFailed: (error: unknown) => void;
  readonly renderPage: RenderError;
}): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body == null) throw new RefusedError('not_found');
    } catch (error) {
      const shown = publicErrorOf(error);
      const isOurs = error instanceof StoreError || (shown.status >= 500 && !(error instanceof RefusedError));
      if (isOurs) deps.onFailed(error);
      writeError(ctx, shown, deps.renderPage);
    }
  };
}

/**
 * What goes wrong once an answer has begun or its caller has gone, as Koa tells it, of a body that does not arrive without its
 * context: whoever was at either end has hung up, which is no failure of ours and told once, or something here has broken.
 */
export function createLateErrors(deps: {
  readonly onCut: (facts: { readonly cause: string; readonly route?: string }) => void;
  readonly onFailed: (error: unknown) => void;
}): (error: unknown, ctx?: Context) => void {
  const told = new WeakSet<object>();
  return (error, ctx) => {
    const cause = (error as { code?: unknown } | undefined)?.code;
    const isLate = ctx === undefined || ctx.body instanceof Readable || ctx.headerSent || ctx.req.destroyed;
    if (!(error instanceof Error) || typeof cause !== 'string' || !isLate) return deps.onFailed(error);
    if (!told.has(error)) deps.onCut({ cause, ...(ctx === undefined ? {} : { route: routeOf(ctx).name }) });
    told.add(error);
  };
}

/** Turns away what has no row, another method than its row's, and targets that are no path (RFC 9112 section 3.2). */
export function createDoor(issuer: string): Middleware {
  return (ctx, next) => {
    const { kind, allow, isUnderPath = false } = arrivalOf(ctx);
    switch (kind) {
      case 'found':
      case 'options':
        return next();
      case 'not_a_path':
        throw new RefusedError('not_a_path');
      case 'wrong_method':
        throw new RefusedError('wrong_method', { headers: { Allow: allow.join(', ') } });
      case 'form_only':
        // Opened again from the history: back to the page whose form it takes.
        ctx.redirect(ctx.path.slice(0, ctx.path.lastIndexOf('/')));
        ctx.status = 303;
        ctx.body = '';
        return undefined;
      case 'unknown':
        throw new RefusedError('not_found', {
          ...(isUnderPath ? { hint: `the issuer ${issuer} has no path, its endpoints begin at /` } : {}),
        });
    }
  };
}
