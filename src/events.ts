/** What happens, one helper an event: a log line, without a secret in it. */
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Logger } from 'pino';
import type { IbCallEvent } from '../adapters/ib/client.ts';
import type { StoreCall } from '../adapters/store/contract.ts';
import type { InteractionEvents } from '../interactions/events.ts';
import type { ProxyCall } from './proxy/proxy.ts';
import { referenceOf } from './request.ts';

export interface Events {
  readonly interaction: InteractionEvents;
  ibCalled(call: IbCallEvent): void;
  storeCalled(call: StoreCall): void;
  proxied(call: ProxyCall): void;
  limited(facts: { readonly limit: string }): void;
  clientsReloaded(facts: { readonly clients: number }): void;
  clientsRefused(faults: readonly string[]): void;
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

/** Events as lines of a log. */
export function createEvents(log: Logger): Events {
  const told = (event: string) => (facts: object) => log.info({ event, ...facts }, event);
  return {
    interaction: {
      signInStarted: told('sign_in_started'),
      signInFinished: told('sign_in_finished'),
      signInReused: told('sign_in_reused'),
      loginTokenRenewed: told('login_token_renewed'),
      signInRefused: told('sign_in_refused'),
      attemptExpired: told('attempt_expired'),
      polled: (facts) => log.debug({ event: 'polled', ...facts }, 'polled'),
      consentDecided: told('consent_decided'),
      cancelled: told('cancelled'),
    },
    ibCalled: told('ib_call'),
    proxied: told('proxied'),
    limited: (facts) => log.warn({ event: 'limited', ...facts }, 'limited'),
    clientsReloaded: told('clients_reloaded'),
    clientsRefused: (faults) =>
      log.error({ event: 'clients_refused', faults }, 'the new clients file is refused; the old one stays'),
    storeCalled(call) {
      const quiet = call.outcome === 'ok' || call.outcome === 'condition_failed';
      log[quiet ? 'debug' : 'warn']({ event: 'store_call', ...call }, 'store call');
    },
    failed: (reference, error) => log.error({ event: 'failed', reference, ...errorFacts(error) }, 'failed'),
  };
}

/** OAuth's own events, as node-oidc-provider emits them. */
export function logProviderEvents(provider: Provider, log: Logger): void {
  const names = ['authorization.error', 'grant.error', 'userinfo.error', 'revocation.error'] as const;
  for (const name of names) {
    provider.on(name as 'grant.error', (ctx: KoaContextWithOIDC, failure: Error) => {
      const { error, error_detail: detail } = failure as { error?: string; error_detail?: string };
      const clientId = ctx.oidc.client?.clientId;
      log.info({ event: name, reference: referenceOf(ctx as never), clientId, error, detail }, name);
    });
  }
  provider.on('grant.success', (ctx: KoaContextWithOIDC) => {
    const grantType = ctx.oidc.params?.['grant_type'];
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
