/** `IB_HOSTS`: which hosts are IntelligenceBank's. */

/**
 * One entry of the list. A pattern is a host, `dam.acme.com`, or a domain with one or more leading labels,
 * `*.intelligencebank.com`; both mean https on port 443. An origin is taken to the letter, and is the only way to
 * allow plain http, another port or a private address.
 */
export type IbHostRule =
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'origin'; readonly origin: string };

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const PATTERN = new RegExp(`^(?:\\*\\.)?(?:${LABEL}\\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`);

function parseEntry(entry: string): IbHostRule | string {
  if (!entry.includes('://')) {
    const pattern = entry.toLowerCase();
    return PATTERN.test(pattern)
      ? { kind: 'pattern', pattern }
      : `"${entry}" must be a host, *.domain, or an origin with its scheme`;
  }
  const url = URL.parse(entry);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return `"${entry}" must be an http or https origin`;
  }
  if (url.origin !== entry.toLowerCase().replace(/\/$/, '')) {
    return `"${entry}" must be an origin only: scheme, host and port, such as ${url.origin}`;
  }
  if (url.hostname.includes('*')) return `"${entry}" must stand without a scheme, as ${url.hostname}`;
  // Nobody could sign in there: the gate for hosts takes no address in brackets, whatever it stands for.
  if (url.hostname.startsWith('[')) return `"${entry}" must be a name or an IPv4 address, not IPv6`;
  return { kind: 'origin', origin: url.origin };
}

/** Reads the comma-separated list; all faults at once. */
export function parseIbHosts(
  text: string,
): { readonly rules: readonly IbHostRule[] } | { readonly faults: string[] } {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) return { faults: ['must name at least one host'] };
  const parsed = entries.map(parseEntry);
  const faults = parsed.filter((entry) => typeof entry === 'string');
  if (faults.length > 0) return { faults };
  return { rules: parsed.filter((entry) => typeof entry !== 'string') };
}
