/** What happens, one helper an event: a log line, without a secret in it. */
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Logger } from 'pino';
import type { IbCallEvent } from '../adapters/ib/client.ts';
import type { StoreCall } from '../adapters/store/contract.ts';
import { GRANT_TYPES } from '../config/supported.ts';
import type { InteractionEvents } from '../interactions/events.ts';
import type { MetricsSink } from './metrics.ts';
import type { ProxyCall } from './proxy/proxy.ts';
import { referenceOf } from './request.ts';

export interface Events {
  readonly interaction: InteractionEvents;
  ibCalled(call: IbCallEvent): void;
  storeCalled(call: StoreCall): void;
  proxied(call: ProxyCall): void;
  requested(facts: {
    readonly reference: string;
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly ms: number;
  }): void;
  tokens(facts: { readonly grantType: string; readonly outcome: string }): void;
  limited(facts: { readonly limit: string }): void;
  accessTakenBack(facts: { readonly accountId: string; readonly clientId: string }): void;
  clientsReloaded(facts: { readonly clients: number }): void;
  clientsRefused(faults: readonly string[]): void;
  /** The age of the oldest key that signs. */
  keysLoaded(facts: { readonly ageSeconds: number; readonly limitSeconds: number }): void;
  /** An error nobody expected, with its cause. */
  failed(reference: string, error: unknown): void;
}

/** Facts of an error that may be logged: names and codes along its chain of causes, never messages of others' data. */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code } = error as { code?: unknown };
  return {
    error: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    stack: error.stack
      ?.split('\n')
      .slice(1, 6)
      .map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: errorFacts(error.cause) }),
  };
}

/** Events as lines of a log and as numbers. */
export function createEvents(log: Logger, metrics: MetricsSink = NO_METRICS): Events {
  const told = (event: string) => (facts: object) => log.info({ event, ...facts }, event);
  const signIn =
    (event: string, outcome: string) =>
    (facts: object): void => {
      metrics.count('ib_oauth_sign_ins_total', { outcome });
      log.info({ event, ...facts }, event);
    };
  return {
    interaction: {
      signInStarted: signIn('sign_in_started', 'started'),
      signInFinished(facts) {
        metrics.observe('ib_oauth_sign_in_seconds', {}, facts.tookMs / 1000);
        signIn('sign_in_finished', 'finished')(facts);
      },
      signInReused: signIn('sign_in_reused', 'reused'),
      loginTokenRenewed: signIn('login_token_renewed', 'renewed'),
      signInRefused: signIn('sign_in_refused', 'refused'),
      attemptExpired: signIn('attempt_expired', 'expired'),
      polled(facts) {
        metrics.count('ib_oauth_polls_total', facts);
        log.debug({ event: 'polled', ...facts }, 'polled');
      },
      consentDecided: told('consent_decided'),
      cancelled: signIn('cancelled', 'cancelled'),
    },
    ibCalled(call) {
      const { operation, outcome, ms } = call;
      metrics.count('ib_oauth_ib_calls_total', { operation, outcome });
      metrics.observe('ib_oauth_ib_call_seconds', { operation }, ms / 1000);
      log.info({ event: 'ib_call', ...call }, 'ib call');
    },
    storeCalled(call) {
      const { operation, outcome, ms, attempts } = call;
      metrics.count('ib_oauth_store_calls_total', { operation, outcome });
      metrics.observe('ib_oauth_store_call_seconds', { operation }, ms / 1000);
      if (attempts > 1) metrics.count('ib_oauth_store_retries_total', { operation });
      const quiet = outcome === 'ok' || outcome === 'condition_failed';
      log[quiet ? 'debug' : 'warn']({ event: 'store_call', ...call }, 'store call');
    },
    proxied(call) {
      metrics.count('ib_oauth_proxy_calls_total', { outcome: call.outcome });
      log.info({ event: 'proxied', ...call }, 'proxied');
    },
    requested({ route, status, ms, ...facts }) {
      metrics.count('ib_oauth_requests_total', { route, status: `${Math.floor(status / 100)}xx` });
      metrics.observe('ib_oauth_request_seconds', { route }, ms / 1000);
      log.info({ event: 'request', route, status, ms, ...facts }, 'request');
    },
    tokens(facts) {
      metrics.count('ib_oauth_tokens_total', { grant_type: facts.grantType, outcome: facts.outcome });
    },
    limited(facts) {
      metrics.count('ib_oauth_limited_total', facts);
      log.warn({ event: 'limited', ...facts }, 'limited');
    },
    accessTakenBack: told('access_taken_back'),
    clientsReloaded: told('clients_reloaded'),
    clientsRefused: (faults) =>
      log.error({ event: 'clients_refused', faults }, 'the new clients file is refused; the old one stays'),
    keysLoaded({ ageSeconds, limitSeconds }) {
      metrics.set('ib_oauth_signing_key_age_seconds', ageSeconds);
      const days = Math.floor(ageSeconds / (24 * 3600));
      if (ageSeconds > limitSeconds)
        log.warn({ event: 'keys_old', days }, 'the signing keys are old; rotate them');
    },
    failed(reference, error) {
      metrics.count('ib_oauth_failures_total', { error: error instanceof Error ? error.name : 'unknown' });
      log.error({ event: 'failed', reference, ...errorFacts(error) }, 'failed');
    },
  };
}

const NO_METRICS: MetricsSink = {
  count: () => undefined,
  observe: () => undefined,
  set: () => undefined,
};

/** OAuth's own events, as node-oidc-provider emits them. */
export function logProviderEvents(provider: Provider, log: Logger, events: Pick<Events, 'tokens'>): void {
  const grantTypeOf = (ctx: KoaContextWithOIDC): string => {
    const asked = ctx.oidc.params?.['grant_type'];
    return GRANT_TYPES.find((known) => known === asked) ?? 'other';
  };
  const names = ['authorization.error', 'grant.error', 'userinfo.error', 'revocation.error'] as const;
  for (const name of names) {
    provider.on(name as 'grant.error', (ctx: KoaContextWithOIDC, failure: Error) => {
      const { error, error_detail: said = '' } = failure as { error?: string; error_detail?: string };
      // What follows a quote may be a piece of the request.
      const [detail] = said.split(/["'`]/, 1);
      const clientId = ctx.oidc.client?.clientId;
      log.info({ event: name, reference: referenceOf(ctx as never), clientId, error, detail }, name);
    });
  }
  provider.on('grant.success', (ctx: KoaContextWithOIDC) => {
    const grantType = grantTypeOf(ctx);
    events.tokens({ grantType, outcome: 'issued' });
    log.info(
      {
        event: 'grant.success',
        reference: referenceOf(ctx as never),
        clientId: ctx.oidc.client?.clientId,
        grantType,
      },
      'tokens issued',
    );
  });
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
    log.error(
      { event: 'server_error', reference: referenceOf(ctx as never), ...errorFacts(error) },
      'server error',
    );
  });
}
