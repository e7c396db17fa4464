/** The page that asks for consent: who asks, whom, and for what. */
import { fill, type Texts } from '../texts/en.ts';
import { fillHtml, fillNames, type Html, html, safeUrl } from './html.ts';
import { csrf, layout, person } from './layout.ts';
import type { AppView, ConsentModel, PageEnv } from './models.ts';

/** The scopes that have a sentence. */
const SCOPE_TEXTS: Readonly<Record<string, keyof Texts>> = {
  openid: 'scopeOpenid',
  profile: 'scopeProfile',
  email: 'scopeEmail',
  offline_access: 'scopeOffline',
  'ib:api': 'scopeApi',
};

const RAW_SESSION = 'ib:session';

/** Marks what the user has not allowed before; nothing, where nothing has been allowed yet. */
type Mark = (scope: string, at?: string) => Html | false;

function marking({ before }: ConsentModel, texts: Texts): Mark {
  return (scope, at) => {
    if (before === undefined) return false;
    const allowed = at === undefined ? before.scopes : (before.resources.get(at) ?? []);
    return !allowed.includes(scope) && html` <mark>${texts.consentNew}</mark>`;
  };
}

function permission(texts: Texts, scope: string, mark: Html | false): Html {
  const key = SCOPE_TEXTS[scope];
  return html`<li>${key === undefined ? html`<code>${scope}</code>` : texts[key]}${mark}</li>`;
}

/** What is asked for: for the app itself, at each resource, and the raw session, which stands apart. */
function permissions(model: ConsentModel, texts: Texts): Html {
  const mark = marking(model, texts);
  const isAtResource = (scope: string): boolean =>
    SCOPE_TEXTS[scope] === undefined && model.resources.some(({ scopes }) => scopes.includes(scope));
  const own = model.scopes.filter((scope) => scope !== RAW_SESSION && !isAtResource(scope));
  const resources = model.resources.map(
    ({ identifier, name, scopes }) => html`<section class="resource"><h2>${fillHtml(texts.consentAt, {
      resource: html`<bdi>${name ?? identifier}</bdi>`,
    })}</h2>${name !== undefined && html`<p class="hint"><bdi>${identifier}</bdi></p>`}
<ul class="permissions">${scopes
      .filter((scope) => scope !== RAW_SESSION)
      .map((scope) => permission(texts, scope, mark(scope, identifier)))}</ul></section>`,
  );
  return html`${own.length > 0 && html`<ul class="permissions">${own.map((scope) => permission(texts, scope, mark(scope)))}</ul>`}
${resources}
${model.scopes.includes(RAW_SESSION) && html`<p class="warning">${texts.scopeSession}${mark(RAW_SESSION)}</p>`}`;
}

/** An app that no admin has entered: where it comes from, and that nobody here knows more. */
export function unverified({ host }: NonNullable<AppView['unverified']>, { texts, branding }: PageEnv): Html {
  const named = { operator: html`<bdi>${branding.name}</bdi>`, host: html`<bdi>${host}</bdi>` };
  return html`${host !== '' && html`<p class="app-host">${host}</p>`}<p class="warning">${fillHtml(texts.consentUnverified, named)} ${
    host === '' ? texts.consentStarted : fillHtml(texts.consentTrust, named)
  }</p>`;
}

function linksOf(app: AppView, texts: Texts): Html | false {
  const links = (
    [
      [app.clientUri, fillNames(texts.appHome, { app: app.name })],
      [app.policyUri, texts.privacy],
      [app.tosUri, texts.terms],
    ] as const
  ).flatMap(([url, text]) =>
    url === undefined ? [] : [html`<a href="${safeUrl(url)}" rel="noreferrer" target="_blank">${text}</a>`],
  );
  return links.length > 0 && html`<p class="hint links">${links}</p>`;
}

/** May the app have what it asks for? */
export function consentPage(model: ConsentModel, env: PageEnv): Html {
  const { texts } = env;
  const { form, app } = model;
  const named = { app: html`<bdi>${app.name}</bdi>` };
  const notYou = html`<form method="post" action="${form.base}/other">${csrf(form)}<input type="hidden" name="person" value="other"><button class="link">${texts.consentNotYou}</button></form>`;
  const body = html`${model.isAnotherPerson && html`<p class="status" role="status">${texts.consentAnother}</p>`}
${app.logoPath !== undefined && html`<p><img src="${app.logoPath}" alt="" height="48"></p>`}
${app.unverified !== undefined && unverified(app.unverified, env)}
${person(model.personName, model.platformHost, notYou)}
<p>${fillHtml(texts.consentAsks, named)}</p>
${permissions(model, texts)}
${app.host !== '' && html`<p class="hint">${fillHtml(texts.consentReturn, { host: html`<strong>${app.host}</strong>` })}</p>`}
${linksOf(app, texts)}
<form method="post" action="${form.base}/consent" class="choice-row">
${csrf(form)}<input type="hidden" name="account" value="${model.accountId}">
<button name="decision" value="deny">${texts.consentDeny}</button>
<button name="decision" value="allow" class="primary">${texts.consentAllow}</button>
</form>`;
  const heading = fillHtml(texts.consentTitle, named);
  return layout(env, {
    title: fill(texts.consentTitle, { app: app.name }),
    heading,
    body,
    cancel: form,
    details: true,
  });
}
