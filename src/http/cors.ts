/**
 * Whose pages may read an answer (the Fetch standard's CORS protocol): nobody's on pages, everybody's where the data is
 * public, else those of the app that asks. Never with credentials, and never for `null`, the origin of every opaque page.
 */
import type { Context, Middleware } from 'koa';
import { isLoopbackHost } from '../../config/clients/redirect-uris.ts';
import { RefusedError } from './errors.ts';
import { arrivalOf, type Cors, routeOf } from './routes.ts';

/** What tells the origins of an app. */
export interface AppRedirects {
  readonly redirectUris: readonly string[];
  /** Whether its loopback redirects match any port (RFC 8252 section 7.3). */
  readonly anyLoopbackPort: boolean;
  /** Whether a redirect's first label may be a wildcard. */
  readonly wildcards: boolean;
}

/** The origins of an app's pages. */
export interface AppOrigins {
  has(origin: string): boolean;
}

/** The origins of an app's pages: wherever it may be redirected to, and only there. */
export function originsOf(app: AppRedirects): AppOrigins {
  return {
    has(origin) {
      const asked = webOrigin(origin);
      return asked !== undefined && app.redirectUris.some((uri) => isOriginOf(app, uri, asked));
    },
  };
}

const isWildcard = (app: AppRedirects, uri: string): boolean => app.wildcards && uri.startsWith('https://*.');

/**
 * The origins of many apps together, gone through once: of thousands of apps each question of a stranger's page would
 * take ten milliseconds otherwise.
 */
export function originsOfAll(apps: readonly AppRedirects[]): AppOrigins {
  const exact = new Set<string>();
  const anyPort = new Set<string>();
  const patterns: AppRedirects[] = [];
  for (const app of apps) {
    const wild = app.redirectUris.filter((uri) => isWildcard(app, uri));
    if (wild.length > 0) patterns.push({ ...app, redirectUris: wild });
    for (const uri of app.redirectUris) {
      const url = isWildcard(app, uri) ? null : URL.parse(uri);
      if (url === null) continue;
      exact.add(url.origin);
      if (app.anyLoopbackPort && url.protocol === 'http:' && isLoopbackHost(url.hostname))
        anyPort.add(url.hostname);
    }
  }
  return {
    has(origin) {
      const asked = webOrigin(origin);
      if (asked === undefined) return false;
      if (exact.has(asked.origin) || (asked.protocol === 'http:' && anyPort.has(asked.hostname))) return true;
      return patterns.some((app) => originsOf(app).has(origin));
    },
  };
}

/** An origin as browsers write it (RFC 6454 section 6.2), http or https; undefined for any other text. */
function webOrigin(text: string): URL | undefined {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text ? url : undefined;
}

function isOriginOf(app: AppRedirects, uri: string, asked: URL): boolean {
  if (isWildcard(app, uri)) {
    const [label = '', ...domain] = asked.host.split('.');
    const pattern = URL.parse(uri.replace('*', label));
    return /^[a-z0-9-]+$/.test(label) && domain.length > 0 && pattern?.origin === asked.origin;
  }
  const url = URL.parse(uri);
  if (url === null) return false;
  if (url.origin === asked.origin) return true;
  const isLoopback = url.protocol === 'http:' && isLoopbackHost(url.hostname);
  return app.anyLoopbackPort && isLoopback && asked.protocol === 'http:' && asked.hostname === url.hostname;
}

const APP = 'corsApp';

/** Tells whose request this is, where something in front of the provider has found that out. */
export function noteApp(ctx: Context, origins: AppOrigins): void {
  ctx.state[APP] = origins;
}

export interface CorsDeps {
  /** The origins of the app that the provider has found behind a request; undefined where it has found none. */
  readonly originsBehind: (ctx: Context) => AppOrigins | undefined;
  /** Whether an origin may be an app's: it is a configured one's, or apps may register themselves. */
  readonly mayBeAnApps: (origin: string) => boolean;
}

const MAX_AGE_SECONDS = '3600';
/** What apps read besides the body. */
const EXPOSED = 'WWW-Authenticate, Retry-After, X-Request-Id, Content-Disposition, Content-Range, ETag';

/** Gives every answer of a row its CORS headers, errors and preflights included, in place of all that stood there. */
export function createCors(deps: CorsDeps): Middleware {
  const rules: Readonly<Record<Cors, (ctx: Context, origin: string) => string | undefined>> = {
    none: () => undefined,
    public: () => '*',
    registered(ctx, origin) {
      const app = (ctx.state[APP] as AppOrigins | undefined) ?? deps.originsBehind(ctx);
      // An error before anybody knows whose request it was tells nothing of any app.
      const allowed = app === undefined ? deps.mayBeAnApps(origin) : app.has(origin);
      return allowed && webOrigin(origin) !== undefined ? origin : undefined;
    },
  };
  return async (ctx, next) => {
    await next();
    const { cors } = routeOf(ctx);
    ctx.remove('Access-Control-Allow-Origin');
    ctx.remove('Access-Control-Expose-Headers');
    if (cors === 'none') return;
    if (cors === 'registered') ctx.vary('Origin');
    const allowed = rules[cors](ctx, ctx.get('Origin'));
    if (allowed === undefined) return;
    ctx.set('Access-Control-Allow-Origin', allowed);
    ctx.set('Access-Control-Expose-Headers', EXPOSED);
  };
}

/** Answers `OPTIONS`, with CORS where the row has it: what may be sent. Whoever may read the answer is told with that. */
export function createOptions(): Middleware {
  return (ctx, next) => {
    const { kind, route, allow } = arrivalOf(ctx);
    if (kind !== 'options') return next();
    const isPreflight = ctx.get('Access-Control-Request-Method') !== '';
    // What is passed on to somebody else is not ours to answer for.
    if (route.body === 'stream' && !isPreflight) {
      throw new RefusedError('wrong_method', { headers: { Allow: allow.join(', ') } });
    }
    ctx.status = 204;
    ctx.set('Allow', allow.join(', '));
    if (route.cors === 'none' || !isPreflight) return undefined;
    const headers = ctx.get('Access-Control-Request-Headers');
    ctx.vary('Access-Control-Request-Headers');
    ctx.set('Access-Control-Allow-Methods', allow.join(', '));
    if (headers !== '') ctx.set('Access-Control-Allow-Headers', headers);
    ctx.set('Access-Control-Max-Age', MAX_AGE_SECONDS);
    return undefined;
  };
}
