/** Which customer of IB's a domain answers for, as its first sign-in said: kept without an end, sealed as all else. */
import type { PlatformClients } from './contract.ts';
import type { AdapterDeps } from './deps.ts';
import { createOidcAdapter } from './oidc-adapter.ts';

/** As long as clients that registered themselves: for ever. */
const KEPT_SECONDS = 100 * 365 * 86_400;

/** The domains that a store remembers. */
export function createPlatformClients(deps: AdapterDeps): PlatformClients {
  const records = createOidcAdapter(deps)('PlatformClient');
  return {
    async clientidOf(host) {
      const clientid = (await records.find(host))?.['clientid'];
      return typeof clientid === 'string' ? clientid : undefined;
    },
    async remember(host, clientid) {
      await records.upsert(host, { clientid }, KEPT_SECONDS);
    },
  };
}
