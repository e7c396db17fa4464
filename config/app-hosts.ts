/** Hosts of apps by name: `APP_HOSTS`, and `CLIENT_ID_METADATA_HOSTS`, which may say `*`. */

/** `apps.acme.com`, `*.acme.com`, with or without a port; an origin, to the letter; or any host. */
export type AppHostRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'host'; readonly host: string; readonly port: string }
  | { readonly kind: 'origin'; readonly origin: string };

function parseEntry(entry: string): AppHostRule | undefined {
  if (entry === '*') return { kind: 'any' };
  const hasScheme = entry.includes('://');
  const isBelow = !hasScheme && entry.startsWith('*.');
  const url = URL.parse(hasScheme ? entry : `https://${isBelow ? entry.slice(2) : entry}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname.includes('*')) return undefined;
  // What is more than a host and a port, and what `URL` would have to repair, is a mistake.
  const bare = hasScheme ? url.origin : url.host;
  const written = entry.toLowerCase().replace(/^\*\./, '').replace(/\/$/, '').replace(/:443$/, '');
  if (bare !== written) return undefined;
  if (hasScheme) return { kind: 'origin', origin: url.origin };
  return { kind: 'host', host: isBelow ? `.${url.hostname}` : url.hostname, port: url.port };
}

/** Reads the comma-separated list; all faults at once. `any` allows `*`. */
export function parseAppHosts(
  text: string,
  { any }: { readonly any: boolean },
): { readonly rules: readonly AppHostRule[] } | { readonly faults: string[] } {
  const faults: string[] = [];
  const rules = text.split(',').flatMap((part) => {
    const entry = part.trim();
    if (entry === '') return [];
    const rule = parseEntry(entry);
    if (rule !== undefined && (any || rule.kind !== 'any')) return [rule];
    faults.push(`"${entry}" must be a host, host:port, *.domain or an origin${any ? ', or * for all' : ''}`);
    return [];
  });
  return faults.length > 0 ? { faults } : { rules };
}

/** Whether an address is at one of the hosts. A host without a port means https's own, or any where `anyPort` says so. */
export function isAtAppHost(
  url: URL,
  rules: readonly AppHostRule[],
  { anyPort }: { readonly anyPort: boolean },
): boolean {
  return rules.some((rule) => {
    if (rule.kind === 'any') return anyPort || url.port === '';
    if (rule.kind === 'origin') return url.origin === rule.origin;
    const { host, port } = rule;
    const isHost = host.startsWith('.') ? url.hostname.endsWith(host) : url.hostname === host;
    return isHost && (port === '' ? anyPort || url.port === '' : url.port === port);
  });
}
