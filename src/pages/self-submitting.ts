/** The library's pages that submit themselves, as pages of ours: in the user's language, and with a button for who runs no scripts. */
import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { GoOnModel } from '../../interactions/views/models.ts';
import { deviceCodePage, goOnPage } from '../../interactions/views/other.ts';
import { routeOf } from '../http/routes.ts';
import type { EnvOf } from './page-env.ts';
import type { Write } from './write.ts';

/** What the library escapes (`helpers/html_safe.js`). */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

const textOf = (value: string): string =>
  value.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => ENTITIES[name] ?? whole);

/** The form of such a page (`response_modes/form_post.js`); undefined for any other answer. */
function formIn(body: unknown): GoOnModel | undefined {
  if (typeof body !== 'string' || !body.includes('<title>Submitting Callback</title>')) return undefined;
  const [, action] = /<form method="post" action="([^"]*)">/.exec(body) ?? [];
  if (action === undefined) return undefined;
  const inputs = body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g);
  const fields = Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, textOf(value)]));
  return { action: textOf(action), fields };
}

interface SelfSubmittingDeps {
  readonly write: Write;
  readonly envOf: EnvOf;
}

/** Replaces such pages: the answer to an app with `response_mode=form_post`, a device's code in the address, the sign-out of nobody. */
export function createSelfSubmitting({ write, envOf }: SelfSubmittingDeps): Middleware {
  return async (ctx, next) => {
    await next();
    const form = formIn(ctx.body);
    if (form === undefined) return;
    const { params, client } = (ctx as unknown as KoaContextWithOIDC).oidc;
    const env = envOf(ctx, params?.['ui_locales'], client?.clientId);
    const { status } = ctx;
    const { xsrf = '', user_code: value } = form.fields;
    if (routeOf(ctx).name === '/device' && value !== undefined) {
      write(ctx, deviceCodePage({ action: '/device', xsrf, value, isGoingOn: true }, env), 'nowhere else');
    } else write(ctx, goOnPage(form, env), 'back to the app');
    ctx.status = status;
  };
}
