import type { IbHostRule } from './hosts.ts';

/*
 * The platforms of a client, judged for the reader of the file. This is not the gate: which hosts are called is decided
 * for every sign-in by adapters/ib/platform-url.ts. Whatever passes there as a host passes here too.
 */

/** A pattern's domain with its leading dot, or the origins that a host may stand for; undefined if it is neither. */
type Written = { readonly below: string } | { readonly origins: readonly URL[] };

function read(platform: string): Written | undefined {
  const text = platform.trim().toLowerCase();
  const isPattern = text.startsWith('*.');
  const host = isPattern ? text.slice(2) : text;
  // A host without a scheme may be an exact http origin of IB_HOSTS as well.
  const schemes = /^https?:\/\//.test(host) ? [''] : ['https://', 'http://'];
  const origins = schemes.map((scheme) => URL.parse(scheme + host)).filter((url) => url !== null);
  if (origins.length === 0 || /[*@\\?#\s]/.test(host) || origins[0]?.pathname !== '/') return undefined;
  if (!isPattern) return { origins };
  return origins[0]?.host === host ? { below: `.${host}` } : undefined;
}

/** A pattern means names on https's own port, a host means itself; narrower patterns are within wider ones. */
function isBelow(domain: string, written: Written): boolean {
  if ('below' in written) return written.below.endsWith(domain);
  return written.origins.some((url) => url.protocol === 'https:' && url.host.endsWith(domain));
}

function isAt(origin: string, written: Written): boolean {
  return 'origins' in written && written.origins.some((url) => url.origin === origin);
}

/** True where `entry`, a host, an origin or a pattern, means `platform` too, however both are spelt. */
export function coversPlatform(entry: string, platform: string): boolean {
  const allowed = read(entry);
  const wanted = read(platform);
  if (allowed === undefined || wanted === undefined) return false;
  return 'below' in allowed
    ? isBelow(allowed.below, wanted)
    : allowed.origins.some(({ origin }) => isAt(origin, wanted));
}

/**
 * What is wrong with a platform of a client, or undefined. Without rules (IB_HOSTS is faulty itself) only its form is
 * judged.
 */
export function platformFault(
  platform: string,
  rules: readonly IbHostRule[] | undefined,
): string | undefined {
  const written = read(platform);
  if (written === undefined) return 'must be a host, as acme.intelligencebank.com, without a path';
  const allowed = rules?.some((rule) => {
    if (rule.kind === 'origin') return isAt(rule.origin, written);
    return rule.pattern.startsWith('*.')
      ? isBelow(rule.pattern.slice(1), written)
      : isAt(`https://${rule.pattern}`, written);
  });
  return allowed === false ? 'is not allowed by IB_HOSTS' : undefined;
}
