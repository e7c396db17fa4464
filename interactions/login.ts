/** Starting a login at IB, and ending it: from a platform to an attempt, from a signed-in attempt to a result. */
import { randomBytes } from 'node:crypto';
import type { IbTrouble } from '../adapters/ib/call.ts';
import type { PlatformUrl } from '../adapters/ib/platform-url.ts';
import type { IbSession } from '../adapters/ib/session.ts';
import type { LoginAttempt } from '../adapters/store/contract.ts';
import { isOver, newGeneration } from './attempt.ts';
import type { Decision } from './decision.ts';
import type { InteractionDeps } from './deps.ts';
import { isRecent, recencyOf } from './recency.ts';
import { type SignIn, signInOf } from './sign-in.ts';
import type { Step } from './step.ts';

/** Asks IB for a login token and begins an attempt, in place of an earlier one of this interaction at another platform. */
export async function startAttempt(
  deps: InteractionDeps,
  step: Step,
  platform: PlatformUrl,
): Promise<{ status: 'started'; attempt: LoginAttempt } | IbTrouble> {
  const attemptId = randomBytes(12).toString('base64url');
  const answer = await deps.ib.requestLoginToken(platform, attemptId);
  if (answer.status === 'trouble') {
    if (answer.reason === 'circuit_open') deps.leftAlone(step.ctx);
    return answer;
  }
  const nowMs = deps.now();
  const { interaction } = step;
  const attempt: LoginAttempt = {
    attemptId,
    generation: newGeneration(),
    platformOrigin: platform.origin,
    loginTokens: [{ value: answer.token, issuedAtMs: nowMs }],
    startedAtMs: nowMs,
    startedFrom: deps.visitorOf(step.ctx),
    deadlineAtMs: nowMs + deps.lifetimes.loginAttemptSeconds * 1000,
    expires: interaction.exp,
    status: 'pending',
    refusedReason: undefined,
    askedAgain: undefined,
    recency: recencyOf({
      params: interaction.params,
      requestedAt: interaction.iat,
      startedAt: Math.floor(nowMs / 1000),
      mustBeNew: deps.wantsNewLogin(deps.askedBy(interaction.params)),
      clockSeconds: deps.lifetimes.loginClockSeconds,
    }),
    failures: 0,
    intervalMs: deps.lifetimes.pollIntervalSeconds * 1000,
    nextPollAtMs: nowMs,
    seenAtMs: nowMs,
    retryAtMs: 0,
    session: undefined,
  };
  const begun = await begin(deps, step, attempt);
  if (begun.attemptId === attemptId)
    deps.events.signInStarted({ clientId: step.client.clientId, platformHost: platform.host });
  return { status: 'started', attempt: begun };
}

/** Links of an attempt that may still be used: the newest ones, and the first. A record has an end. */
const MOST_LINKS = 20;

/** Other presses and tabs are as fast as this one, and few. */
const MOST_RACES = 5;

/**
 * Stores a new attempt. Where a button was pressed twice, or in two tabs, there is one at that platform already, and the user
 * may sit at the link that it gave: then it goes on, with one link more.
 */
async function begin(deps: InteractionDeps, step: Step, attempt: LoginAttempt): Promise<LoginAttempt> {
  const { attempts } = deps.store;
  let before = await attempts.find(step.attemptId);
  for (let races = 0; races < MOST_RACES; races += 1) {
    const next = joined(deps, before, attempt);
    if (await attempts.begin(step.attemptId, next, before)) return next;
    before = await attempts.current(step.attemptId);
    // The user has signed in meanwhile, at a link of before.
    if (before?.status === 'signed_in' && before.platformOrigin === attempt.platformOrigin) return before;
  }
  await attempts.start(step.attemptId, attempt);
  return attempt;
}

/** A new attempt, or the one that stands where it may go on at the same platform, with the new one's link. */
function joined(
  { lifetimes, now }: Pick<InteractionDeps, 'lifetimes' | 'now'>,
  standing: LoginAttempt | undefined,
  attempt: LoginAttempt,
): LoginAttempt {
  const goesOn =
    standing?.status === 'pending' &&
    standing.platformOrigin === attempt.platformOrigin &&
    !isOver(standing, lifetimes, now());
  if (!goesOn) return attempt;
  const { generation, failures, intervalMs, nextPollAtMs, seenAtMs, retryAtMs } = attempt;
  const pace = { failures, intervalMs, nextPollAtMs, seenAtMs, retryAtMs };
  const [first] = standing.loginTokens.slice(-1);
  const between = [...attempt.loginTokens, ...standing.loginTokens.slice(0, -1)].slice(0, MOST_LINKS - 1);
  const loginTokens = first === undefined ? between : [...between, first];
  return { ...standing, ...pace, generation, loginTokens };
}

/**
 * The sign-in that a signed-in attempt gives. Where this browser is signed in to that account already, the new IB
 * session takes the place of the old one, so that the tokens of that sign-in go on with it.
 */
export async function signInFrom(
  deps: InteractionDeps,
  step: Step,
  attempt: LoginAttempt,
): Promise<SignIn | undefined> {
  const { session } = attempt;
  if (session === undefined) return undefined;
  const accountId = deps.accountIdOf(session);
  const known = (await deps.signInsOf(step.ctx)).find((signIn) => signIn.accountId === accountId);
  const alive = known !== undefined && (await deps.store.ibSessions.find(known.ibSessionId)) !== undefined;
  return signInOf(session, {
    accountId,
    ibSessionId:
      alive && known !== undefined
        ? known.ibSessionId
        : deps.ibSessionIdFor(step.attemptId, attempt.attemptId),
    newLogin: isNewLogin(deps, attempt, session),
  });
}

/** Whether the user signed in at IB for this attempt, and was not signed in there already. */
function isNewLogin(deps: InteractionDeps, attempt: LoginAttempt, session: IbSession): boolean {
  const since = attempt.startedAtMs / 1000 - deps.lifetimes.loginClockSeconds;
  return isRecent(session, { since, maxAgeSeconds: undefined }, deps.now() / 1000);
}

/** Ends the interaction with a sign-in, what the user allowed, or both, and sends the browser on. */
export async function finishInteraction(
  deps: InteractionDeps,
  step: Step,
  outcome: { readonly signIn?: SignIn; readonly attempt?: LoginAttempt; readonly decision?: Decision },
): Promise<void> {
  const { signIn, attempt, decision } = outcome;
  if (signIn !== undefined && attempt?.session !== undefined) {
    await deps.store.ibSessions.put(signIn.ibSessionId, attempt.session);
    await countAccounts(deps, step, signIn.accountId);
    deps.events.signInFinished({
      clientId: step.client.clientId,
      platformHost: new URL(signIn.platformOrigin).host,
      accountId: signIn.accountId,
      tookMs: deps.now() - attempt.startedAtMs,
      startedFrom: attempt.startedFrom,
      loginTime: signIn.loginTime,
      newLogin: signIn.newLogin === true,
    });
  }
  await deps.store.attempts.remove(step.attemptId);
  const returnTo = await deps.provider.interactionResult(step.ctx.req, step.ctx.res, {
    ...(signIn === undefined ? {} : { login: { accountId: signIn.accountId, ts: signIn.loginTime }, signIn }),
    ...(decision === undefined ? {} : { consent: { decision } }),
    // Answers `prompt=select_account` (OpenID Core section 3.1.2.1): the user was asked.
    ...(step.interaction.prompt.name === 'select_account' ? { select_account: {} } : {}),
  });
  seeOther(step.ctx, returnTo);
}

/** An office signs in many accounts from one address; so does whoever sends login links to victims. */
async function countAccounts(deps: InteractionDeps, step: Step, accountId: string): Promise<void> {
  await deps.store.noteSignIn({
    address: deps.networkOf(deps.visitorOf(step.ctx).address),
    accountId,
    told(accounts) {
      if (accounts > deps.accountsPerAddress) deps.events.manyAccounts({ accounts });
    },
  });
}

/** Ends the interaction without a sign-in: the app gets the error. */
export async function refuseInteraction(
  deps: InteractionDeps,
  step: Step,
  description: string,
  error: 'access_denied' | 'login_required' = 'access_denied',
): Promise<void> {
  await endAttempt(deps, step);
  const result = { error, error_description: description };
  const returnTo = await deps.provider.interactionResult(step.ctx.req, step.ctx.res, result, {
    mergeWithLastSubmission: false,
  });
  seeOther(step.ctx, returnTo);
}

/** What is left of an attempt tells pages that still poll that it is over; no session and no login token is in it. */
async function endAttempt(deps: InteractionDeps, { attemptId }: Step): Promise<void> {
  const attempt = await deps.store.attempts.find(attemptId);
  if (attempt === undefined) return;
  const ended = {
    loginTokens: [],
    session: undefined,
    status: 'refused',
    refusedReason: 'cancelled',
  } as const;
  await deps.store.attempts.start(attemptId, { ...attempt, ...ended });
}

/** 303, so that a posted form is never posted on (RFC 9700 section 4.12). */
export function seeOther(ctx: Step['ctx'], location: string): void {
  ctx.redirect(location);
  ctx.status = 303;
  ctx.body = '';
}
