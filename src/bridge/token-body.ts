/** The parameters of a token request as the bridge's clients send them. */
import type { Context } from 'koa';
import { bodyOf } from '../http/bodies.ts';

/** The parameters of a body, form or JSON; undefined for other types, which are left alone. */
export function tokenFormOf(ctx: Context): URLSearchParams | undefined {
  const type = ctx.is('application/x-www-form-urlencoded', 'application/json');
  if (typeof type !== 'string') return undefined;
  const text = bodyOf(ctx).toString('utf8');
  return type === 'application/json' ? fromJson(text) : new URLSearchParams(text);
}

/** String members of a JSON object; anything else is no parameter. */
function fromJson(text: string): URLSearchParams {
  const form = new URLSearchParams();
  try {
    for (const [name, value] of Object.entries(JSON.parse(text) as object)) {
      if (typeof value === 'string') form.append(name, value);
    }
  } catch {
    // Not JSON: no parameters, and the provider says what is missing.
  }
  return form;
}
