/** `IB_HOSTS`: which hosts are IntelligenceBank's. */

/**
 * One entry of the list. A pattern is a host, `dam.acme.com`, or a domain with one or more leading labels,
 * `*.intelligencebank.com`; both mean https on port 443. An origin is taken to the letter, and is the only way to
 * allow plain http, another port or a private address. `clientid` ties the entry to one customer of IB's, its case
 * included: `dam.acme.com=6M0B`.
 */
export type IbHostRule = (
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'origin'; readonly origin: string }
) & { readonly clientid?: string };

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const PATTERN = new RegExp(`^(?:\\*\\.)?(?:${LABEL}\\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`);

/** What follows the last `=`, which no host holds. */
const TIE = /^(.*?)\s*=\s*([A-Za-z0-9_-]{1,64})$/s;

function parseEntry(entry: string): IbHostRule | string {
  const [, host = entry, clientid] = TIE.exec(entry) ?? [];
  const rule = parseHost(host);
  return typeof rule === 'string' || clientid === undefined ? rule : { ...rule, clientid };
}

function parseHost(entry: string): IbHostRule | string {
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
  const rules = parsed.filter((entry) => typeof entry !== 'string');
  const faults = [...parsed.filter((entry) => typeof entry === 'string'), ...contradictions(rules)];
  return faults.length > 0 ? { faults } : { rules };
}

const hostOf = (rule: IbHostRule): string => (rule.kind === 'origin' ? rule.origin : rule.pattern);

/** A host that is tied to two customers: no answer of it could be right. */
function contradictions(rules: readonly IbHostRule[]): string[] {
  const tied = rules.filter(({ clientid }) => clientid !== undefined);
  return [...Map.groupBy(tied, hostOf)]
    .filter(([, ties]) => new Set(ties.map(({ clientid }) => clientid)).size > 1)
    .map(([host]) => `"${host}" is tied to two clientids; keep one`);
}
