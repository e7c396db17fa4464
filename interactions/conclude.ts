/** From a sign-in to the end of the interaction: by way of the user's consent where that is needed. */
import type { LoginAttempt } from '../adapters/store/contract.ts';
import { askedIn, mustAsk, skipsConsent } from './consent.ts';
import { everythingAsked } from './decision.ts';
import type { InteractionDeps } from './deps.ts';
import { finishInteraction, refuseInteraction, signInFrom } from './login.ts';
import { rememberPlatform } from './remembered.ts';
import type { SignIn } from './sign-in.ts';
import type { Step } from './step.ts';

/** A sign-in to go on with: one this browser has, or one that an attempt has just brought. */
export type Source = { readonly signIn: SignIn } | { readonly attempt: LoginAttempt };

async function resolve(deps: InteractionDeps, step: Step, source: Source): Promise<SignIn | undefined> {
  return 'signIn' in source ? source.signIn : signInFrom(deps, step, source.attempt);
}

/** Asks for consent, or finishes where none is needed. */
export async function consentOrFinish(
  deps: InteractionDeps,
  step: Step,
  facts: { readonly source: Source; readonly isChanged: boolean },
): Promise<void> {
  const { source, isChanged } = facts;
  const signIn = await resolve(deps, step, source);
  if (signIn === undefined) return deps.pages.lost(step.ctx, step.client);
  if (await mustAsk(deps, step, signIn)) {
    return deps.pages.consent(step, {
      signIn,
      asked: askedIn(deps, step),
      before: await deps.allowedBefore(step.ctx, step.client.clientId, signIn.accountId),
      isAnotherPerson: isChanged,
    });
  }
  // `prompt=consent` of an app that is never asked for: the decision stands for the question.
  return finish(deps, step, { source, signIn, allowed: skipsConsent(deps, step) });
}

/** Writes down the user's decision and ends the interaction. */
export async function concludeConsent(
  deps: InteractionDeps,
  step: Step,
  facts: { readonly source: Source; readonly decision: 'allow' | 'deny' },
): Promise<void> {
  const signIn = await resolve(deps, step, facts.source);
  if (signIn === undefined) return deps.pages.lost(step.ctx, step.client);
  deps.events.consentDecided({
    clientId: step.client.clientId,
    accountId: signIn.accountId,
    decision: facts.decision,
    scopes: askedIn(deps, step).scopes,
  });
  if (facts.decision === 'deny') return refuseInteraction(deps, step, 'the user did not allow the access');
  return finish(deps, step, { source: facts.source, signIn, allowed: true });
}

async function finish(
  deps: InteractionDeps,
  step: Step,
  facts: { readonly source: Source; readonly signIn: SignIn; readonly allowed: boolean },
): Promise<void> {
  const { source, signIn, allowed } = facts;
  const { clientName } = signIn;
  rememberPlatform(
    step.ctx,
    { host: new URL(signIn.platformOrigin).host, ...(clientName === undefined ? {} : { name: clientName }) },
    deps.lifetimes.rememberedPlatformSeconds,
  );
  if ('signIn' in source) {
    deps.events.signInReused({ clientId: step.client.clientId, accountId: signIn.accountId });
  }
  await finishInteraction(deps, step, {
    signIn,
    ...('attempt' in source ? { attempt: source.attempt } : {}),
    ...(allowed ? { decision: everythingAsked(askedIn(deps, step)) } : {}),
  });
}
