/** The pages of a sign-in: platform and waiting. */
import { fill, type Texts } from '../texts/en.ts';
import { fillHtml, fillNames, type Html, html, safeUrl } from './html.ts';
import { csrf, layout } from './layout.ts';
import type { PageEnv, PlatformModel, WaitingModel } from './models.ts';

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
      html`<li><button name="remembered" value="${host}" class="choice"><strong><bdi>${name ?? host}</bdi></strong>${name !== undefined && html`<span><bdi>${host}</bdi></span>`}</button><button name="forget" value="${host}" class="link" aria-label="${fill(texts.platformForget, { host })}">&#10005;</button></li>`,
  );
  const body = html`${model.isSignInGone === true && html`<p class="status" role="status">${texts.stateSignedOutElsewhere}</p>`}${model.isForAnother === true && html`<p class="status" role="status">${texts.platformSamePerson}</p>`}
<p>${fillNames(texts.continueTo, { app: model.app.name })}</p>
<form method="post" action="${form.base}/platform" novalidate>
${csrf(form)}
<label for="platform">${texts.platformLabel}</label>
<input id="platform" dir="ltr" name="platform_url" value="${model.value}" type="text" inputmode="url" autocomplete="url" autocapitalize="none" spellcheck="false" maxlength="512" required autofocus aria-describedby="${describedBy}"${fault !== undefined && html` aria-invalid="true"`}>
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
  // That we keep trying is the script's to say: where none runs, nobody does.
  not_answering: 'faultNotAnswering',
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
  const isTrouble = model.state === 'not_answering';
  return html`data-at="${isTrouble ? 'trouble' : ''}" data-idle="${idle}" data-renewed="${texts.stateRenewed}" data-session-over="${texts.stateSessionOver}" data-older-login="${texts.stateOlderLogin}" data-trouble="${texts.stateNotAnswering}" data-busy="${texts.stateBusy}" data-slow="${texts.stateSlow}" data-done="${texts.stateDone}" data-offline="${texts.stateOffline}"`;
}

/** For whom it takes long: the script shows it when it is time, and so does a page that is opened then. */
function help({ helpInMs }: WaitingModel, texts: Texts): Html {
  return html`<section class="help" data-help="${helpInMs}"${helpInMs > 0 && html` hidden`}><h2>${texts.waitingHelp}</h2><ul><li>${texts.waitingHelpWindow}</li><li>${texts.waitingHelpOther}</li></ul></section>`;
}

/** Waiting for the user to sign in at IB. */
export function waitingPage(model: WaitingModel, env: PageEnv): Html {
  const { texts } = env;
  const { form, loginUrl, platformHost } = model;
  const status = html`<p class="status" role="status" data-status>${texts[STATES[model.state]]}</p>`;
  const open =
    loginUrl === undefined
      ? html`${status}<form method="post" action="${form.base}/restart">${csrf(form)}<button class="primary">${texts.waitingRestart}</button></form>`
      : html`<p>${fillHtml(texts.waitingExplain, { host: html`<strong>${platformHost}</strong>` })} <span data-by-itself hidden>${texts.waitingByItself}</span></p>
<a class="primary" data-ib-login href="${safeUrl(loginUrl)}" target="_blank" rel="noopener">${texts.waitingOpen}</a>
${status}
<p class="hint clock" data-clock><span hidden>${fillHtml(texts.waitingClock, { seconds: html`<span data-seconds></span>` })}</span></p>
${help(model, texts)}
<form method="post" action="${form.base}/continue">${csrf(form)}<p class="hint">${texts.waitingManual}</p><button data-continue>${texts.waitingContinue}</button></form>`;
  const body = html`<p>${fillNames(texts.continueTo, { app: model.app.name })}</p>
<div data-poll="${loginUrl === undefined ? '' : model.pollHandle}" data-interval="${model.intervalSeconds}" ${sayings(model, texts)}>
${open}
</div>
<form method="post" action="${form.base}/other" class="quiet">${csrf(form)}<button class="link">${texts.waitingOther}</button></form>`;
  const script = loginUrl === undefined ? {} : ({ script: 'sign-in.js' } as const);
  return layout(env, { title: texts.waitingTitle, body, ...script, cancel: form });
}
