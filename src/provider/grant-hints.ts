/**
 * What a single sign-on will read, remembered by the browser: the ids of its Grants, so that session, Grant and IB session
 * come with one read. A hint decides nothing: what is read for it is judged as if it had been found the long way.
 */
import { hash } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Store } from '../../adapters/store/contract.ts';
import { ibSessionIdOf } from '../../adapters/store/handles.ts';
import { routeOf } from '../http/routes.ts';

/** Apps that are remembered, the last used first: a cookie of 350 bytes. */
const MOST_APPS = 6;
/** Characters of a client id's hash: enough to tell six apps apart. */
const APP_LENGTH = 8;
const ENTRY = /^(?<app>[A-Za-z0-9_-]{8})\.(?<grantId>[A-Za-z0-9_-]{44})$/;

type Hints = readonly (readonly [app: string, grantId: string])[];

const appOf = (clientId: string): string => hash('sha256', clientId, 'base64url').slice(0, APP_LENGTH);

function parse(text: string | undefined): Hints {
  return (text ?? '')
    .split('~')
    .slice(0, MOST_APPS)
    .flatMap((entry) => {
      const { app = '', grantId = '' } = ENTRY.exec(entry)?.groups ?? {};
      return ibSessionIdOf(grantId) === undefined ? [] : [[app, grantId] as const];
    });
}

/** In front of all that can lead to an answer of `/authorize`. */
export function createGrantHints(store: Pick<Store, 'hint'>, issuer: string): Middleware {
  const isSecure = issuer.startsWith('https:');
  const name = isSecure ? '__Host-ib_grants' : 'ib_grants';
  const read = (ctx: Context): Hints => parse(ctx.cookies.get(name, { signed: false }));

  function remember(ctx: Context, known: Hints, app: string, grantId: string): void {
    const [first] = known;
    if (first?.[0] === app && first[1] === grantId) return;
    const next = [[app, grantId] as const, ...known.filter(([other]) => other !== app)].slice(0, MOST_APPS);
    ctx.cookies.set(name, next.map((entry) => entry.join('.')).join('~'), {
      httpOnly: true,
      sameSite: 'lax',
      secure: isSecure,
      path: '/',
      signed: false,
      overwrite: true,
    });
  }

  return async (ctx, next) => {
    const asking = routeOf(ctx).name === '/authorize' ? ctx.query['client_id'] : undefined;
    const hinted = typeof asking === 'string' && read(ctx).find(([app]) => app === appOf(asking));
    if (hinted) store.hint([{ model: 'Grant', id: hinted[1] }]);
    await next();
    const { route, client, entities } = (ctx as unknown as Partial<KoaContextWithOIDC>).oidc ?? {};
    const grantId = entities?.Grant?.jti;
    if (client === undefined || grantId === undefined || ibSessionIdOf(grantId) === undefined) return;
    if (route === 'authorization' || route === 'resume') {
      remember(ctx, read(ctx), appOf(client.clientId), grantId);
    }
  };
}
