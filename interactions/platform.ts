/** Which platform a sign-in is for: the request's wish, the app's settings, the operator's list. Pure. */
import type { ParsedPlatform, PlatformUrl } from '../adapters/ib/platform-url.ts';

/** The operator's list of hosts, behind two questions. */
export interface PlatformRules {
  /** What a user or a request names, checked against the list. */
  parse(text: string): ParsedPlatform;
  /** Whether it has to be remembered which customer of IB's answers there: a domain of somebody's own, tied to none. */
  isLoose(origin: string): boolean;
}

/** The settings of an app that say which platforms its users may sign in to. */
export interface PlatformSettings {
  readonly platforms?: readonly string[];
  readonly defaultPlatform?: string;
}

/** What a request says about the platform. */
export type WantedPlatform =
  | { readonly kind: 'any' }
  | { readonly kind: 'named'; readonly platform: PlatformUrl }
  /** Named, but no platform we would talk to: shown to the user, never replaced by another in silence. */
  | { readonly kind: 'refused'; readonly text: string; readonly reason: 'not_a_host' | 'not_allowed' };

/** Whether an app's users may sign in to a platform. No list: to every one the operator allows. */
function appAllows(platform: PlatformUrl, settings: PlatformSettings, rules: PlatformRules): boolean {
  if (settings.platforms === undefined) return true;
  return settings.platforms.some((entry) => {
    if (entry.startsWith('*.')) return platform.host.endsWith(entry.slice(1));
    const parsed = rules.parse(entry);
    return parsed.ok && parsed.platform.origin === platform.origin;
  });
}

/** Longer than an address with what is copied along: nothing is looked for in it. */
const LONGEST_COPIED = 1024;
/** What cannot be seen, and comes along when an address is copied from a mail or a page. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
/** What stands around an address in a sentence: quotes of all kinds, brackets, the sentence's own end. */
const AROUND =
  /^[\s"'\u2018-\u201e\xab\xbb\u2039\u203a<(]+|[\s"'\u2018-\u201e\xab\xbb\u2039\u203a>).,;!?]+$/gu;

/** An address as its writer meant it, by the operator's list: to the letter, else without what it brings along when it is copied. */
function asMeant(text: string, rules: PlatformRules): ParsedPlatform {
  const exact = rules.parse(text);
  if (exact.ok || text.length > LONGEST_COPIED) return exact;
  return rules.parse(text.replace(UNSEEN, '').replace(AROUND, ''));
}

/** Reads what somebody typed or a request named, against the operator's and the app's list. */
export function parseFor(text: string, settings: PlatformSettings, rules: PlatformRules): ParsedPlatform {
  const parsed = asMeant(text, rules);
  if (parsed.ok && !appAllows(parsed.platform, settings, rules)) return { ok: false, reason: 'not_allowed' };
  return parsed;
}

/**
 * The platform a request wants: `platform_url`, else a `login_hint` that names one, else the app's `default_platform`,
 * else its only platform.
 */
export function wantedPlatform(
  params: Readonly<Record<string, unknown>>,
  settings: PlatformSettings,
  rules: PlatformRules,
): WantedPlatform {
  const explicit = params['platform_url'];
  if (typeof explicit === 'string' && explicit.trim() !== '') {
    const parsed = parseFor(explicit, settings, rules);
    if (parsed.ok) return { kind: 'named', platform: parsed.platform };
    return {
      kind: 'refused',
      text: explicit,
      reason: parsed.reason === 'empty' ? 'not_a_host' : parsed.reason,
    };
  }
  const [only, ...others] = settings.platforms ?? [];
  const candidates = [
    hostIn(params['login_hint']),
    settings.defaultPlatform,
    others.length === 0 ? only : undefined,
  ];
  for (const candidate of candidates) {
    if (typeof candidate !== 'string') continue;
    const parsed = parseFor(candidate, settings, rules);
    if (parsed.ok) return { kind: 'named', platform: parsed.platform };
  }
  return { kind: 'any' };
}

/** A `login_hint` that can name a platform: a bare word may be anybody's user name. */
function hostIn(hint: unknown): string | undefined {
  return typeof hint === 'string' && /[.:]/.test(hint) ? hint : undefined;
}

/** Whether a sign-in on a platform serves a request that wants another, or any. */
export function acceptsPlatform(
  origin: string,
  wanted: WantedPlatform,
  settings: PlatformSettings,
  rules: PlatformRules,
): boolean {
  if (wanted.kind === 'refused') return false;
  if (wanted.kind === 'named') return wanted.platform.origin === origin;
  const parsed = rules.parse(origin);
  return parsed.ok && appAllows(parsed.platform, settings, rules);
}
