/**
 * What holds for every request, told by the address it came to: this room owns the table of addresses and whatever is
 * judged by it (limits, CORS, bodies, errors, health). It must not know what any endpoint does.
 *
 * Every address there is stands here. A request is matched once, byte by byte on its raw path, and everything behind
 * reads the row: what has no row does not exist, and another spelling is another address. `HEAD` goes with `GET`, and
 * `OPTIONS` is answered for each row that has GET or CORS.
 *
 * - path: `:name` is one segment, `*` the rest; as it is written here, but for `/*`, it is all that log and metrics know
 * - limits: the budgets of the caller that a request draws on (limits.ts)
 * - CORS: whose pages may read the answers: nobody's, everybody's, registered apps' (cors.ts)
 * - body: what is read of it and for how long (bodies.ts)
 * - errors: as a page for whoever asks for one, or as JSON always
 * - stands on: a live IB session, the cookies of a browser, or nothing
 */
import { METHODS } from 'node:http';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Limit =
  | 'sign_in'
  | 'pushed_request'
  | 'poll'
  | 'user_code'
  | 'client_authentication'
  | 'registration'
  | 'refused_registration';
export type Cors = 'none' | 'public' | 'registered';
export type Body = 'none' | 'form' | 'query' | 'request' | 'stream';

type Row = readonly [
  methods: string,
  path: string,
  limits:
    | Limit
    | 'none'
    | `client_authentication ${'sign_in' | 'pushed_request'}`
    | 'registration refused_registration',
  cors: Cors,
  body: Body,
  errors: 'page' | 'json',
  standsOn: 'nothing' | 'browser' | 'ib_session',
];

// biome-ignore format: a table
const TABLE = [
  // methods                    path                                           limits                                  CORS          body       errors  stands on
  ['GET',                       '/.well-known/openid-configuration',           'none',                                 'public',     'none',    'json', 'nothing'],
  ['GET',                       '/.well-known/oauth-authorization-server',     'none',                                 'public',     'none',    'json', 'nothing'],
  ['GET',                       '/.well-known/oauth-protected-resource',       'none',                                 'public',     'none',    'json', 'nothing'],
  ['GET',                       '/.well-known/oauth-protected-resource/*',     'none',                                 'public',     'none',    'json', 'nothing'],
  ['GET',                       '/jwks',                                       'none',                                 'public',     'none',    'json', 'nothing'],

  ['GET',                       '/authorize',                                  'sign_in',                              'none',       'none',    'page', 'browser'],
  ['POST',                      '/authorize',                                  'none',                                 'none',       'query',   'page', 'browser'],
  ['GET',                       '/authorize/poll',                             'poll',                                 'none',       'none',    'json', 'browser'],
  ['GET',                       '/authorize/:uid',                             'none',                                 'none',       'none',    'page', 'browser'],
  ['GET',                       '/interaction/:uid',                           'none',                                 'none',       'none',    'page', 'browser'],
  ['POST',                      '/interaction/:uid/platform',                  'sign_in',                              'none',       'form',    'page', 'browser'],
  ['POST',                      '/interaction/:uid/continue',                  'none',                                 'none',       'form',    'page', 'browser'],
  ['POST',                      '/interaction/:uid/restart',                   'sign_in',                              'none',       'form',    'page', 'browser'],
  ['POST',                      '/interaction/:uid/other',                     'none',                                 'none',       'form',    'page', 'browser'],
  ['POST',                      '/interaction/:uid/consent',                   'none',                                 'none',       'form',    'page', 'browser'],
  ['POST',                      '/interaction/:uid/cancel',                    'none',                                 'none',       'form',    'page', 'browser'],

  ['POST',                      '/token',                                      'client_authentication',                'registered', 'request', 'json', 'nothing'],
  ['POST',                      '/par',                                        'client_authentication pushed_request', 'registered', 'request', 'json', 'nothing'],
  ['POST',                      '/introspect',                                 'client_authentication',                'registered', 'request', 'json', 'nothing'],
  ['POST',                      '/revoke',                                     'client_authentication',                'registered', 'request', 'json', 'nothing'],
  ['POST',                      '/device_authorization',                       'client_authentication sign_in',        'registered', 'request', 'json', 'nothing'],
  ['POST',                      '/register',                                   'registration refused_registration',    'public',     'request', 'json', 'nothing'],
  ['GET PUT DELETE',            '/register/:client_id',                        'none',                                 'public',     'request', 'json', 'nothing'],
  ['GET POST',                  '/userinfo',                                   'none',                                 'registered', 'request', 'json', 'ib_session'],
  ['GET POST PUT PATCH DELETE', '/proxy/*',                                    'none',                                 'registered', 'stream',  'json', 'ib_session'],

  ['GET',                       '/device',                                     'none',                                 'none',       'none',    'page', 'browser'],
  ['POST',                      '/device',                                     'user_code',                            'none',       'form',    'page', 'browser'],
  ['GET',                       '/device/:uid',                                'none',                                 'none',       'none',    'page', 'browser'],
  ['GET',                       '/logout',                                     'none',                                 'none',       'none',    'page', 'browser'],
  ['POST',                      '/logout',                                     'none',                                 'none',       'query',   'page', 'browser'],
  ['POST',                      '/logout/confirm',                             'none',                                 'none',       'form',    'page', 'browser'],
  ['GET',                       '/logout/success',                             'none',                                 'none',       'none',    'page', 'browser'],
  ['GET',                       '/account',                                    'none',                                 'none',       'none',    'page', 'browser'],
  ['POST',                      '/account/revoke',                             'none',                                 'none',       'form',    'page', 'browser'],
  ['POST',                      '/account/revoke-all',                         'none',                                 'none',       'form',    'page', 'browser'],
  ['POST',                      '/account/sign-out',                           'none',                                 'none',       'form',    'page', 'browser'],

  ['GET',                       '/assets/*',                                   'none',                                 'none',       'none',    'json', 'nothing'],
  ['GET',                       '/healthz',                                    'none',                                 'none',       'none',    'json', 'nothing'],
  ['GET',                       '/readyz',                                     'none',                                 'none',       'none',    'json', 'nothing'],
] as const satisfies readonly Row[];

type Path = (typeof TABLE)[number][1];

/** The name of an address. */
export type RouteName = NameOf<Path>;
type NameOf<P extends string> = P extends `${infer Start}/*` ? Start : P;

/** A row of the table, as whatever judges a request reads it. */
export interface Route {
  readonly name: RouteName | 'other';
  readonly path: string;
  readonly methods: readonly Method[];
  readonly limits: readonly Limit[];
  readonly cors: Cors;
  readonly body: Body;
  readonly errors: 'page' | 'json';
  readonly standsOn: Row[6];
}

/** The row of a request that has none: it names all such addresses in log and metrics. */
const NO_ROUTE: Route = {
  name: 'other',
  path: '',
  methods: [],
  limits: [],
  cors: 'none',
  body: 'none',
  errors: 'page',
  standsOn: 'nothing',
};

/** The rows, in the order in which the first that fits an address counts. */
export const ROUTES: readonly Route[] = TABLE.map(
  ([methods, path, limits, cors, body, errors, standsOn]) => ({
    name: path.replace('/*', '') as RouteName,
    path,
    methods: methods.split(' ') as Method[],
    limits: limits === 'none' ? [] : (limits.split(' ') as Limit[]),
    cors,
    body,
    errors,
    standsOn,
  }),
);

/** What the segments of a path say that stand for something. */
export type Params = Readonly<Record<string, string>>;

/** How a request was matched. */
export interface Arrival {
  readonly kind: 'found' | 'options' | 'wrong_method' | 'form_only' | 'unknown' | 'not_a_path';
  /** Of other kinds than `found`, a row of the same address. */
  readonly route: Route;
  readonly params: Params;
  /** All methods of the address. */
  readonly allow: readonly string[];
  /** Of an unknown address: whether an endpoint was asked for under a path that the issuer does not have. */
  readonly isUnderPath?: boolean;
}

const KEY = 'arrival';

/** One segment that stands for something: what ids of ours are made of. */
const SEGMENT = /^[\w-]+$/;

/** The addresses there are, in @koa/router's spelling. */
function addressesOf(options: { readonly registration: boolean }): Map<string, Route[]> {
  const routes = ROUTES.filter(({ path }) => options.registration || !path.startsWith('/register'));
  return Map.groupBy(routes, ({ path }) => path.replace('*', '{*rest}'));
}

/**
 * Matches each request once, before anything else looks at it. Without registration its addresses do not exist.
 * All methods of an address are its own business: which of them it has is told in words, with its row.
 */
export function createArrivals(options: { readonly registration: boolean }): Middleware {
  const addresses = addressesOf(options);
  const router = new Router({ sensitive: true, strict: true });
  for (const [path, rows] of addresses) {
    router.register(path, METHODS, (ctx, next) => {
      const values = ctx['captures'] as (string | undefined)[];
      const isRest = path.endsWith('}');
      const isOurs = isRest || values.every((value = '') => SEGMENT.test(value));
      // As it was sent: `rest` is not decoded. Of two addresses that fit, the first counts.
      const params = isRest ? { rest: values[0] ?? '' } : (ctx['params'] as Params);
      if (isOurs && ctx.state[KEY] === undefined) ctx.state[KEY] = arrivalAt(rows, ctx.method, params);
      return next();
    });
  }
  const match = router.routes() as Middleware;
  return (ctx, next) => {
    const [path = ''] = (ctx.req.url ?? '').split('?', 1);
    const onward = (): Promise<void> => {
      ctx.state[KEY] ??= nowhere(path, [...addresses.values()].flat());
      return next();
    };
    // What Koa reads otherwise than it is written is no address of ours.
    return ctx.path === path ? match(ctx, onward) : onward();
  };
}

function nowhere(path: string, known: readonly Route[]): Arrival {
  const at = { route: NO_ROUTE, params: {}, allow: [] };
  if (!path.startsWith('/')) return { kind: 'not_a_path', ...at };
  return { kind: 'unknown', ...at, isUnderPath: known.some((route) => isUnderPath(route, path)) };
}

function arrivalAt(rows: readonly Route[], method: string, params: Params): Arrival {
  const [first = NO_ROUTE] = rows;
  const methods = rows.flatMap((row) => row.methods);
  const options = methods.includes('GET') || first.cors !== 'none';
  const at = {
    params,
    allow: [
      ...methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])),
      ...(options ? ['OPTIONS'] : []),
    ],
  };
  const wanted = method === 'HEAD' ? 'GET' : method;
  const row = rows.find((candidate) => candidate.methods.some((known) => known === wanted));
  if (row !== undefined) return { kind: 'found', route: row, ...at };
  if (method === 'OPTIONS' && options) return { kind: 'options', route: first, ...at };
  const formOnly = wanted === 'GET' && first.body === 'form';
  return { kind: formOnly ? 'form_only' : 'wrong_method', route: first, ...at };
}

/** `/dev/token` and `/.well-known/oauth-authorization-server/dev`: an endpoint under a path that the issuer has not. */
function isUnderPath({ path }: Route, asked: string): boolean {
  if (path.endsWith('*')) return asked.indexOf(path.slice(0, -1)) > 1;
  if (asked.length <= path.length + 1) return false;
  return asked.endsWith(path) || (path.startsWith('/.well-known/') && asked.startsWith(`${path}/`));
}

/** How this request was matched. */
export function arrivalOf(ctx: Context): Arrival {
  return ctx.state[KEY] as Arrival;
}

/** The row of this request. */
export function routeOf(ctx: Context): Route {
  return arrivalOf(ctx).route;
}

/** Answers the request of a row. */
export type Answer = (ctx: Context, params: Params) => Promise<void> | void;

/** Hands requests of some rows to what answers them; others go on. */
export function createDispatch(answers: Readonly<Partial<Record<RouteName, Answer>>>): Middleware {
  return async (ctx, next) => {
    const { route, params } = arrivalOf(ctx);
    const answer = route.name === 'other' ? undefined : answers[route.name];
    return answer === undefined ? next() : answer(ctx, params);
  };
}
