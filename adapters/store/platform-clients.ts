/** Which customer of IB's a domain answers for, as its first sign-in said: kept without an end, sealed as all else. */
import type { PlatformClients } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { createOidcAdapter, NEVER_SECONDS } from './oidc-adapter.ts';

/** The domains that a store remembers. */
export function createPlatformClients(deps: AdapterDeps): PlatformClients {
  const records = createOidcAdapter(deps)('PlatformClient');
  return {
    async clientidOf(host) {
      const clientid = (await records.find(host))?.['clientid'];
      return typeof clientid === 'string' ? clientid : undefined;
    },
    async remember(host, clientid) {
      await records.upsert(host, { clientid }, NEVER_SECONDS);
    },
  };
}
