/** The `scope` of a request (RFC 6749 section 3.3): trimmed, a default where there is none, and nothing that nobody knows. */
import { errors } from 'oidc-provider';
import type { ProtectedResource } from '../../config/types.ts';

/** For apps without a registered scope, such as those that register themselves: who the user is, and the API. */
const USUAL_SCOPE = ['openid', 'profile', 'ib:api'];
/** What means nothing where no user takes part. */
const OF_USERS = ['openid', 'offline_access', 'ib:session'];

/** What is known of a request where its default is asked for. */
export interface ScopeContext {
  /** The app's registered scopes, where it has any. */
  readonly registered: string | undefined;
  /** The resources it names, in canonical form. */
  readonly resources: readonly unknown[];
  readonly hasUser: boolean;
}

/** What a request without `scope` asks for: what the resources it names have, or the app, within what the app may have. */
export function defaultScope(
  configured: readonly ProtectedResource[],
  { registered, resources, hasUser }: ScopeContext,
): string | undefined {
  const own = registered?.split(' ') ?? (hasUser ? USUAL_SCOPE : []);
  const ofResources = configured
    .filter(({ identifier }) => resources.includes(identifier))
    .flatMap(({ scopes }) => scopes);
  const allowed = ofResources.filter((scope) => registered === undefined || own.includes(scope));
  const scopes = ofResources.length === 0 ? own : allowed;
  const wanted = hasUser ? scopes : scopes.filter((scope) => !OF_USERS.includes(scope));
  return [...new Set(wanted)].join(' ') || undefined;
}

/** What a request means that names nothing it wants to do. */
export interface ScopeDefaults {
  /** Where it has no scope. */
  absent(): string | undefined;
  /** Where it has `offline_access` alone; undefined where that stays all it asks for. */
  offline(): string | undefined;
}

/**
 * `offline_access` says for how long, not what for: who asks for it alone, as MCP clients do where their server lists no
 * scope, means the default for so long. What the app may not have is not widened.
 */
export function offlineScope(
  configured: readonly ProtectedResource[],
  context: ScopeContext,
): string | undefined {
  const { registered, hasUser } = context;
  const isAllowed = hasUser && (registered === undefined || registered.split(' ').includes('offline_access'));
  const beside = isAllowed ? defaultScope(configured, context) : undefined;
  return beside === undefined ? undefined : [...new Set([...beside.split(' '), 'offline_access'])].join(' ');
}

/** The scopes of a request, as they were asked for before the library has left any out. */
export interface AskedScopes {
  /** Throws `InvalidScope` where one is not known (RFC 6749 section 4.1.2.1): a misspelt scope is noticed. */
  rejectUnknown(known: ReadonlySet<string>): void;
}

/** Gives parameters of a request a `scope` that reads as described above, whoever sets it: a form, or a request object later. */
export function holdScope(params: Record<string, unknown>, defaults: ScopeDefaults): AskedScopes {
  // A set: strangers may name thousands.
  let asked: ReadonlySet<string> = new Set();
  let current: unknown;
  const set = (value: unknown): void => {
    const scopes = typeof value === 'string' ? value.trim().split(/ +/).filter(Boolean) : [];
    // Given twice, it is refused by the library.
    current = Array.isArray(value) ? value : scopes.join(' ') || undefined;
    // The library only leaves scopes out, `offline_access` to the last; a request object says them anew, or says none.
    const isUnsaid = value === undefined && [...asked].join(' ') !== 'offline_access';
    if (isUnsaid || !scopes.every((scope) => asked.has(scope))) asked = new Set(scopes);
  };
  set(params['scope']);
  Object.defineProperty(params, 'scope', {
    configurable: true,
    enumerable: true,
    get() {
      if (current === 'offline_access') return defaults.offline() ?? current;
      return current ?? (asked.size === 0 ? defaults.absent() : undefined);
    },
    set,
  });
  return {
    rejectUnknown(known) {
      const unknown = [...asked].filter((scope) => !known.has(scope));
      if (unknown.length > 0)
        throw new errors.InvalidScope('requested scope is not known', unknown.join(' '));
    },
  };
}
