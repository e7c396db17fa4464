/** The frame of every page. */
import { type Html, html, safeUrl } from './html.ts';
import type { FormTarget, PageEnv, ScriptName } from './models.ts';

/** A whole document. `script` is what it runs. */
export function layout(
  env: PageEnv,
  page: {
    readonly title: string;
    /** In place of the title, with markup in it. */
    readonly heading?: Html;
    readonly body: Html;
    readonly script?: ScriptName;
    /** Whether it shows persons, apps or what they may do. */
    readonly details?: boolean;
    readonly cancel?: FormTarget;
  },
): Html {
  const { texts, branding } = env;
  const links = (
    [
      [branding.supportUrl, texts.support],
      [branding.privacyUrl, texts.privacy],
      [branding.termsUrl, texts.terms],
    ] as const
  ).flatMap(([url, text]) => (url === undefined ? [] : [[url, text] as const]));
  return html`<!doctype html>
<html lang="${env.lang}" dir="${env.dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${page.title} &middot; ${branding.name}</title>
<link rel="stylesheet" href="${env.assetPath('style.css')}">
${page.details === true && html`<link rel="stylesheet" href="${env.assetPath('details.css')}">`}
${branding.stylePath !== undefined && html`<link rel="stylesheet" href="${branding.stylePath}">`}
${page.script !== undefined && html`<script src="${env.assetPath(page.script)}" defer></script>`}
</head>
<body>
<main class="card">
<p class="brand">${branding.logoPath !== undefined && html`<img src="${branding.logoPath}" alt="" height="40">`}${branding.name}</p>
<h1>${page.heading ?? page.title}</h1>
${page.body}
${page.cancel !== undefined && cancelForm(env, page.cancel)}
</main>
<footer>
${links.length > 0 && html`<nav>${links.map(([url, text]) => html`<a href="${safeUrl(url)}">${text}</a>`)}</nav>`}
<small>${texts.reference} ${env.reference}</small>
</footer>
</body>
</html>
`;
}

/** What proves that a form is ours. */
export const csrf = (form: FormTarget): Html => html`<input type="hidden" name="csrf" value="${form.csrf}">`;

/** The way out of an interaction: the app gets `access_denied`. */
function cancelForm(env: PageEnv, form: FormTarget): Html {
  return html`<form method="post" action="${form.base}/cancel" class="quiet">
${csrf(form)}
<button data-cancel class="link">${env.texts.cancel}</button>
</form>`;
}

const CHARACTERS = new Intl.Segmenter();

/** Who is signed in, and where. */
export function person(name: string, host: string, aside?: Html): Html {
  const [first] = CHARACTERS.segment(name.trim());
  const initial = first?.segment.toUpperCase();
  return html`<div class="person"><span class="initial" aria-hidden="true">${initial}</span><p><strong><bdi>${name}</bdi></strong><span class="hint"><bdi>${host}</bdi></span></p>${aside}</div>`;
}
