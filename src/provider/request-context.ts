/**
 * What every request of the library is read through: one canonical form of `resource`, whether it came in a query, a
 * form, a pushed request or a signed request object, and what `offline_access` implies. The library has no hook that
 * sees them all before they are used, so its context's class is replaced on the provider instance.
 */
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Resources } from './resources.ts';

type Params = Record<string, unknown>;

/** The part of the library's context that is built upon. It sets `params` itself, on each instance. */
interface BaseContext {
  readonly entities: KoaContextWithOIDC['oidc']['entities'];
  readonly prompts: Set<string>;
}
type ContextClass = new (ctx: unknown) => BaseContext;

/** Gives a provider the contexts described above. */
export function installRequestContext(provider: Provider, resources: Pick<Resources, 'canonical'>): void {
  const Base = (provider as unknown as { OIDCContext: ContextClass }).OIDCContext;
  class OIDCContext extends Base {
    #params: Params | undefined;

    get params(): Params | undefined {
      return this.#params;
    }

    set params(params: Params | undefined) {
      this.#params = params;
      if (params !== undefined && 'resource' in params) makeCanonical(params, resources);
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

/** Keeps `resource` canonical from now on: the parameters of a request object are set one by one. */
function makeCanonical(params: Params, resources: Pick<Resources, 'canonical'>): void {
  const canonical = (value: unknown): unknown =>
    typeof value === 'string' ? resources.canonical(value) : value;
  const canonicalOf = (value: unknown): unknown => {
    if (!Array.isArray(value)) return canonical(value);
    const different = [...new Set(value.map(canonical))];
    return different.length === 1 ? different[0] : different;
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
