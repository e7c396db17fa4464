/** Pages beside the sign-in: errors and devices. */
import { unverified } from './consent.ts';
import { fillNames, type Html, html, safeUrl } from './html.ts';
import { layout } from './layout.ts';
import type { DeviceCodeModel, DeviceConfirmModel, ErrorModel, GoOnModel, PageEnv } from './models.ts';

const ERRORS = {
  lost: 'errorLost',
  cookies: 'errorCookies',
  device: 'errorDeviceOver',
  forged: 'errorForged',
  client: 'errorClient',
  redirect: 'errorRedirect',
  document: 'errorDocument',
  resource: 'errorResource',
  missing: 'errorMissing',
  limited: 'errorLimited',
  busy: 'errorBusy',
  server: 'errorServer',
  request: 'errorRequest',
} as const;

/** What went wrong and what to do now. */
export function errorPage(model: ErrorModel, env: PageEnv): Html {
  const { texts } = env;
  const { app, way } = model;
  const sentence = model.isRetrying === true ? texts.errorRetrying : texts[ERRORS[model.kind]];
  const body = html`<p role="alert">${fillNames(sentence, model.names ?? {})}</p>
${model.toCopy !== undefined && html`<pre>${model.toCopy}</pre>`}
${app !== undefined && html`<a class="primary" href="${safeUrl(app.home)}">${fillNames(texts.stayedBack, { app: app.name })}</a>`}
${way !== undefined && html`<a class="${app === undefined && way.text !== 'accountTitle' ? 'primary' : 'second'}" href="${safeUrl(way.path)}">${texts[way.text]}</a>`}
${model.backUrl !== undefined && html`<p><a data-cancel href="${model.backUrl}">${texts.errorBack}</a></p>`}
${model.error !== undefined && html`<p class="hint"><span dir="ltr" lang="en"><code>${model.error}</code> ${model.description}</span></p>`}`;
  // Who comes back to a device's step may have connected it.
  const title = model.kind === 'device' ? texts.deviceTitle : texts.errorTitle;
  return layout(env, { title, body, ...(model.cancel && { cancel: model.cancel }) });
}

/** Which device? */
export function deviceCodePage(model: DeviceCodeModel, env: PageEnv): Html {
  const { texts } = env;
  const isGoingOn = model.isGoingOn === true;
  const body = html`${model.fault === 'stopped' && html`<p role="status">${texts.deviceStopped}</p>`}${model.fault === 'again' && html`<p role="status">${texts.deviceAgain}</p>`}
<form method="post" action="${model.action}"${isGoingOn && html` data-go-on`}>
<input type="hidden" name="xsrf" value="${model.xsrf}">
<label for="user_code">${texts.deviceLabel}</label>
<input id="user_code" dir="ltr" name="user_code" value="${model.value}" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus${model.fault === 'invalid' && html` aria-invalid="true" aria-describedby="code-fault"`}>
${model.fault === 'invalid' && html`<p id="code-fault" class="fault" role="alert">${texts.deviceInvalid}</p>`}
<button class="primary">${texts.deviceSubmit}</button>
</form>`;
  return layout(env, { title: texts.deviceTitle, body, ...(isGoingOn && { script: 'go-on.js' as const }) });
}

/** A form that sends itself: an answer to an app that wants it posted, a step without a question. */
export function goOnPage({ action, fields }: GoOnModel, env: PageEnv): Html {
  const { texts } = env;
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  const body = html`<p>${texts.goOnExplain}</p>
<form method="post" action="${action}" data-go-on>${hidden}<button class="primary">${texts.platformSubmit}</button></form>`;
  return layout(env, { title: texts.goOnTitle, body, script: 'go-on.js' });
}

/** Is this your device? */
export function deviceConfirmPage(model: DeviceConfirmModel, env: PageEnv): Html {
  const { texts } = env;
  const { app } = model;
  const body = html`${app.unverified !== undefined && unverified(app.unverified, env)}
<p>${fillNames(texts.deviceConfirmExplain, { app: app.name })}</p>
<p class="code">${model.userCode}</p>
<p class="warning">${texts.deviceWarning}</p>
<form method="post" action="${model.action}" class="choice-row">
<input type="hidden" name="xsrf" value="${model.xsrf}">
<input type="hidden" name="user_code" value="${model.userCode}">
<button name="abort" value="yes" data-cancel>${texts.cancel}</button>
<button name="confirm" value="yes" class="primary">${texts.deviceConfirm}</button>
</form>`;
  return layout(env, { title: texts.deviceConfirmTitle, body, details: true });
}

/** The device is connected. */
export function deviceDonePage(env: PageEnv): Html {
  return layout(env, { title: env.texts.deviceDoneTitle, body: html`<p>${env.texts.deviceDoneExplain}</p>` });
}
