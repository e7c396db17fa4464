/** The gate for hosts: what a user, a request or IB's own answer names becomes a typed origin, or is refused. Pure. */
import { domainToASCII } from 'node:url';
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
/** ASCII labels only, no dot at the end: what looks like another letter never passes, nor a second spelling of a name. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Without the flag `u`, so that no letter outside ASCII counts as the other case of one within it. */
const AUTHORITY = /^([a-z0-9.-]+)(?::([0-9]{1,5}))?$/i;

interface Authority {
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string;
  readonly port: string | undefined;
}

/** Scheme, host and port of what was typed; a path, query or fragment after them is dropped. */
function takeApart(text: string): Authority | undefined {
  const match = /^(?:(https?):\/\/)?([^/?#]*)(?:[/?#].*)?$/i.exec(text);
  const [, scheme, authority] = match ?? [];
  const [, name, port] = AUTHORITY.exec(authority ?? '') ?? [];
  const host = name?.toLowerCase();
  if (host === undefined || host.length > LONGEST_HOST || !HOST.test(host)) return undefined;
  if (port !== undefined && Number(port) > 65_535) return undefined;
  const lower = scheme?.toLowerCase();
  return { scheme: lower === 'http' || lower === 'https' ? lower : undefined, host, port };
}

/**
 * What was typed, a host in letters beyond ASCII written out in punycode, as the operator's list has it. No wildcard allows
 * punycode, so only a name that stands in the list passes; what is ASCII under another guise stays what it is, and is refused.
 */
function writtenOut(text: string): string {
  const [, before = '', host = '', after = ''] =
    /^((?:https?:\/\/)?)([^:/?#@%\\\s]+)(.*)$/is.exec(text) ?? [];
  if (/^[\0-\x7f]*$/.test(host)) return text;
  const ascii = domainToASCII(host);
  return ascii.split('.').some((label) => label.startsWith('xn--')) ? before + ascii + after : text;
}

/** Whether the URL parser leaves a host as it is. It reads 0x7f.1, 127.1 or 2130706433 as addresses. */
function isPlain(host: string): boolean {
  return URL.parse(`https://${host}`)?.hostname === host;
}

function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return host === pattern;
  if (!host.endsWith(pattern.slice(1))) return false;
  // Punycode stands for letters that look like others: it passes only where the operator has written it out.
  const labels = host.slice(0, 1 - pattern.length).split('.');
  return labels.every((label) => label !== '' && !label.startsWith('xn--'));
}

/** The exact origin rule that an authority meets. Without a scheme it may meet one of either. */
function byOrigin({ scheme, host, port }: Authority, rules: readonly IbHostRule[]): PlatformUrl | undefined {
  const schemes = scheme === undefined ? (['https', 'http'] as const) : [scheme];
  for (const candidate of schemes) {
    const url = URL.parse(`${candidate}://${host}${port === undefined ? '' : `:${port}`}`);
    const rule = rules.find((entry) => entry.kind === 'origin' && entry.origin === url?.origin);
    if (url !== null && url.hostname === host && rule !== undefined)
      return { origin: url.origin, host: url.host };
  }
  return undefined;
}

/** A host that a pattern allows: https, on its own port, and a name, never an address. */
function byPattern({ scheme, host, port }: Authority, rules: readonly IbHostRule[]): PlatformUrl | undefined {
  if (scheme === 'http' || (port !== undefined && port !== '443') || !isPlain(host)) return undefined;
  const allowed = rules.some((rule) => rule.kind === 'pattern' && matches(rule.pattern, host));
  return allowed ? { origin: `https://${host}`, host } : undefined;
}

/** Single words that begin an address, or are one. */
const NO_NAMES: ReadonlySet<string> = new Set(['localhost', 'http', 'https']);

/** Whether what was typed is a company's name alone. A bare number would rather be an address. */
function isWord({ scheme, host, port }: Authority): boolean {
  const isAlone = scheme === undefined && port === undefined && !host.includes('.');
  return isAlone && !NO_NAMES.has(host) && isPlain(host);
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
  const authority = trimmed.length > LONGEST_TEXT ? undefined : takeApart(writtenOut(trimmed));
  if (authority === undefined) return { ok: false, reason: 'not_a_host' };
  const host = isWord(authority) ? (completed(authority.host, rules) ?? authority.host) : authority.host;
  const platform = byOrigin({ ...authority, host }, rules) ?? byPattern({ ...authority, host }, rules);
  return platform === undefined ? { ok: false, reason: 'not_allowed' } : { ok: true, platform };
}

/**
 * The origin of an API base such as `apiV3url`, if the rules allow it; undefined otherwise. Only the origin counts: one was
 * met with a path, and calls bring their own.
 */
export function parseApiUrl(text: string, rules: readonly IbHostRule[]): string | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const authority = takeApart(text);
  if (authority === undefined) return undefined;
  return (byOrigin(authority, rules) ?? byPattern(authority, rules))?.origin;
}

/** Whether an entry of the list means an origin. */
function means(rule: IbHostRule, origin: string): boolean {
  const { protocol, host } = new URL(origin);
  return rule.kind === 'origin'
    ? rule.origin === origin
    : protocol === 'https:' && matches(rule.pattern, host);
}

/** Whether a customer of IB's may be met at an origin: every entry of the list that means it and is tied names this one. */
export function mayServe(origin: string, clientid: string, rules: readonly IbHostRule[]): boolean {
  return rules.every(
    (rule) => rule.clientid === undefined || rule.clientid === clientid || !means(rule, origin),
  );
}

/**
 * Whether an origin can change hands unnoticed: a name that is not IB's own, and that no entry of the list ties to a
 * customer. Who can write to its DNS could answer for any.
 */
export function isLooseDomain(origin: string, rules: readonly IbHostRule[]): boolean {
  const { hostname } = new URL(origin);
  if (hostname.endsWith('.intelligencebank.com') || /^[\d.]+$/.test(hostname)) return false;
  return !rules.some((rule) => rule.clientid !== undefined && means(rule, origin));
}

/** Whether an origin is one that the rules name exactly: only such may be plain http or a private address. */
export function isExactOrigin(origin: string, rules: readonly IbHostRule[]): boolean {
  return rules.some((rule) => rule.kind === 'origin' && rule.origin === origin);
}
