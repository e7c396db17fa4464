/**
 * Token exchange (RFC 8693): a resource server that got a user's token made for it, such as an MCP server, exchanges it for
 * one with which it calls IB through `/proxy`: for the same session and app, and no more than the user allowed there.
 */
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { ProtectedResource } from '../../config/config.ts';
import { GRANT } from '../../config/supported.ts';

const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
/** All that an exchanged token is for. */
const EXCHANGED_SCOPE = 'ib:api';

interface ExchangeParams {
  readonly subject_token?: string;
  readonly subject_token_type?: string;
  readonly requested_token_type?: string;
  readonly scope?: string;
}

/** Adds the grant type to a provider. Opaque subject tokens only: a JWT does not say what it stands on. */
export function registerTokenExchange(provider: Provider, resources: readonly ProtectedResource[]): void {
  const params = [
    'subject_token',
    'subject_token_type',
    'requested_token_type',
    'scope',
    'audience',
    'resource',
  ];
  provider.registerGrantType(
    GRANT.exchange,
    async (ctx) => {
      const { client } = ctx.oidc;
      const asked = ctx.oidc.params as ExchangeParams;
      if (client === undefined || client.clientAuthMethod === 'none') {
        throw new errors.UnauthorizedClient('token exchange needs a confidential client');
      }
      checkParams(asked);
      const subject = await provider.AccessToken.find(asked.subject_token ?? '');
      const mine = resources.some(
        ({ identifier, clientId }) => clientId === client.clientId && identifier === subject?.aud,
      );
      if (subject?.grantId === undefined || !mine)
        throw new errors.InvalidGrant('subject token not acceptable');
      const grant = await provider.Grant.find(subject.grantId);
      const app = subject.clientId === undefined ? undefined : await provider.Client.find(subject.clientId);
      if (grant === undefined || app === undefined)
        throw new errors.InvalidGrant('subject token not acceptable');
      if (!grant.getResourceScope(String(subject.aud)).split(' ').includes(EXCHANGED_SCOPE)) {
        throw new errors.InvalidScope('the user has not allowed it at this resource', EXCHANGED_SCOPE);
      }

      const token = new provider.AccessToken({
        accountId: subject.accountId ?? '',
        client: app,
        grantId: subject.grantId,
        gty: GRANT.exchange,
        sessionUid: subject.sessionUid,
        sid: subject.sid,
        expiresIn: subject.remainingTTL,
      } as unknown as ConstructorParameters<Provider['AccessToken']>[0]);
      token.scope = EXCHANGED_SCOPE;
      ctx.oidc.entity('AccessToken', token);
      ctx.body = {
        access_token: await token.save(),
        issued_token_type: ACCESS_TOKEN_TYPE,
        token_type: token.tokenType,
        expires_in: token.expiration,
        scope: token.scope,
      };
    },
    params,
  );
}

function checkParams(asked: ExchangeParams): void {
  const { subject_token: token, subject_token_type: type, requested_token_type: requested, scope } = asked;
  if (token === undefined) throw new errors.InvalidRequest('subject_token is required');
  if (type !== ACCESS_TOKEN_TYPE)
    throw new errors.InvalidRequest('subject_token_type must be an access token');
  if (requested !== undefined && requested !== ACCESS_TOKEN_TYPE) {
    throw new errors.InvalidRequest('requested_token_type must be an access token');
  }
  if (scope !== undefined && scope !== EXCHANGED_SCOPE)
    throw new errors.InvalidScope('only ib:api is given', scope);
}
