/** What a user can do on a page. */
import { type Browser, decodeEntities, type Form, formsOf, type Page } from '../support/browser.ts';

/** Something on a page that a user can do. */
export interface Control {
  readonly name: string;
  readonly isCancel: boolean;
  readonly press: (browser: Browser, page: Page) => Promise<Page>;
}

/** The attributes of a tag. */
export const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : decodeEntities(found);
};

function formControls(page: Page, form: Form, markup: string): Control[] {
  return [...markup.matchAll(/<button[^>]*>/g)].map(([button]) => {
    const name = attribute(button, 'name');
    const value = attribute(button, 'value') ?? '';
    return {
      name: `${new URL(form.action, page.url).pathname.replace(/interaction\/[^/]+/, '…')} ${name ?? ''}=${value}`,
      isCancel: button.includes('data-cancel'),
      press: (browser, shown) => browser.submit(shown, form, name === undefined ? {} : { [name]: value }),
    };
  });
}

/** Every button, and every link that stays here or leads to the app. */
export function controlsOf(page: Page): Control[] {
  const forms = formsOf(page);
  const markups = [...page.body.matchAll(/<form[\s\S]*?<\/form>/g)].map(([markup]) => markup);
  const buttons = forms.flatMap((form, at) => formControls(page, form, markups[at] ?? ''));
  const links = [...page.body.matchAll(/<a [^>]*href="[^"]*"[^>]*>/g)].flatMap(([tag]) => {
    const href = new URL(attribute(tag, 'href') ?? '', page.url);
    if (tag.includes('data-ib-login')) return [];
    return [
      {
        name: href.pathname,
        isCancel: tag.includes('data-cancel'),
        press: async (browser: Browser, shown: Page): Promise<Page> =>
          href.origin === page.url.origin ? browser.open(href) : { ...shown, url: href },
      },
    ];
  });
  return [...buttons, ...links];
}
