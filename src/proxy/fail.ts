/** Errors of the proxy's own, as JSON in the form of RFC 6749. */
import type { Context } from 'koa';
import type { ErrorName } from '../http/error-codes.ts';

/** Answers with an error. */
export function fail(ctx: Context, status: number, error: ErrorName, description: string): void {
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { error, error_description: description };
}
