/** What `check` asks of apps' own addresses: whether the server could call them, by the rules it calls them by. */
import { createGuardedAgent, createGuardedFetch } from '../../adapters/ib/http-agent.ts';
import { isAtAppHost } from '../../config/app-hosts.ts';
import type { Config } from '../../config/types.ts';

const TIMEOUT_MS = 5000;
const AT_ONCE = 8;

/** An address of an app, and what was found there: undefined where all is well. */
export interface Reached {
  readonly clientId: string;
  readonly field: 'jwks_uri' | 'backchannel_logout_uri';
  readonly url: string;
  readonly fault: string | undefined;
}

type Asked = Omit<Reached, 'fault'>;

/** Asks each `jwks_uri` for its keys, and whether anybody answers at each `backchannel_logout_uri`: nobody is signed out. */
export async function reachApps({
  clients,
  appHosts,
}: Pick<Config, 'clients' | 'appHosts'>): Promise<readonly Reached[]> {
  const mayBePrivate = (url: URL): boolean => isAtAppHost(url, appHosts, { anyPort: true });
  const agent = createGuardedAgent({ rules: [], mayBePrivate });
  const fetch = createGuardedFetch({ agent });
  const waiting: Asked[] = clients.flatMap(({ metadata }) =>
    (['jwks_uri', 'backchannel_logout_uri'] as const).flatMap((field) => {
      const url = metadata[field];
      return typeof url === 'string' ? [{ clientId: metadata.client_id, field, url }] : [];
    }),
  );
  const reached: Reached[] = [];
  async function work(): Promise<void> {
    for (let asked = waiting.shift(); asked !== undefined; asked = waiting.shift())
      reached.push({ ...asked, fault: await faultAt(fetch, asked) });
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await agent.destroy();
  }
  return reached.sort((a, b) => `${a.clientId} ${a.field}`.localeCompare(`${b.clientId} ${b.field}`));
}

async function faultAt(fetch: typeof globalThis.fetch, { field, url }: Asked): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      method: field === 'jwks_uri' ? 'GET' : 'HEAD',
      redirect: 'manual',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.status >= 500) return `answers ${answer.status}`;
    if (field === 'backchannel_logout_uri') return undefined;
    if (answer.status !== 200) return `answers ${answer.status}`;
    const { keys } = (await answer.json()) as { keys?: unknown };
    return Array.isArray(keys) && keys.length > 0 ? undefined : 'holds no keys';
  } catch (error) {
    return wordsOf(error);
  }
}

/** What an operator can do something with. */
const HINTS: Readonly<Record<string, string>> = {
  AddressRefusedError: 'its address is not public: name the host in APP_HOSTS if it is your own',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name cannot be looked up: DNS',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection is cut: a firewall or proxy in between?',
  TimeoutError: 'does not answer within five seconds: a firewall in between?',
  UND_ERR_CONNECT_TIMEOUT: 'does not answer: a firewall in between?',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is its own: NODE_EXTRA_CA_CERTS names who you trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is of nobody known: NODE_EXTRA_CA_CERTS names who you trust',
  SyntaxError: 'is no JSON',
};

function wordsOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code = '' } = at as { code?: string };
    const words = HINTS[code] ?? HINTS[at.name];
    if (words !== undefined) return words;
  }
  return 'is not reached';
}
