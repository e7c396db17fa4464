/** Markup that is safe by construction: whatever is put into a template is text, unless it is markup made here. */

/** Markup made by `html`; nothing else is taken for markup. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text as it may stand between tags and in quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => ESCAPES[character] ?? character);
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeHtml(String(value));
}

/** A template of markup. Attribute values must be quoted in it. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.map((part, at) => part + render(values[at])).join(''));
}

/** A text of the pages with markup in place of its `{names}`; the rest of it is text. */
export function fillHtml(text: string, names: Readonly<Record<string, Html>>): Html {
  return html`${text.split(/(\{\w+\})/).map((part) => names[part.slice(1, -1)] ?? part)}`;
}

/** A text of the pages with names that others give in it, which keep their own direction. */
export function fillNames(text: string, names: Readonly<Record<string, string>>): Html {
  return fillHtml(
    text,
    Object.fromEntries(Object.entries(names).map(([name, value]) => [name, html`<bdi>${value}</bdi>`])),
  );
}

/** A link target: https, http, mailto or a path of ours; anything else becomes `#`. */
export function safeUrl(url: string): string {
  if (/^\/(?!\/)/.test(url)) return url;
  const protocol = URL.parse(url)?.protocol;
  return protocol === 'https:' || protocol === 'http:' || protocol === 'mailto:' ? url : '#';
}
