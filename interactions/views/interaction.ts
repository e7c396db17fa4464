/** The pages of a sign-in: platform, waiting, consent. */
import { fill, type Texts } from '../texts/en.ts';
import { fillHtml, type Html, html, safeUrl } from './html.ts';
import { layout, person } from './layout.ts';
import type { ConsentModel, FormTarget, PageEnv, PlatformModel, WaitingModel } from './models.ts';

const csrf = (form: FormTarget): Html => html`<input type="hidden" name="csrf" value="${form.csrf}">`;

function faultText(texts: Texts, fault: NonNullable<PlatformModel['fault']>): string {
  switch (fault) {
    case 'empty':
      return texts.faultEmpty;
    case 'not_a_host':
      return texts.faultNotAHost;
    case 'not_allowed':
      return texts.faultNotAllowed;
    case 'not_ib':
      return texts.faultNotIb;
    case 'not_answering':
      return texts.faultNotAnswering;
  }
}

/** Which platform? */
export function platformPage(model: PlatformModel, env: PageEnv): Html {
  const { texts } = env;
  const { form, fault } = model;
  const describedBy = fault === undefined ? 'platform-hint' : 'platform-fault platform-hint';
  const recent = model.remembered.map(
    ({ host, name }) =>
      html`<li><button name="remembered" value="${host}" class="choice"><strong>${name ?? host}</strong>${name !== undefined && html`<span>${host}</span>`}</button><button name="forget" value="${host}" class="link" aria-label="${fill(texts.platformForget, { host })}">✕</button></li>`,
  );
  const body = html`${model.isSignInGone === true && html`<p class="status" role="status">${texts.stateSignedOutElsewhere}</p>`}
<p>${fill(texts.continueTo, { app: model.app.name })}</p>
<form method="post" action="${form.base}/platform" novalidate>
${csrf(form)}
<label for="platform">${texts.platformLabel}</label>
<input id="platform" name="platform_url" value="${model.value}" type="text" inputmode="url" autocomplete="url" autocapitalize="none" spellcheck="false" maxlength="512" required autofocus aria-describedby="${describedBy}"${fault !== undefined && html` aria-invalid="true"`}>
${fault !== undefined && html`<p id="platform-fault" class="fault" role="alert">${faultText(texts, fault)}</p>`}
<p id="platform-hint" class="hint">${texts.platformHint}</p>
<button class="primary">${texts.platformSubmit}</button>
</form>
${
  recent.length > 0 &&
  html`<form method="post" action="${form.base}/platform">${csrf(form)}<h2>${texts.platformRecent}</h2><ul class="choices">${recent}</ul></form>`
}`;
  return layout(env, { title: texts.platformTitle, body, cancel: form });
}

const STATES: Readonly<Record<WaitingModel['state'], keyof Texts>> = {
  waiting: 'stateWaiting',
  signed_out_elsewhere: 'stateSignedOutElsewhere',
  not_yet: 'stateNotYet',
  renewed: 'stateRenewed',
  session_over: 'stateSessionOver',
  older_login: 'stateOlderLogin',
  not_answering: 'stateNotAnswering',
  too_old: 'stateTooOld',
  refused: 'stateRefused',
  refused_session_over: 'stateRefusedSessionOver',
  refused_other_client: 'stateRefusedOtherClient',
};

/** States that stay to be read while the page asks. */
const STAYING: ReadonlySet<WaitingModel['state']> = new Set([
  'signed_out_elsewhere',
  'renewed',
  'session_over',
  'older_login',
]);

/** What the script says, by what it learns. */
function sayings(model: WaitingModel, texts: Texts): Html {
  const idle = texts[STATES[STAYING.has(model.state) ? model.state : 'waiting']];
  return html`data-idle="${idle}" data-renewed="${texts.stateRenewed}" data-session-over="${texts.stateSessionOver}" data-older-login="${texts.stateOlderLogin}" data-trouble="${texts.stateNotAnswering}" data-slow="${texts.stateSlow}" data-done="${texts.stateDone}" data-offline="${texts.stateOffline}"`;
}

/** Waiting for the user to sign in at IB. */
export function waitingPage(model: WaitingModel, env: PageEnv): Html {
  const { texts } = env;
  const { form, loginUrl, platformHost } = model;
  const status = html`<p class="status" role="status" data-status>${texts[STATES[model.state]]}</p>`;
  const open =
    loginUrl === undefined
      ? html`${status}<form method="post" action="${form.base}/restart">${csrf(form)}<button class="primary">${texts.waitingRestart}</button></form>`
      : html`<p>${fillHtml(texts.waitingExplain, { host: html`<strong>${platformHost}</strong>` })}</p>
<a class="primary" data-ib-login href="${safeUrl(loginUrl)}" target="_blank" rel="noopener">${texts.waitingOpen}</a>
${status}
<form method="post" action="${form.base}/continue">${csrf(form)}<p class="hint">${texts.waitingManual}</p><button data-continue>${texts.waitingContinue}</button></form>`;
  const body = html`<p>${fill(texts.continueTo, { app: model.app.name })}</p>
<div data-poll="${loginUrl === undefined ? '' : model.pollHandle}" data-interval="${model.intervalSeconds}" ${sayings(model, texts)}>
${open}
</div>
<form method="post" action="${form.base}/other" class="quiet">${csrf(form)}<button class="link">${texts.waitingOther}</button></form>`;
  return layout(env, { title: texts.waitingTitle, body, script: loginUrl !== undefined, cancel: form });
}

const SCOPE_TEXTS: Readonly<Record<string, keyof Texts>> = {
  openid: 'scopeOpenid',
  profile: 'scopeProfile',
  email: 'scopeEmail',
  offline_access: 'scopeOffline',
  'ib:api': 'scopeApi',
};

function permission(texts: Texts, scope: string, at?: string): Html {
  const key = SCOPE_TEXTS[scope];
  const sentence = key === undefined ? fill(texts.scopeOther, { scope }) : texts[key];
  return html`<li>${sentence}${at !== undefined && html` <span>${fill(texts.scopeAt, { resource: at })}</span>`}</li>`;
}

/** May the app have what it asks for? */
export function consentPage(model: ConsentModel, env: PageEnv): Html {
  const { texts } = env;
  const { form, app } = model;
  const plain = model.scopes.filter((scope) => scope !== 'ib:session');
  const atResources = model.resources.flatMap(({ identifier, scopes }) =>
    scopes.filter((scope) => !plain.includes(scope)).map((scope) => permission(texts, scope, identifier)),
  );
  const links = (
    [
      [app.clientUri, fill(texts.appHome, { app: app.name })],
      [app.policyUri, texts.privacy],
      [app.tosUri, texts.terms],
    ] as const
  ).flatMap(([url, text]) =>
    url === undefined ? [] : [html`<a href="${safeUrl(url)}" rel="noreferrer" target="_blank">${text}</a>`],
  );
  const notYou = html`<form method="post" action="${form.base}/other">${csrf(form)}<button class="link">${texts.consentNotYou}</button></form>`;
  const body = html`${model.isAnotherPerson && html`<p class="status" role="status">${texts.consentAnother}</p>`}
${app.logoPath !== undefined && html`<p><img src="${app.logoPath}" alt="" height="48"></p>`}
${app.unverified !== undefined && html`<p class="app-host">${app.unverified.host}</p><p class="warning">${fill(texts.consentUnverified, { host: app.unverified.host })}</p>`}
${person(model.personName, model.platformHost, notYou)}
<p>${fill(texts.consentAsks, { app: app.name })}</p>
<ul class="permissions">${plain.map((scope) => permission(texts, scope))}${atResources}</ul>
${model.scopes.includes('ib:session') && html`<p class="warning">${texts.scopeSession}</p>`}
${app.host !== '' && html`<p class="hint">${fillHtml(texts.consentReturn, { host: html`<strong>${app.host}</strong>` })}</p>`}
${links.length > 0 && html`<p class="hint links">${links}</p>`}
<form method="post" action="${form.base}/consent" class="choice-row">
${csrf(form)}<input type="hidden" name="account" value="${model.accountId}">
<button name="decision" value="deny">${texts.consentDeny}</button>
<button name="decision" value="allow" class="primary">${texts.consentAllow}</button>
</form>`;
  return layout(env, { title: fill(texts.consentTitle, { app: app.name }), body, cancel: form });
}
