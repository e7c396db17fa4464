/** What happens on a user's way: sign-ins, what he decides, and how they end. */
import type { InteractionEvents } from '../../interactions/events.ts';
import type { AuditEvent, Say } from './catalog.ts';
import type { MetricsSink } from './metric-names.ts';

/** What sign-ins tell by the way. */
type QuietEvent =
  | 'sign_in_started'
  | 'sign_in_reused'
  | 'login_token_renewed'
  | 'attempt_expired'
  | 'cancelled';

/** Tells these events. */
export function createSignInEvents({
  metrics,
  say,
  noted,
}: {
  readonly metrics: MetricsSink;
  readonly say: Say;
  readonly noted: (event: AuditEvent, facts: object) => void;
}): InteractionEvents {
  const signIn =
    (event: QuietEvent, outcome: string, auditEvent?: AuditEvent) =>
    (facts: object): void => {
      metrics.count('ib_oauth_sign_ins_total', { outcome });
      say('info', event, facts);
      if (auditEvent !== undefined) noted(auditEvent, facts);
    };
  return {
    signInStarted: signIn('sign_in_started', 'started', 'sign_in_started'),
    signInFinished({ startedFrom, ...facts }) {
      metrics.count('ib_oauth_sign_ins_total', { outcome: 'finished' });
      metrics.observe('ib_oauth_sign_in_seconds', {}, facts.tookMs / 1000);
      say('info', 'sign_in_finished', facts);
      noted('signed_in', { ...facts, startedFrom });
    },
    manyAccounts(facts) {
      metrics.count('ib_oauth_many_accounts_total', {});
      say('warn', 'many_accounts', facts, 'one address finishes the sign-ins of many accounts');
      noted('many_accounts', facts);
    },
    signInReused: signIn('sign_in_reused', 'reused', 'signed_in_again'),
    loginTokenRenewed: signIn('login_token_renewed', 'renewed'),
    signInRefused(facts) {
      metrics.count('ib_oauth_sign_ins_total', { outcome: 'refused' });
      // A host that answers for another customer is the operator's to look at.
      say(facts.reason === 'other_client' ? 'warn' : 'info', 'sign_in_refused', facts);
      noted('sign_in_refused', facts);
    },
    attemptExpired: signIn('attempt_expired', 'expired'),
    polled(facts) {
      metrics.count('ib_oauth_polls_total', facts);
      say('debug', 'polled', facts);
    },
    consentDecided(facts) {
      say('info', 'consent_decided', facts);
      noted('consent_decided', facts);
    },
    cancelled: signIn('cancelled', 'cancelled', 'sign_in_cancelled'),
  };
}
