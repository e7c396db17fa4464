/**
 * The answers of an interaction. Each loads its step, checks the form where there is one, and goes one step on. This
 * room owns the user's steps and their views; it must not know `src`, nor what things are stored in.
 */
import { setTimeout } from 'node:timers/promises';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import type { LoginAttempt } from '../adapters/store/contract.ts';
import { platformOf } from './attempt.ts';
import { concludeConsent, type Source } from './conclude.ts';
import { parseDecision } from './consent.ts';
import type { InteractionDeps } from './deps.ts';
import { FormError, readForm } from './form.ts';
import { refuseInteraction, seeOther, startAttempt } from './login.ts';
import { loginSecretOf, settleLoginSecret } from './login-cookie.ts';
import { parseFor } from './platform.ts';
import { type PollOutcome, poll } from './poll.ts';
import { answerPoll } from './poll-answer.ts';
import { forgetPlatform, rememberedPlatforms } from './remembered.ts';
import { faultOf, showInteraction, showWaiting, standingState, usableSignIns } from './show.ts';
import { formSubject, type Step } from './step.ts';
import { noteWishedLanguage } from './wished-language.ts';

type Form = Readonly<Record<string, string>>;
type Handler = (step: Step, form: Form) => Promise<void> | void;

/** Answers one request of an interaction; the row that it came by names the interaction. */
type Answer = (ctx: Context, params: { readonly uid?: string }) => Promise<void>;

/** What answers each address of an interaction. */
export interface InteractionAnswers {
  readonly show: Answer;
  readonly platform: Answer;
  readonly continue: Answer;
  readonly restart: Answer;
  readonly other: Answer;
  readonly consent: Answer;
  readonly cancel: Answer;
  readonly poll: Answer;
}

/** `/authorize/poll` and `/interaction/{uid}/…`. */
export function createInteraction(deps: InteractionDeps): InteractionAnswers {
  return {
    show: withStep(deps, (step) => {
      const { platform, changed, person, platform_url: typed } = step.ctx.query;
      return showInteraction(deps, step, {
        isAsking: platform === 'other',
        isChanged: changed === '1',
        isForAnother: person === 'other',
        ...(typeof typed === 'string' ? { typed } : {}),
      });
    }),
    platform: withForm(deps, choosePlatform(deps)),
    continue: withForm(deps, continueLogin(deps)),
    restart: withForm(deps, restart(deps)),
    other: withForm(deps, otherPlatform(deps)),
    consent: withForm(deps, consent(deps)),
    cancel: withForm(deps, (step) => {
      deps.events.cancelled({ clientId: step.client.clientId, step: step.interaction.prompt.name });
      return refuseInteraction(deps, step, 'the user cancelled the sign-in');
    }),
    poll: (ctx) => answerPoll(deps, ctx),
  };
}

const pathOf = (step: Step): string => `/interaction/${step.interaction.uid}`;

/** Loads an interaction with all that belongs to it in one read, or says that it is lost. */
async function loadStep(deps: InteractionDeps, ctx: Context, uid: string): Promise<Step | undefined> {
  const known = loginSecretOf(ctx, deps.issuer, uid);
  const session = ctx.cookies.get(deps.provider.cookieName('session'), { signed: true });
  deps.store.hint([
    ...(known === undefined ? [] : [deps.store.attempts.ref({ uid, browser: known })]),
    ...(session === undefined ? [] : [{ model: 'Session', id: session }]),
  ]);
  try {
    const interaction = await deps.provider.interactionDetails(ctx.req, ctx.res);
    if (interaction.uid !== uid) return undefined;
    noteWishedLanguage(ctx, interaction.params);
    const client = await deps.provider.Client.find(String(interaction.params['client_id']));
    if (client === undefined) return undefined;
    const lifeSeconds = deps.lifetimes.interactionSeconds;
    const browser = known ?? settleLoginSecret(ctx, deps.issuer, { uid, lifeSeconds });
    const attemptId = { uid, browser };
    return { ctx, interaction, client, attemptId, csrf: deps.formTokens.of(formSubject(attemptId)) };
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined;
    throw error;
  }
}

/** An interaction that this browser does not have. Where it lives all the same, its app is the way on. */
async function lost(deps: InteractionDeps, ctx: Context, uid: string): Promise<void> {
  const interaction = await deps.provider.Interaction.find(uid);
  noteWishedLanguage(ctx, interaction?.params);
  const clientId = interaction?.params['client_id'];
  const client = typeof clientId === 'string' ? await deps.provider.Client.find(clientId) : undefined;
  deps.pages.lost(ctx, client);
}

/** Whether the user's part is over: the answer that led on was lost on its way, or the page was opened again. */
const isConcluded = (step: Step): boolean => step.interaction.result !== undefined;

function withStep(deps: InteractionDeps, handle: (step: Step) => Promise<void>): Answer {
  return async (ctx, { uid = '' }) => {
    const step = await loadStep(deps, ctx, uid);
    if (step === undefined) return lost(deps, ctx, uid);
    if (isConcluded(step)) return seeOther(ctx, step.interaction.returnTo);
    await handle(step);
  };
}

function withForm(deps: InteractionDeps, handle: Handler): Answer {
  return async (ctx, { uid = '' }) => {
    try {
      const form = await readForm(ctx);
      const step = await loadStep(deps, ctx, uid);
      if (step === undefined) return lost(deps, ctx, uid);
      if (!deps.formTokens.isOf(formSubject(step.attemptId), form['csrf'])) return deps.pages.forged(ctx);
      if (isConcluded(step)) return seeOther(ctx, step.interaction.returnTo);
      await handle(step, form);
    } catch (error) {
      if (!(error instanceof FormError)) throw error;
      deps.pages.forged(ctx);
      ctx.status = error.status;
    }
  };
}

function choosePlatform(deps: InteractionDeps): Handler {
  return async (step, form) => {
    const { ctx } = step;
    const forget = form['forget'];
    if (forget !== undefined) {
      forgetPlatform(ctx, forget, deps.lifetimes.rememberedPlatformSeconds);
      return seeOther(ctx, `${pathOf(step)}?platform=other`);
    }
    const value = form['remembered'] ?? form['platform_url'] ?? '';
    const parsed = parseFor(value, deps.settings(step.client.clientId), deps.platforms);
    const remembered = rememberedPlatforms(ctx);
    if (!parsed.ok) return deps.pages.platform(step, { value, fault: parsed.reason, remembered });
    const started = await startAttempt(deps, step, parsed.platform);
    if (started.status === 'started') return seeOther(ctx, pathOf(step));
    deps.pages.platform(step, { value, fault: faultOf(started), remembered });
  };
}

/** "I have signed in", where no script polls. */
function continueLogin(deps: InteractionDeps): Handler {
  return async (step) => {
    const before = await deps.store.attempts.find(step.attemptId);
    if (before === undefined) return seeOther(step.ctx, pathOf(step));
    const outcome = await look(deps, step, before);
    // IB asked to be left alone for a while.
    if (outcome.kind === 'too_soon' && before.failures > 0)
      return showWaiting(deps, step, before, 'not_answering');
    if (outcome.kind === 'pending' || outcome.kind === 'too_soon')
      return showWaiting(deps, step, before, before.askedAgain ?? 'not_yet');
    if (outcome.kind === 'renewed')
      return showWaiting(deps, step, outcome.attempt, standingState(deps, outcome.attempt));
    if (outcome.kind === 'trouble') return showWaiting(deps, step, before, 'not_answering');
    return seeOther(step.ctx, pathOf(step));
  };
}

/**
 * A poll for a user who says so; one that comes a moment too soon waits for it, rather than say what nobody asked IB. A
 * timer may fire a millisecond early, and another tab may have asked meanwhile: it waits again, but never for long.
 */
async function look(deps: InteractionDeps, step: Step, attempt: LoginAttempt): Promise<PollOutcome> {
  const ask = { generation: attempt.generation, isLooking: true };
  const { pollLookMs } = deps.lifetimes;
  let leftMs = 2 * pollLookMs;
  for (;;) {
    const outcome = await poll(deps, step.attemptId, ask);
    const waitMs = outcome.kind === 'too_soon' ? outcome.intervalMs : undefined;
    if (waitMs === undefined || waitMs > pollLookMs || waitMs > leftMs) return outcome;
    leftMs -= waitMs;
    await setTimeout(waitMs);
  }
}

/** Begins again at the same platform, after an attempt that ended: the app's request is still the same. */
function restart(deps: InteractionDeps): Handler {
  return async (step) => {
    const before = await deps.store.attempts.find(step.attemptId);
    if (before === undefined) return seeOther(step.ctx, pathOf(step));
    const started = await startAttempt(deps, step, platformOf(before));
    if (started.status === 'started') return seeOther(step.ctx, pathOf(step));
    showWaiting(deps, step, before, 'not_answering');
  };
}

/** Another platform, or another person: the attempt is dropped, the question asked again. */
function otherPlatform(deps: InteractionDeps): Handler {
  return async (step, form) => {
    const before = await deps.store.attempts.find(step.attemptId);
    await deps.store.attempts.remove(step.attemptId);
    const query = new URLSearchParams({ platform: 'other' });
    if (form['person'] === 'other') query.set('person', 'other');
    // It is the person that is wrong, not the address: it stands there again.
    if (before?.status === 'signed_in') query.set('platform_url', platformOf(before).host);
    seeOther(step.ctx, `${pathOf(step)}?${query}`);
  };
}

function consent(deps: InteractionDeps): Handler {
  return async (step, form) => {
    const decision = parseDecision(form);
    if (decision === undefined) return seeOther(step.ctx, pathOf(step));
    const source = await sourceOf(deps, step, form['account']);
    if (source !== undefined) return concludeConsent(deps, step, { source, decision });
    if (decision === 'deny') return refuseInteraction(deps, step, 'the user did not allow the access');
    seeOther(step.ctx, `${pathOf(step)}?changed=1`);
  };
}

/** The sign-in of the person that the page named, if it still lives: not of whoever has signed in meanwhile in another tab. */
async function sourceOf(
  deps: InteractionDeps,
  step: Step,
  account: string | undefined,
): Promise<Source | undefined> {
  const attempt = await deps.store.attempts.find(step.attemptId);
  const session = attempt?.status === 'signed_in' ? attempt.session : undefined;
  if (attempt !== undefined && session !== undefined && deps.accountIdOf(session) === account)
    return { attempt };
  const usable = await usableSignIns(deps, step);
  const signIn = usable.find(({ accountId }) => accountId === account);
  return signIn && { signIn };
}
