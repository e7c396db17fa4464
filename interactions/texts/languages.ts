/** Which language a page is in: what the app asks for, then what the browser prefers, then English. Pure. */
import { de } from './de.ts';
import { en, type Texts } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { he } from './he.ts';
import { ja } from './ja.ts';

const LANGUAGES = { en, de, fr, es, ja, he } as const satisfies Record<string, Texts>;

export type Language = keyof typeof LANGUAGES;

/** The words of a language. */
export function textsOf(language: Language): Texts {
  return LANGUAGES[language];
}

/** The languages there are. */
export const LANGUAGE_TAGS: readonly Language[] = ['en', 'de', 'fr', 'es', 'ja', 'he'];

const RIGHT_TO_LEFT: ReadonlySet<Language> = new Set(['he']);

/** Where a language's lines begin. */
export function directionOf(language: Language): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.has(language) ? 'rtl' : 'ltr';
}

function known(tag: string): Language | undefined {
  const [primary = ''] = tag.trim().toLowerCase().split('-');
  // As Hebrew was called before ISO 639 of 1989; some browsers still say so.
  const tagged = primary === 'iw' ? 'he' : primary;
  return LANGUAGE_TAGS.find((language) => language === tagged);
}

/** Tags of an `Accept-Language` header by preference (RFC 9110 section 12.5.4). */
function accepted(header: string): string[] {
  return header
    .split(',')
    .slice(0, 20)
    .map((entry) => {
      const [tag = '', ...parameters] = entry.split(';').map((part) => part.trim());
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

/** Chooses by `ui_locales` (OpenID Core section 3.1.2.1), then `Accept-Language`. */
export function chooseLanguage(wishes: {
  readonly uiLocales?: string;
  readonly acceptLanguage?: string;
}): Language {
  const tags = [...(wishes.uiLocales ?? '').split(' '), ...accepted(wishes.acceptLanguage ?? '')];
  for (const tag of tags) {
    const language = known(tag);
    if (language !== undefined) return language;
  }
  return 'en';
}
