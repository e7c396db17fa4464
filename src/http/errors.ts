/** Errors of the rooms below on the wire: one place, exhaustive. The public sentence tells a stranger nothing. */
import type { Context } from 'koa';
import { StoreError } from '../../adapters/store/errors.ts';

/** What a stranger gets to see of an error. */
export interface PublicError {
  readonly status: number;
  readonly error: 'temporarily_unavailable' | 'server_error' | 'invalid_request' | 'not_found';
  readonly description: string;
  readonly retryAfterSeconds?: number;
}

const RETRY_AFTER_SECONDS = 5;

/** An address is over one of its limits. */
export class TooManyRequestsError extends Error {
  override readonly name = 'TooManyRequestsError';
  readonly code = 'too_many_requests';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('too many requests');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The process is behind; another one, or a later moment, may serve. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  readonly code = 'overloaded';
}

/** No route has this path. */
export const NOT_FOUND: PublicError = {
  status: 404,
  error: 'not_found',
  description: 'nothing is at this address',
};

/** Maps any error to what may be said of it. */
export function publicErrorOf(error: unknown): PublicError {
  if (error instanceof StoreError) {
    switch (error.code) {
      case 'throttled':
      case 'unavailable':
      case 'denied':
        return busy;
      case 'failed':
        return serverError;
    }
  }
  if (error instanceof OverloadedError) return busy;
  if (error instanceof TooManyRequestsError) {
    return {
      status: 429,
      error: 'temporarily_unavailable',
      description: 'too many requests; wait a moment',
      retryAfterSeconds: error.retryAfterSeconds,
    };
  }
  const status = (error as { status?: unknown; expose?: unknown } | undefined)?.status;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status, error: 'invalid_request', description: 'the request is invalid' };
  }
  return serverError;
}

const busy: PublicError = {
  status: 503,
  error: 'temporarily_unavailable',
  description: 'the service is busy; try again in a moment',
  retryAfterSeconds: RETRY_AFTER_SECONDS,
};

const serverError: PublicError = {
  status: 500,
  error: 'server_error',
  description: 'something went wrong on our side',
};

/** Answers with an error, in place of whatever the request had prepared. */
export function writeError(ctx: Context, error: PublicError, renderPage: (error: PublicError) => void): void {
  for (const header of ['Location', 'Set-Cookie', 'Content-Type', 'WWW-Authenticate']) ctx.remove(header);
  ctx.body = null;
  if (error.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(error.retryAfterSeconds));
  ctx.set('Cache-Control', 'no-store');
  if (ctx.accepts('json', 'html') === 'html') renderPage(error);
  else ctx.body = { error: error.error, error_description: error.description };
  ctx.status = error.status;
}
