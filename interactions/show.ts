/** Which page an interaction is at: decided from the stored records alone, so that reload, back and a second tab work. */

import type { IbTrouble } from '../adapters/ib/client.ts';
import type { LoginAttempt } from '../adapters/store/contract.ts';
import { consentOrFinish } from './conclude.ts';
import type { InteractionDeps } from './deps.ts';
import { startAttempt } from './login.ts';
import type { PlatformFault, WaitingState } from './pages.ts';
import { acceptsPlatform, type Platform, wantedPlatform } from './platform.ts';
import { rememberedPlatforms } from './remembered.ts';
import type { SignIn } from './sign-in.ts';
import type { Step } from './step.ts';

/** Shows the step this interaction is at. `asking` leaves sign-ins the browser has aside and asks for a platform. */
export async function showInteraction(deps: InteractionDeps, step: Step, asking = false): Promise<void> {
  const attempt = await deps.store.attempts.find(step.attemptId);
  if (attempt?.status === 'signed_in') return consentOrFinish(deps, step, { attempt });
  if (attempt !== undefined) return showWaiting(deps, step, attempt, standingState(deps, attempt));

  const signIns = asking ? [] : await usableSignIns(deps, step);
  const [signIn] = signIns;
  if (signIn !== undefined) return consentOrFinish(deps, step, { signIn });
  return askPlatform(deps, step, asking);
}

function standingState(deps: InteractionDeps, attempt: LoginAttempt): WaitingState {
  if (attempt.status === 'refused') return 'refused';
  if (attempt.deadlineAtMs <= deps.now()) return 'too_old';
  return attempt.failures > 0 ? 'not_answering' : 'waiting';
}

/** Shows the waiting page of an attempt. */
export function showWaiting(
  deps: InteractionDeps,
  step: Step,
  attempt: LoginAttempt,
  state: WaitingState,
): void {
  const over = state === 'refused' || state === 'too_old' || attempt.loginToken === undefined;
  const platform = { origin: attempt.platformOrigin, host: new URL(attempt.platformOrigin).host };
  const loginUrl = over ? undefined : deps.ib.loginUrl(platform, attempt.loginToken);
  deps.pages.waiting(step, { attempt, state, loginUrl });
}

/** Reasons for which a sign-in that the browser has may serve; any other asks for a new one at IB. */
const REUSABLE: ReadonlySet<string> = new Set(['no_session', 'ib_session']);

/** The browser's sign-ins that this request may use without a new login at IB. */
export async function usableSignIns(deps: InteractionDeps, step: Step): Promise<readonly SignIn[]> {
  const { prompt, params } = step.interaction;
  const signIns = await deps.signInsOf(step.ctx);
  if (prompt.name === 'consent') return signIns.slice(0, 1);
  if (prompt.name === 'select_account') return [];
  if (!prompt.reasons.every((reason) => REUSABLE.has(reason))) return [];
  const settings = deps.settings(step.client.clientId);
  const wanted = wantedPlatform(params, settings, deps.platforms);
  const serving = signIns.filter(({ platformOrigin }) =>
    acceptsPlatform(platformOrigin, wanted, settings, deps.platforms),
  );
  for (const signIn of serving) {
    if ((await deps.store.ibSessions.find(signIn.ibSessionId)) !== undefined) return [signIn];
  }
  return [];
}

/** Asks for the platform; where the app's settings name it, the question is skipped. */
async function askPlatform(deps: InteractionDeps, step: Step, asking: boolean): Promise<void> {
  const { params } = step.interaction;
  const settings = deps.settings(step.client.clientId);
  const wanted = wantedPlatform(params, settings, deps.platforms);
  const remembered = rememberedPlatforms(step.ctx);
  if (wanted.kind === 'refused') {
    return deps.pages.platform(step, { value: wanted.text, fault: wanted.reason, remembered });
  }
  const named = wanted.kind === 'named' ? wanted.platform : undefined;
  const isDefault = params['platform_url'] === undefined && settings.defaultPlatform !== undefined;
  if (named !== undefined && isDefault && !asking) return beginAt(deps, step, named);
  deps.pages.platform(step, { value: named?.host ?? remembered[0]?.host ?? '', remembered });
}

/** Starts an attempt and shows its waiting page, or says beside the field why that platform cannot be used. */
export async function beginAt(deps: InteractionDeps, step: Step, platform: Platform): Promise<void> {
  const started = await startAttempt(deps, step, platform);
  if (started.status === 'started') return showWaiting(deps, step, started.attempt, 'waiting');
  deps.pages.platform(step, {
    value: platform.host,
    fault: faultOf(started),
    remembered: rememberedPlatforms(step.ctx),
  });
}

/** A host that answers but not as IB does is no IB platform; one that does not answer may be tried again. */
export function faultOf(trouble: IbTrouble): PlatformFault {
  return trouble.reason === 'malformed' || trouble.reason === 'client_error' ? 'not_ib' : 'not_answering';
}
