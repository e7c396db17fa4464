/** The account: who is signed in in this browser, and which apps may use what. */
import { fill, type Texts } from '../texts/en.ts';
import { type Html, html, safeUrl } from './html.ts';
import { layout, person } from './layout.ts';
import type { AccountApp, AccountModel, PageEnv } from './models.ts';
import { browserWords, whenWords } from './words.ts';

/** Beyond so many nobody finds an app by looking. */
const MOST_UNSEARCHED = 10;

/** The sign-ins of this browser and the apps that have access, and taking either back. */
export function accountPage(model: AccountModel, env: PageEnv): Html {
  const { texts } = env;
  if (model.accounts.length === 0) {
    const body = html`<p>${texts.accountSignedOut} ${texts.accountHow}</p><a class="second" href="/account">${texts.errorRetry}</a>`;
    return layout(env, { title: texts.accountTitle, body });
  }
  const body = html`${searchForm(model, texts)}${model.accounts.map((account) => accountSection(account, model, env))}
<p><a href="/logout">${texts.accountSignOutAll}</a></p>`;
  return layout(env, { title: texts.accountTitle, body, details: true });
}

function searchForm({ accounts, search }: AccountModel, texts: Texts): Html | false {
  const isLong = accounts.some(({ appCount }) => appCount > MOST_UNSEARCHED);
  return (
    (isLong || search !== '') &&
    html`<form method="get" action="/account" role="search"><label for="q">${texts.accountSearch}</label><input id="q" name="q" type="search" value="${search}" maxlength="100" autocomplete="off"><button>${texts.accountSearchSubmit}</button></form>`
  );
}

interface Target {
  readonly path: string;
  readonly csrf: string;
  readonly account: string;
  readonly app?: string;
}

/** A form that is one button. */
function button({ path, csrf, account, app }: Target, label: string, about: string): Html {
  return html`<form method="post" action="${path}"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="account" value="${account}">${app !== undefined && html`<input type="hidden" name="app" value="${app}">`}<button aria-label="${`${label}: ${about}`}">${label}</button></form>`;
}

function accountSection(account: AccountModel['accounts'][number], model: AccountModel, env: PageEnv): Html {
  const { texts, lang } = env;
  const { csrf, now } = model;
  const target = { csrf, account: account.accountId };
  const when = (seconds: number): string => whenWords(seconds, now, lang);
  const signOut = button(
    { ...target, path: '/account/sign-out' },
    texts.accountSignOut,
    `${account.name}, ${account.host}`,
  );
  const none = model.search === '' ? texts.accountNone : texts.accountNotFound;
  return html`<section class="account" aria-label="${`${account.name}, ${account.host}`}">${person(account.name, account.host)}
<p class="hint">${fill(texts.accountSignedIn, { since: when(account.since), until: when(account.until) })}</p>
${account.apps.length === 0 ? html`<p>${none}</p>` : html`<ul class="apps">${account.apps.map((app) => appLine(app, target, { env, when }))}</ul>`}
${account.appCount > 1 && html`<details><summary>${texts.accountRevokeAll}</summary><p>${texts.accountRevokeAllExplain}</p>${button({ ...target, path: '/account/revoke-all' }, texts.accountRevokeAllYes, account.name)}</details>`}${signOut}</section>`;
}

function appLine(
  { clientId, name, home, createdAt, lastUsedAt, firstFrom }: AccountApp,
  target: Omit<Target, 'path' | 'app'>,
  { env: { texts }, when }: { readonly env: PageEnv; readonly when: (seconds: number) => string },
): Html {
  const own = html`<bdi>${name}</bdi>`;
  const shown = home === undefined ? own : html`<a href="${safeUrl(home)}">${own}</a>`;
  const place = firstFrom && {
    browser: browserWords(firstFrom.browser, texts),
    address: firstFrom.address,
  };
  const placeText = firstFrom?.isHere === true ? texts.accountPlaceHere : texts.accountPlace;
  return html`<li><div><strong>${shown}</strong>
<span class="hint">${fill(texts.accountSince, { since: when(createdAt), used: when(lastUsedAt) })}</span>${place && html`<span class="hint">${fill(placeText, place)}</span>`}</div>
${button({ ...target, path: '/account/revoke', app: clientId }, texts.accountRevoke, name)}</li>`;
}
