/** A user code as a person types it. */
import type { Middleware } from 'koa';
import { bodyOf, handOn } from '../http/bodies.ts';
import { routeOf } from '../http/routes.ts';

const FIELD = 'user_code';

/**
 * Reads wide letters, as Japanese keyboards write them, for the letters that they are: the library drops what is not ASCII, as it
 * does dashes and blanks, and the code would be unknown.
 */
export function createTypedCode(): Middleware {
  return (ctx, next) => {
    if (routeOf(ctx).name !== '/device' || ctx.method !== 'POST') return next();
    const form = new URLSearchParams(bodyOf(ctx).toString());
    const [typed, ...others] = form.getAll(FIELD);
    const plain = typed?.normalize('NFKC');
    if (plain !== undefined && plain !== typed && others.length === 0) {
      form.set(FIELD, plain);
      handOn(ctx, Buffer.from(form.toString()));
    }
    return next();
  };
}
