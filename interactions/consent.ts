/** Asking the user whether the app may have what it asks for. */
import type { Asked } from './decision.ts';
import type { InteractionDeps } from './deps.ts';
import type { SignIn } from './sign-in.ts';
import type { Step } from './step.ts';

const SESSION_SCOPE = 'ib:session';

/** Whether an app's requests need no question: `skip_consent`, but for the raw session, which is named each first time. */
export function skipsConsent(deps: InteractionDeps, step: Step): boolean {
  if (!deps.settings(step.client.clientId).skipConsent) return false;
  return !askedIn(deps, step).permissions.includes(SESSION_SCOPE);
}

/**
 * Whether to ask now. An app with `skip_consent` is not asked for. After a sign-in the question comes at once where
 * the app has no Grant yet; where it has one, the provider decides whether that is enough.
 */
export async function mustAsk(deps: InteractionDeps, step: Step, signIn: SignIn): Promise<boolean> {
  const { clientId } = step.client;
  if (skipsConsent(deps, step)) return false;
  if (step.interaction.prompt.name === 'consent') return true;
  return !(await deps.hasGrant(step.ctx, clientId, signIn.accountId));
}

/** What the request of this interaction asks for. */
export function askedIn(deps: InteractionDeps, step: Step): Asked {
  return deps.askedBy(step.interaction.params);
}

/** The user's posted decision; undefined for a form that holds none. */
export function parseDecision(form: Readonly<Record<string, unknown>>): 'allow' | 'deny' | undefined {
  const decision = form['decision'];
  return decision === 'allow' || decision === 'deny' ? decision : undefined;
}
