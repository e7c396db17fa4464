/** Which page an interaction is at: decided from the stored records alone, so that reload, back and a second tab work. */
import type { IbTrouble } from '../adapters/ib/call.ts';
import type { PlatformUrl } from '../adapters/ib/platform-url.ts';
import type { LoginAttempt } from '../adapters/store/contract.ts';
import { isOver, platformOf } from './attempt.ts';
import { consentOrFinish } from './conclude.ts';
import type { InteractionDeps } from './deps.ts';
import { refuseInteraction, startAttempt } from './login.ts';
import type { PlatformFault, WaitingState } from './pages.ts';
import { acceptsPlatform, wantedPlatform } from './platform.ts';
import { rememberedPlatforms } from './remembered.ts';
import type { SignIn } from './sign-in.ts';
import type { Step } from './step.ts';

export interface ShowWish {
  /** Leaves sign-ins that the browser has aside and asks for a platform. */
  readonly isAsking?: boolean;
  /** A form was about somebody whose sign-in is gone: whatever comes next says so. */
  readonly isChanged?: boolean;
  /** Whoever was signed in is not who sits there. */
  readonly isForAnother?: boolean;
  /** The address that a form held which could not be served. */
  readonly typed?: string;
}

/** Shows the step this interaction is at. */
export async function showInteraction(deps: InteractionDeps, step: Step, wish: ShowWish = {}): Promise<void> {
  const { isAsking = false, isChanged = false, isForAnother = false, typed } = wish;
  const attempt = await deps.store.attempts.find(step.attemptId);
  if (attempt?.status === 'signed_in') return consentOrFinish(deps, step, { source: { attempt }, isChanged });
  if (attempt?.status === 'refused' && attempt.refusedReason === 'older_login')
    return refuseInteraction(deps, step, OLDER_LOGIN, 'login_required');
  if (attempt !== undefined) {
    await noteSeen(deps, step, attempt);
    return showWaiting(deps, step, attempt, standingState(deps, attempt));
  }

  const [signIn] = isAsking ? [] : await usableSignIns(deps, step);
  if (signIn !== undefined) return consentOrFinish(deps, step, { source: { signIn }, isChanged });
  const isGone = isChanged || (!isAsking && step.interaction.prompt.name === 'consent');
  return askPlatform(deps, step, { isAsking, isGone, isForAnother, typed });
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
  deps.pages.waiting(step, { attempt, state, waitedMs: deps.now() - attempt.startedAtMs, loginUrl });
}

/** Reasons for which a sign-in that the browser has may serve; any other asks for a new one at IB. */
const REUSABLE: ReadonlySet<string> = new Set(['no_session', 'ib_session']);

/** The browser's sign-ins that this request may use without a new login at IB. */
export async function usableSignIns(deps: InteractionDeps, step: Step): Promise<readonly SignIn[]> {
  const { prompt, params } = step.interaction;
  const signIns = await deps.signInsOf(step.ctx);
  const theirs = step.interaction.session?.accountId;
  // The library has found that one's sign-in to serve, and nobody else's, whoever is active by now.
  if (prompt.name === 'consent')
    return alive(deps, theirs === undefined ? signIns.slice(0, 1) : signIns.filter(isOf(theirs)));
  if (prompt.name === 'select_account') return [];
  if (!prompt.reasons.every((reason) => REUSABLE.has(reason))) return [];
  const settings = deps.settings(step.client.clientId);
  const wanted = wantedPlatform(params, settings, deps.platforms);
  const mustBeNew = deps.wantsNewLogin(deps.askedBy(params));
  return alive(
    deps,
    signIns.filter(
      ({ platformOrigin, newLogin }) =>
        acceptsPlatform(platformOrigin, wanted, settings, deps.platforms) &&
        (!mustBeNew || newLogin === true),
    ),
  );
}

const isOf =
  (account: string) =>
  ({ accountId }: SignIn): boolean =>
    accountId === account;

/** Those whose IB session has not ended otherwise. */
async function alive(deps: InteractionDeps, signIns: readonly SignIn[]): Promise<readonly SignIn[]> {
  const sessions = await Promise.all(
    signIns.map(({ ibSessionId }) => deps.store.ibSessions.find(ibSessionId)),
  );
  return signIns.filter((_signIn, at) => sessions[at] !== undefined);
}

/** Asks for the platform; where the app's settings name it, the question is skipped. */
async function askPlatform(
  deps: InteractionDeps,
  step: Step,
  wish: Required<Pick<ShowWish, 'isAsking' | 'isForAnother'>> & {
    isGone: boolean;
    typed: string | undefined;
  },
): Promise<void> {
  const { isAsking, isGone, isForAnother, typed } = wish;
  const { params } = step.interaction;
  const settings = deps.settings(step.client.clientId);
  const wanted = wantedPlatform(params, settings, deps.platforms);
  const remembered = rememberedPlatforms(step.ctx);
  if (wanted.kind === 'refused' && typed === undefined) {
    return deps.pages.platform(step, { value: wanted.text, fault: wanted.reason, remembered });
  }
  const named = wanted.kind === 'named' ? wanted.platform : undefined;
  const isDefault = params['platform_url'] === undefined && settings.defaultPlatform !== undefined;
  if (named !== undefined && isDefault && !isAsking)
    return beginAt(deps, step, named, isGone ? 'signed_out_elsewhere' : 'waiting');
  const value = typed ?? named?.host ?? remembered[0]?.host ?? '';
  deps.pages.platform(step, { value, remembered, isSignInGone: isGone, isForAnother });
}

/** Starts an attempt and shows its waiting page, or says beside the field why that platform cannot be used. */
async function beginAt(
  deps: InteractionDeps,
  step: Step,
  platform: PlatformUrl,
  state: WaitingState,
): Promise<void> {
  const started = await startAttempt(deps, step, platform);
  if (started.status === 'started') return showWaiting(deps, step, started.attempt, state);
  deps.pages.platform(step, {
    value: platform.host,
    fault: faultOf(started),
    remembered: rememberedPlatforms(step.ctx),
  });
}

/** Reasons for which another try gives nothing else: what is typed is wrong. */
const NO_PLATFORM: ReadonlySet<IbTrouble['reason']> = new Set([
  'malformed',
  'client_error',
  'unknown_host',
  'address_refused',
]);

/** No host, or one that answers but not as IB does, is no IB platform; one that does not answer may be tried again. */
export function faultOf(trouble: IbTrouble): PlatformFault {
  return NO_PLATFORM.has(trouble.reason) ? 'not_ib' : 'not_answering';
}
