/** Times and browsers in words that a person knows. Pure. */
import { fill, type Texts } from '../texts/en.ts';

/** From so many seconds on a unit says enough. The reader's calendar is not known here: 30 hours are neither one day nor two. */
const UNITS = [
  ['day', 86_400, 2 * 86_400],
  ['hour', 3600, 3600],
  ['minute', 60, 60],
] as const;
/** Of what is further away the date says more. */
const MOST_DAYS = 30;

/** A moment as seen from now, both in unix seconds: "3 hours ago", "in 5 minutes", "now", or its date. */
export function whenWords(at: number, now: number, lang: string): string {
  const seconds = at - now;
  if (Math.abs(seconds) > MOST_DAYS * 86_400) {
    return new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(at * 1000));
  }
  // By numbers: "yesterday" is a day of the reader's calendar.
  const words = new Intl.RelativeTimeFormat(lang);
  for (const [unit, length, from] of UNITS) {
    if (Math.abs(seconds) >= from) return words.format(Math.trunc(seconds / length), unit);
  }
  return new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(0, 'second');
}

/** In this order: most browsers name others too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?(?:iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/(?:Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bLinux\b/, 'Linux'],
];

const found = (names: readonly (readonly [RegExp, string])[], text: string): string | undefined =>
  names.find(([pattern]) => pattern.test(text))?.[1];

/** What a `User-Agent` says: "Firefox on Windows". */
export function browserWords(userAgent: string, texts: Texts): string {
  const browser = found(BROWSERS, userAgent);
  const system = found(SYSTEMS, userAgent);
  if (browser === undefined) return system ?? texts.accountBrowserUnknown;
  return system === undefined ? browser : fill(texts.accountBrowser, { browser, system });
}
