/** Pages of a sign-out. */
import { fillNames, type Html, html, safeUrl } from './html.ts';
import { layout, person } from './layout.ts';
import type { PageEnv, SignOutModel, StayedModel } from './models.ts';

function appNames(title: string, names: readonly string[], most: number, env: PageEnv): Html | false {
  const shown = names.slice(0, most);
  return (
    names.length > 0 &&
    html`<h2>${title}</h2><ul>${shown.map((name) => html`<li><bdi>${name}</bdi></li>`)}${names.length > most && html`<li>${env.texts.signOutMore}</li>`}</ul>`
  );
}

/** Sign out? The fields are those the library expects; without `logout` the user stays. */
export function signOutPage(model: SignOutModel, env: PageEnv): Html {
  const { texts } = env;
  const body = html`${model.appName !== undefined && html`<p>${fillNames(texts.signOutApp, { app: model.appName })}</p>`}
<p>${texts.signOutExplain}</p>
${appNames(texts.signOutEnds, model.ending, model.mostNamed, env)}
${appNames(texts.signOutGoesOn, model.goingOn, model.mostNamed, env)}
<form method="post" action="${model.action}" class="choice-row">
<input type="hidden" name="xsrf" value="${model.xsrf}">
<button data-cancel>${texts.signOutNo}</button>
<button name="logout" value="yes" class="primary">${texts.signOutYes}</button>
</form>`;
  return layout(env, { title: texts.signOutTitle, body });
}

/** Signed out: what that means, and where the rest can be seen to; `back` is a link for apps that get no redirect. */
export function signedOutPage(env: PageEnv, back?: { url: string; host: string }): Html {
  const { texts } = env;
  const body = html`<p>${texts.signedOutExplain}</p>
${back !== undefined && html`<p><a href="${safeUrl(back.url)}">${fillNames(texts.stayedBack, { app: back.host })}</a></p>`}
<p class="hint">${texts.signedOutGoesOn} <a href="/account">${texts.accountTitle}</a></p>`;
  return layout(env, { title: texts.signedOutTitle, body });
}

/** Still signed in: nothing was changed. */
export function stayedPage(model: StayedModel, env: PageEnv): Html {
  const { texts } = env;
  const { personName, platformHost, app } = model;
  if (personName === undefined || platformHost === undefined) {
    return layout(env, { title: texts.accountSignedOut, body: html`<p>${texts.signedOutExplain}</p>` });
  }
  const body = html`${person(personName, platformHost)}
<p>${texts.stayedExplain}</p>
${app !== undefined && html`<p><a href="${safeUrl(app.home)}" class="primary">${fillNames(texts.stayedBack, { app: app.name })}</a></p>`}
<p class="hint"><a href="/account">${texts.accountTitle}</a></p>`;
  return layout(env, { title: texts.stayedTitle, body, details: true });
}
