/** The gate for hosts: what a user, a request or IB's own answer names becomes a typed origin, or is refused. Pure. */
import type { IbHostRule } from '../../config/hosts.ts';

/** A platform that the operator allows. `host` holds the port where there is one. */
export interface PlatformUrl {
  readonly origin: string;
  readonly host: string;
}

export type ParsedPlatform =
  | { readonly ok: true; readonly platform: PlatformUrl }
  | { readonly ok: false; readonly reason: 'empty' | 'not_a_host' | 'not_allowed' };

const LONGEST_TEXT = 512;
const LONGEST_HOST = 253;
/** ASCII labels only: what looks like another letter never passes. `xn--` labels are refused below. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** A company's name alone; a bare number would rather be an address. */
const WORD = /^[a-z][a-z0-9-]*$/i;
const AUTHORITY = /^([a-z0-9.-]+)(?::([0-9]{1,5}))?$/;

interface Authority {
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string;
  readonly port: string | undefined;
}

/** Scheme, host and port of what was typed; a path, query or fragment after them is dropped. */
function takeApart(text: string): Authority | undefined {
  const match = /^(?:(https?):\/\/)?([^/?#]*)(?:[/?#].*)?$/i.exec(text);
  const [, scheme, authority] = match ?? [];
  const [, host, port] = AUTHORITY.exec((authority ?? '').toLowerCase()) ?? [];
  if (host === undefined || host.length > LONGEST_HOST || !HOST.test(host)) return undefined;
  // Punycode stands for letters that look like others; no platform of IB's has such a name.
  if (host.split('.').some((label) => label.startsWith('xn--'))) return undefined;
  if (port !== undefined && Number(port) > 65_535) return undefined;
  const lower = scheme?.toLowerCase();
  return { scheme: lower === 'http' || lower === 'https' ? lower : undefined, host, port };
}

function matches(pattern: string, host: string): boolean {
  return pattern.startsWith('*.')
    ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
    : host === pattern;
}

/** The exact origin rule that an authority meets. Without a scheme it may meet one of either. */
function byOrigin({ scheme, host, port }: Authority, rules: readonly IbHostRule[]): PlatformUrl | undefined {
  const schemes = scheme === undefined ? (['https', 'http'] as const) : [scheme];
  for (const candidate of schemes) {
    const url = URL.parse(`${candidate}://${host}${port === undefined ? '' : `:${port}`}`);
    const rule = rules.find((entry) => entry.kind === 'origin' && entry.origin === url?.origin);
    if (url !== null && rule !== undefined) return { origin: url.origin, host: url.host };
  }
  return undefined;
}

/** A host that a pattern allows: https, on its own port, and a name, never an address. */
function byPattern({ scheme, host, port }: Authority, rules: readonly IbHostRule[]): PlatformUrl | undefined {
  if (scheme === 'http' || (port !== undefined && port !== '443')) return undefined;
  // The URL parser reads 0x7f.1 and the like as addresses; what it changes is no plain name.
  if (URL.parse(`https://${host}`)?.hostname !== host) return undefined;
  const allowed = rules.some((rule) => rule.kind === 'pattern' && matches(rule.pattern, host));
  return allowed ? { origin: `https://${host}`, host } : undefined;
}

/** The domain that a bare word stands under, where exactly one `*.domain` pattern leaves no doubt. */
function completed(word: string, rules: readonly IbHostRule[]): string | undefined {
  const domains = rules.filter((rule) => rule.kind === 'pattern' && rule.pattern.startsWith('*.'));
  const [only, ...others] = domains;
  return only?.kind === 'pattern' && others.length === 0 ? `${word}${only.pattern.slice(1)}` : undefined;
}

/**
 * Reads a platform as people write it: with or without scheme, trailing slash, capitals, a path, or as one word.
 * Anything that is not plainly a host that the rules allow is refused; nothing is ever resolved or sent here.
 */
export function parsePlatform(text: string, rules: readonly IbHostRule[]): ParsedPlatform {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, reason: 'empty' };
  const authority = trimmed.length > LONGEST_TEXT ? undefined : takeApart(trimmed);
  if (authority === undefined) return { ok: false, reason: 'not_a_host' };
  const isWord = WORD.test(trimmed) && authority.host !== 'localhost';
  const host = isWord ? (completed(authority.host, rules) ?? authority.host) : authority.host;
  const platform = byOrigin({ ...authority, host }, rules) ?? byPattern({ ...authority, host }, rules);
  return platform === undefined ? { ok: false, reason: 'not_allowed' } : { ok: true, platform };
}

/** The origin of an API base such as `apiV3url`, if the rules allow it; undefined otherwise. No path may follow it. */
export function parseApiUrl(text: string, rules: readonly IbHostRule[]): string | undefined {
  if (text.length > LONGEST_TEXT || !/^(?:https?:\/\/)?[^/?#]*\/?$/i.test(text)) return undefined;
  const authority = takeApart(text);
  if (authority === undefined) return undefined;
  return (byOrigin(authority, rules) ?? byPattern(authority, rules))?.origin;
}

/** Whether an origin is one that the rules name exactly: only such may be plain http or a private address. */
export function isExactOrigin(origin: string, rules: readonly IbHostRule[]): boolean {
  return rules.some((rule) => rule.kind === 'origin' && rule.origin === origin);
}
