/** What happens between the server and apps: what they ask for in vain, what they are told. */
import type { AuditEvent, Say } from './catalog.ts';
import type { MetricsSink } from './metric-names.ts';

export interface AppEvents {
  /** A `resource` that is not configured; `line` is what an admin would add under `resources`. */
  resourceUnknown(facts: { readonly clientId: string | undefined; readonly line: string }): void;
  /** An app was told of a sign-out by back channel, or could not be. */
  appSignedOut(call: {
    readonly clientId: string;
    readonly accountId: string;
    readonly outcome: 'delivered' | 'failed' | 'given_up';
    readonly reason?: string;
  }): void;
  /** A user has taken an app's access back. */
  accessTakenBack(facts: { readonly accountId: string; readonly clientId: string }): void;
  /** A user has ended one sign-in of his browser. */
  signedOut(facts: { readonly accountId: string }): void;
  /** The clients' file was changed and cannot be used: the former stays in force. */
  clientsRefused(faults: readonly string[]): void;
  /** The picture that an app names is none that can be shown. */
  logoRefused(facts: { readonly clientId: string; readonly reason: string }): void;
}

interface AppEventsDeps {
  readonly metrics: MetricsSink;
  readonly say: Say;
  readonly noted: (event: AuditEvent, facts: object) => void;
}

/** Tells these events. */
export function createAppEvents({ metrics, say, noted }: AppEventsDeps): AppEvents {
  return {
    resourceUnknown: (facts) =>
      say('warn', 'resource_unknown', facts, 'an app asks for a resource that is not in the clients file'),
    appSignedOut(call) {
      metrics.count('ib_oauth_backchannel_logouts_total', { outcome: call.outcome });
      say(call.outcome === 'delivered' ? 'info' : 'warn', 'backchannel_logout', call);
      noted('backchannel_logout', call);
    },
    accessTakenBack(facts) {
      say('info', 'access_taken_back', facts);
      noted('access_taken_back', facts);
    },
    signedOut: (facts) => noted('signed_out', facts),
    clientsRefused(faults) {
      metrics.set('ib_oauth_clients_refused', 1);
      metrics.count('ib_oauth_clients_reloads_total', { outcome: 'refused' });
      say('error', 'clients_refused', { faults }, 'the new clients file is refused; the old one stays');
      noted('clients_refused', { faults: faults.length });
    },
    logoRefused: (facts) => say('info', 'logo_refused', facts, 'the logo of an app is not shown'),
  };
}
