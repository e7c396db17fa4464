/** OAuth's own events, as node-oidc-provider emits them. */
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { GRANT_TYPES } from '../../config/clients/supported.ts';
import { type Events, errorFacts } from './events.ts';

/** Tells them. */
export function tellProviderEvents(
  provider: Provider,
  events: Pick<Events, 'tokens' | 'say' | 'audit' | 'refusalReason'>,
  /** Tells once what a request has done is written: until then it has not been done. */
  whenKept: (tell: () => void) => void,
): void {
  const grantTypeOf = (ctx: KoaContextWithOIDC): string => {
    const asked = ctx.oidc.params?.['grant_type'];
    return GRANT_TYPES.find((known) => known === asked) ?? 'other';
  };
  const clientOf = (ctx: KoaContextWithOIDC) => ({ clientId: ctx.oidc.client?.clientId });
  const names = ['authorization.error', 'grant.error', 'revocation.error'] as const;
  for (const name of names) {
    provider.on(name as 'grant.error', (ctx: KoaContextWithOIDC, failure: Error) => {
      const { error, error_detail: said = '' } = failure as { error?: string; error_detail?: string };
      // What follows a quote may be a piece of the request.
      const [detail] = said.split(/["'`]/, 1);
      events.say('info', name, { ...clientOf(ctx), error, detail, reason: events.refusalReason() });
      if (name === 'grant.error') {
        events.tokens({ grantType: grantTypeOf(ctx), ...clientOf(ctx), outcome: error ?? 'other' });
      }
    });
  }
  provider.on('grant.success', (ctx: KoaContextWithOIDC) => {
    whenKept(() => {
      const grantType = grantTypeOf(ctx);
      events.tokens({ grantType, ...clientOf(ctx), outcome: 'issued' });
      events.say('info', 'grant.success', { ...clientOf(ctx), grantType }, 'tokens issued');
    });
  });
  provider.on('grant.revoked', (ctx: KoaContextWithOIDC) => {
    const { AccessToken, RefreshToken, AuthorizationCode } = ctx.oidc.entities;
    const { accountId } = AccessToken ?? RefreshToken ?? AuthorizationCode ?? {};
    events.audit('grant_revoked', { ...clientOf(ctx), accountId });
  });
  provider.on('end_session.success', (ctx: KoaContextWithOIDC) => {
    events.audit('signed_out', { ...clientOf(ctx), accountId: ctx.oidc.session?.accountId });
  });
  for (const [name, noted] of [
    ['registration_create.success', 'app_registered'],
    ['registration_update.success', 'app_changed'],
    ['registration_delete.success', 'app_removed'],
  ] as const) {
    provider.on(
      name as 'registration_create.success',
      (_ctx: KoaContextWithOIDC, client: { clientId: string }) =>
        events.audit(noted, { clientId: client.clientId }),
    );
  }
  provider.on('server_error', (_ctx: KoaContextWithOIDC, error: Error) => {
    events.say('error', 'server_error', errorFacts(error), 'server error');
  });
}
