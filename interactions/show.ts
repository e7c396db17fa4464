/** Which page an interaction is at: decided from the stored records alone, so that reload, back and a second tab work. */

import type { IbTrouble } from '../adapters/ib/call.ts';
import type { LoginAttempt } from '../adapters/store/contract.ts';
import { isOver, platformOf } from './attempt.ts';
import { consentOrFinish } from './conclude.ts';
import type { InteractionDeps } from './deps.ts';
import { refuseInteraction, startAttempt } from './login.ts';
import type { PlatformFault, WaitingState } from './pages.ts';
import { acceptsPlatform, type Platform, wantedPlatform } from './platform.ts';
import { rememberedPlatforms } from './remembered.ts';
import type { SignIn } from './sign-in.ts';
import type { Step } from './step.ts';

/** Shows the step this interaction is at. `asking` leaves sign-ins the browser has aside and asks for a platform. */
export async function showInteraction(deps: InteractionDeps, step: Step, asking = false): Promise<void> {
  const attempt = await deps.store.attempts.find(step.attemptId);
  if (attempt?.status === 'signed_in') return consentOrFinish(deps, step, { attempt });
  if (attempt?.status === 'refused' && attempt.refusedReason === 'older_login')
    return refuseInteraction(deps, step, OLDER_LOGIN, 'login_required');
  if (attempt !== undefined) {
    await noteSeen(deps, step, attempt);
    return showWaiting(deps, step, attempt, standingState(deps, attempt));
  }

  const signIns = asking ? [] : await usableSignIns(deps, step);
  const [signIn] = signIns;
  if (signIn !== undefined) return consentOrFinish(deps, step, { signIn });
  return askPlatform(deps, step, asking);
}

/** For the app's developer: what `login_required` is about. */
const OLDER_LOGIN =
  'IntelligenceBank gave a login older than this request allows, twice; the user has to sign out there first';

/** A page that is shown is a page that is seen; one that polls says so itself. */
async function noteSeen(deps: InteractionDeps, step: Step, attempt: LoginAttempt): Promise<void> {
  const nowMs = deps.now();
  const isPending = attempt.status === 'pending' && !isOver(attempt, deps.lifetimes, nowMs);
  if (isPending && nowMs - attempt.seenAtMs > SEEN_AGAIN_MS)
    await deps.store.attempts.see(step.attemptId, attempt, nowMs);
}

/** Less is not worth a write. */
const SEEN_AGAIN_MS = 60_000;

const REFUSED_STATES: Readonly<Record<string, WaitingState>> = {
  session_over: 'refused_session_over',
  other_client: 'refused_other_client',
};

/** How an attempt stands, as its page says it. */
export function standingState(deps: InteractionDeps, attempt: LoginAttempt): WaitingState {
  if (attempt.status === 'refused') return REFUSED_STATES[attempt.refusedReason ?? ''] ?? 'refused';
  if (isOver(attempt, deps.lifetimes, deps.now())) return 'too_old';
  if (attempt.failures > 0) return 'not_answering';
  return attempt.askedAgain ?? (attempt.loginTokens.length > 1 ? 'renewed' : 'waiting');
}

/** Shows the waiting page of an attempt. */
export function showWaiting(
  deps: InteractionDeps,
  step: Step,
  attempt: LoginAttempt,
  state: WaitingState,
): void {
  const isPending = attempt.status === 'pending' && state !== 'too_old';
  const [newest] = isPending ? attempt.loginTokens : [];
  const loginUrl = newest && deps.ib.loginUrl(platformOf(attempt), newest.value);
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
  const mustBeNew = deps.wantsNewLogin(deps.askedBy(params));
  const serving = signIns.filter(
    ({ platformOrigin, newLogin }) =>
      acceptsPlatform(platformOrigin, wanted, settings, deps.platforms) && (!mustBeNew || newLogin === true),
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
