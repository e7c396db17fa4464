/** What happens to the server's keys and to what they seal. */
import type { AuditEvent, Say } from './catalog.ts';
import type { MetricsSink } from './metric-names.ts';

export interface KeyEvents {
  /** The age of the oldest key that signs: at the start, and when the keys have changed. */
  keysLoaded(facts: { readonly ageSeconds: number; readonly limitSeconds: number }): void;
  /** The keys were read anew, and are others than before or not. */
  secretsRead(facts: { readonly isChanged: boolean }): void;
  /** Whether the store was written under other keys than those in use: nothing in it opens. */
  keysHeldAgainstStore(facts: { readonly areForeign: boolean }): void;
  /** They were read anew and cannot be used: the former stay. */
  secretsRefused(faults: readonly string[]): void;
  /** A stored item does not open, and counts as absent: its pepper is gone, or it was damaged or swapped. */
  unopened(facts: { readonly model: string; readonly reason: string }): void;
}

interface KeyEventsDeps {
  readonly metrics: MetricsSink;
  readonly say: Say;
  readonly noted: (event: AuditEvent, facts: object) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const MINUTE_MS = 60_000;

/** Tells these events. */
export function createKeyEvents({ metrics, say, noted, now }: KeyEventsDeps): KeyEvents {
  let unsaid = 0;
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return {
    keysLoaded({ ageSeconds, limitSeconds }) {
      metrics.set('ib_oauth_signing_key_age_seconds', ageSeconds);
      const days = Math.floor(ageSeconds / (24 * 3600));
      if (ageSeconds > limitSeconds)
        say('warn', 'keys_old', { days }, 'the signing keys are old; rotate them');
    },
    secretsRead({ isChanged }) {
      metrics.set('ib_oauth_secrets_refused', 0);
      if (!isChanged) return;
      say('info', 'secrets_reloaded', {}, 'the new secrets are in use');
      noted('secrets_reloaded', {});
    },
    keysHeldAgainstStore({ areForeign }) {
      metrics.set('ib_oauth_keys_foreign', areForeign ? 1 : 0);
      if (!areForeign) return;
      say(
        'error',
        'keys_foreign',
        {},
        'the store was written under other keys than these; nothing in it opens',
      );
    },
    secretsRefused(faults) {
      metrics.set('ib_oauth_secrets_refused', 1);
      say('error', 'secrets_refused', { faults }, 'the new secrets are refused; the old ones stay');
      noted('secrets_refused', { faults: faults.length });
    },
    unopened({ model, reason }) {
      metrics.count('ib_oauth_unopened_total', { model, reason });
      unsaid += 1;
      // A removed pepper makes one of each user's requests: one line a minute says as much.
      const sinceMs = now() - saidAtMs;
      if (sinceMs >= 0 && sinceMs < MINUTE_MS) return;
      say(
        'warn',
        'unopened',
        { model, reason, items: unsaid },
        'stored items do not open; they count as absent',
      );
      unsaid = 0;
      saidAtMs = now();
    },
  };
}
