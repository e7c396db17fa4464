/** The keys of apps as signatures are checked by them: those from an app's own address (`jwks_uri`) have passed no rule of ours. */
import type Provider from 'oidc-provider';
import { keySizeFault } from '../../config/clients/key-sizes.ts';

type Jwk = Readonly<Record<string, unknown>>;
interface KeyStore {
  selectForVerify(options: unknown): readonly Jwk[];
}
interface ClientClass {
  find(id: string): Promise<{ readonly asymmetricKeyStore: KeyStore } | undefined>;
}

/** Leaves keys out that are too large, wherever they came from. The library has no hook between reading and using them. */
export function installClientKeys(provider: Provider): void {
  const seen = new WeakSet<KeyStore>();
  const client = provider.Client as unknown as ClientClass;
  const find = client.find;
  client.find = async function (this: ClientClass, id) {
    const found = await find.call(this, id);
    const store = found?.asymmetricKeyStore;
    if (store !== undefined && !seen.has(store)) {
      seen.add(store);
      const select = store.selectForVerify;
      store.selectForVerify = function (this: KeyStore, options) {
        return select.call(this, options).filter((jwk) => keySizeFault(jwk) === undefined);
      };
    }
    return found;
  };
}
