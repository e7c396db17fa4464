/**
 * What every request of the library is read through: one canonical form of `resource` and of `scope`, whether they came in a
 * query, a form, a pushed request or a signed request object, what `offline_access` implies, and what a change of a registration
 * comes to. The library has no hook that sees them all before they are used, so its context's class is replaced on the
 * provider instance.
 */
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ProtectedResource } from '../../config/types.ts';
import { type AskedScopes, defaultScope, holdScope, offlineScope } from './asked-scopes.ts';
import { withIdAlone } from './client-secrets.ts';
import { BEGINNINGS } from './features.ts';
import type { Resources } from './resources.ts';
import { scopesOf } from './scopes.ts';
import { type Admit, changeOf } from './self-registration.ts';

type Params = Record<string, unknown>;

/** The part of the library's context that is built upon. It sets `params` itself, on each instance. */
interface BaseContext {
  readonly ctx: KoaContextWithOIDC;
  readonly entities: KoaContextWithOIDC['oidc']['entities'];
  readonly prompts: Set<string>;
  readonly requestParamScopes: Set<string>;
  readonly route: string;
}
type ContextClass = new (ctx: unknown) => BaseContext;

/** Where an app says who it is. */
const AUTHENTICATED = [
  'token',
  'revocation',
  'introspection',
  'pushed_authorization_request',
  'device_authorization',
];

/** Refuses scopes that nobody knows; for requests that the library checks its parameters of. */
export function rejectUnknownScopes(ctx: KoaContextWithOIDC): void {
  (ctx.oidc as unknown as { rejectUnknownScopes(): void }).rejectUnknownScopes();
}

/** Gives a provider the contexts described above. */
export function installRequestContext(
  provider: Provider,
  {
    resources,
    configured,
    admit,
  }: {
    resources: Pick<Resources, 'canonical'>;
    configured: readonly ProtectedResource[];
    admit: Admit;
  },
): void {
  const Base = (provider as unknown as { OIDCContext: ContextClass }).OIDCContext;
  const known = new Set(scopesOf(configured));
  class OIDCContext extends Base {
    #params: Params | undefined;
    #asked: AskedScopes | undefined;
    #body: unknown;
    #change: unknown;

    /** Of a change of a registration, what is admitted: in front of the library, which calls addresses in it before it is done. */
    get body(): unknown {
      if (this.route !== 'client_update' || !isObject(this.#body)) return this.#body;
      this.#change ??= changeOf(this.#body, admit);
      return this.#change;
    }

    set body(body: unknown) {
      this.#body = AUTHENTICATED.includes(this.route) ? withIdAlone(body, this.ctx.state) : body;
    }

    get params(): Params | undefined {
      return this.#params;
    }

    set params(params: Params | undefined) {
      this.#params = params;
      if (params === undefined) return;
      if ('resource' in params) makeCanonical(params, resources);
      if ('scope' in params) {
        this.#asked = holdScope(params, {
          absent: () => this.#scopeBy(defaultScope, params),
          offline: () => this.#scopeBy(offlineScope, params),
        });
      }
      if ('nonce' in params) ignoreStrayNonce(params);
    }

    #scopeBy(rule: typeof defaultScope, { grant_type: grantType, resource }: Params): string | undefined {
      // What is not said has a default where something begins; later steps go by what was said.
      const hasUser = BEGINNINGS.has(this.route);
      if (!hasUser && !(this.route === 'token' && grantType === 'client_credentials')) return undefined;
      const registered = this.entities.Client?.scope;
      return rule(configured, { registered, resources: [resource].flat(), hasUser });
    }

    rejectUnknownScopes(): void {
      this.#asked?.rejectUnknown(known);
    }

    /** At `/token` nothing else looks at them all before some are left out. */
    override get requestParamScopes(): Set<string> {
      if (this.route === 'token') this.rejectUnknownScopes();
      return super.requestParamScopes;
    }

    /**
     * `offline_access` asks for the user's consent by itself (OpenID Connect Core 11 leaves that to the server), once:
     * where he has given it before, the Grant says so.
     */
    override get prompts(): Set<string> {
      const prompts = super.prompts;
      const scopes = String(this.#params?.['scope'] ?? '').split(' ');
      const isGranted = this.entities.Grant?.getOIDCScope().split(' ').includes('offline_access') ?? false;
      if (scopes.includes('offline_access') && !isGranted && !prompts.has('none')) prompts.add('consent');
      return prompts;
    }
  }
  Object.defineProperty(provider, 'OIDCContext', { value: OIDCContext });
}

/**
 * A `nonce` is OpenID Connect's (Core 3.1.2.1): of a request without `openid` it is a parameter that nobody knows, and ignored (RFC
 * 6749 section 3.1). The library refuses it, though of a request without a scope the app cannot know what it will be.
 */
function ignoreStrayNonce(params: Params): void {
  let current = params['nonce'];
  Object.defineProperty(params, 'nonce', {
    configurable: true,
    enumerable: true,
    get: () =>
      String(params['scope'] ?? '')
        .split(' ')
        .includes('openid')
        ? current
        : undefined,
    set: (value: unknown) => {
      current = value;
    },
  });
}

const isObject = (value: unknown): value is Params =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keeps `resource` canonical from now on: the parameters of a request object are set one by one. */
function makeCanonical(params: Params, resources: Pick<Resources, 'canonical'>): void {
  const canonical = (value: unknown): unknown =>
    typeof value === 'string' ? resources.canonical(value) : value;
  const canonicalOf = (value: unknown): unknown => {
    if (!Array.isArray(value)) return canonical(value);
    // One without a value is absent (RFC 6749 section 3.1), among others too.
    const different = [...new Set(value.filter((one) => one !== '').map(canonical))];
    return different.length < 2 ? different[0] : different;
  };
  let current = canonicalOf(params['resource']);
  Object.defineProperty(params, 'resource', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (value: unknown) => {
      current = canonicalOf(value);
    },
  });
}
