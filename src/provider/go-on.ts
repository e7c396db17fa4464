/**
 * From the user's last step back to `/authorize` without a way through the browser: the same request, and the same unit of
 * work, goes on there. What the step has decided and what follows from it are written together.
 */
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { noteWhatItLedTo } from './asked-again.ts';

/** As long as a code lives. */
const ASKED_AGAIN_SECONDS = 60;

const RESUME = /^\/authorize\/(?<uid>[A-Za-z0-9_-]+)$/;

/** Runs a user's step, and where it leads back to its own request at `/authorize`, goes on there. */
export function createGoOn(provider: Provider, steps: Middleware): Middleware {
  return async (ctx, next) => {
    await steps(ctx, next);
    const uid = resumedBy(provider, ctx);
    if (uid === undefined) return;
    const { method, url } = ctx;
    answerAsResume(provider, ctx, uid);
    try {
      await next();
      await keepForAWhile(ctx);
    } finally {
      // What tells of the request tells of the one that came.
      Object.assign(ctx, { method, url });
    }
  };
}

/** The library has ended the interaction; an answer that is lost on its way can be asked for once more in this browser. */
async function keepForAWhile(ctx: Context): Promise<void> {
  if (ctx.status >= 400) return;
  const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>;
  if (oidc === undefined) return;
  noteWhatItLedTo(oidc);
  await oidc.entities.Interaction?.save(ASKED_AGAIN_SECONDS);
}

/** The interaction that an answer sends back to `/authorize`: that of this request, as its cookie has proved. */
function resumedBy(provider: Provider, ctx: Context): string | undefined {
  if (ctx.status !== 303) return undefined;
  const target = URL.parse(ctx.response.get('Location'), provider.issuer);
  if (target?.origin !== new URL(provider.issuer).origin) return undefined;
  const uid = RESUME.exec(target.pathname)?.groups?.['uid'];
  const own = ctx.cookies.get(provider.cookieName('interaction'), { signed: true });
  return uid !== undefined && uid === own ? uid : undefined;
}

/** Makes of the request what the browser would have sent: the library reads method, path and one more cookie. */
function answerAsResume(provider: Provider, ctx: Context, uid: string): void {
  ctx.method = 'GET';
  ctx.url = `/authorize/${uid}`;
  ctx.remove('Location');
  ctx.body = null;
  ctx.status = 404;
  const { cookies } = ctx;
  const get = cookies.get.bind(cookies);
  const resume = provider.cookieName('resume');
  // It has the path of `/authorize/:uid`, so that browsers send it there alone; the interaction's own says the same.
  cookies.get = (name, options) => (name === resume ? uid : get(name, options));
}
