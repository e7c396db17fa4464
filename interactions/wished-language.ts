/** The language that an app asked for, as any page about its request learns of it, pages about errors too. */
import type { Context } from 'koa';

const KEY = 'uiLocales';

/** Notes the `ui_locales` of the request that a page is about (OpenID Connect Core section 3.1.2.1). */
export function noteWishedLanguage(
  ctx: Context,
  params: Readonly<Record<string, unknown>> | undefined,
): void {
  ctx.state[KEY] = params?.['ui_locales'];
}

/** What was noted, else what the address itself asks for. */
export function wishedLanguage(ctx: Context): string | undefined {
  const wished: unknown = ctx.state[KEY] ?? ctx.query['ui_locales'];
  return typeof wished === 'string' ? wished : undefined;
}
