/**
 * Token exchange (RFC 8693): a resource server that got a user's token made for it, such as an MCP server, exchanges it for
 * one with which it calls IB through `/proxy`: for the same session and app, and no more than the user allowed there.
 */
import { createLocalJWKSet, type JWK, errors as jose, jwtVerify } from 'jose';
import type Provider from 'oidc-provider';
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { SealedTexts } from '../../adapters/secrets/sealed-text.ts';
import { sameResource } from '../../config/clients/resource-uri.ts';
import { GRANT } from '../../config/clients/supported.ts';
import type { ProtectedResource } from '../../config/types.ts';
import { proofIn } from '../http/proofs.ts';

const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
/** All that an exchanged token is for. */
const EXCHANGED_SCOPE = 'ib:api';
/** What a JWT stands on, sealed, as records are sealed under it; in those alone whose resource server may exchange them. */
const GRANT_CLAIM = 'ib_grant';

interface ExchangeDeps {
  readonly issuer: string;
  readonly resources: readonly ProtectedResource[];
  /** The server's own keys. */
  readonly signingKeys: readonly JWK[];
  readonly grantHandles: SealedTexts;
  readonly nowSeconds: () => number;
}

/** A user's token as a resource server presents it. */
interface Subject {
  readonly grantId: string;
  readonly clientId: string;
  readonly audience: string;
  readonly expiresIn: number;
  /** Whether it works with a key of the app's alone (RFC 9449 section 6). */
  readonly isBound: boolean;
  readonly sid?: string | undefined;
  readonly sessionUid?: string | undefined;
}

/** The claim by which a JWT is found to stand on its Grant; opaque tokens need none. */
export function createExtraTokenClaims(
  resources: readonly ProtectedResource[],
  grantHandles: SealedTexts,
): NonNullable<Configuration['extraTokenClaims']> {
  return (_ctx, token) => {
    const { aud, grantId } = token as { aud?: unknown; grantId?: string };
    const exchangeable = resources.some(
      ({ identifier, tokenFormat, clientId }) =>
        identifier === aud && tokenFormat === 'jwt' && clientId !== undefined,
    );
    return exchangeable && grantId !== undefined ? { [GRANT_CLAIM]: grantHandles.seal(grantId) } : undefined;
  };
}

interface ExchangeParams {
  readonly subject_token?: string;
  readonly subject_token_type?: string;
  readonly requested_token_type?: string;
  readonly scope?: string;
  readonly resource?: string | readonly string[];
  readonly audience?: string | readonly string[];
}

/** Adds the grant type to a provider. */
export function registerTokenExchange(provider: Provider, deps: ExchangeDeps): void {
  const params = [
    'subject_token',
    'subject_token_type',
    'requested_token_type',
    'scope',
    'audience',
    'resource',
  ];
  // Several may be named (RFC 8693 section 2.1).
  const several = ['audience', 'resource'];
  const subjectOf = createSubjectReader(provider, deps);
  provider.registerGrantType(
    GRANT.exchange,
    async (ctx) => {
      const { client } = ctx.oidc;
      const asked = ctx.oidc.params as ExchangeParams;
      if (client === undefined || client.clientAuthMethod === 'none') {
        throw new errors.UnauthorizedClient('token exchange needs a confidential client');
      }
      checkParams(asked);
      checkTarget(asked, deps.issuer);
      const subject = await subjectOf(asked.subject_token ?? '');
      const mine = deps.resources.some(
        ({ identifier, clientId }) => clientId === client.clientId && identifier === subject?.audience,
      );
      const grant = subject && mine ? await provider.Grant.find(subject.grantId) : undefined;
      const app = subject && grant ? await provider.Client.find(subject.clientId) : undefined;
      if (subject === undefined || grant === undefined || app === undefined) {
        throw new errors.InvalidGrant('subject token not acceptable');
      }
      if (!grant.getResourceScope(subject.audience).split(' ').includes(EXCHANGED_SCOPE)) {
        throw new errors.InvalidScope('the user has not allowed it at this resource', EXCHANGED_SCOPE);
      }
      const jkt = await keyFor(ctx, subject, deps);

      const { grantId, expiresIn, sid, sessionUid } = subject;
      const token = new provider.AccessToken({
        accountId: grant.accountId ?? '',
        client: app,
        grantId,
        gty: GRANT.exchange,
        sessionUid,
        sid,
        expiresIn,
      } as unknown as ConstructorParameters<Provider['AccessToken']>[0]);
      token.scope = EXCHANGED_SCOPE;
      if (jkt !== undefined) (token as unknown as Bindable).setThumbprint('jkt', jkt);
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
    several,
  );
}

/** The part of the library's access tokens that its types leave out. */
interface Bindable {
  setThumbprint(kind: 'jkt', thumbprint: string): void;
}

/**
 * The thumbprint of the resource server's own key, which it proves as at any grant (RFC 9449 section 5); undefined where its token is
 * for whoever bears it. A token that is bound to a key is not exchanged for one that is not (docs/decisions/0032).
 */
async function keyFor(
  ctx: KoaContextWithOIDC,
  subject: Subject,
  deps: ExchangeDeps,
): Promise<string | undefined> {
  const { client, provider } = ctx.oidc;
  if (ctx.get('DPoP') === '') {
    if (subject.isBound)
      throw new errors.InvalidRequest('subject_token is bound to a key: a DPoP proof of your own is needed');
    if (client?.dpopBoundAccessTokens === true) throw new errors.InvalidGrant('DPoP proof JWT not provided');
    return undefined;
  }
  const proof = await proofIn(ctx, deps);
  if (proof === undefined) throw new errors.InvalidDpopProof('invalid DPoP key binding');
  const isFresh = await provider.ReplayDetection.unique(client?.clientId ?? '', proof.jti, proof.expires);
  if (!isFresh) throw new errors.InvalidGrant('DPoP proof JWT Replay detected');
  return proof.jkt;
}

/** Reads subject tokens: opaque ones from the store, JWTs by our own signature. Undefined for anything else. */
function createSubjectReader(
  provider: Provider,
  { issuer, signingKeys, grantHandles, nowSeconds }: ExchangeDeps,
): (value: string) => Promise<Subject | undefined> {
  const keys = createLocalJWKSet({ keys: signingKeys.map(publicPart) });

  async function fromJwt(value: string): Promise<Subject | undefined> {
    try {
      const { payload } = await jwtVerify(value, keys, {
        issuer,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'aud', 'client_id', GRANT_CLAIM],
        currentDate: new Date(nowSeconds() * 1000),
      });
      const { [GRANT_CLAIM]: handle, client_id: clientId, aud, exp = 0, cnf } = payload;
      const grantId = grantHandles.open(String(handle));
      if (typeof aud !== 'string' || typeof grantId !== 'string') return undefined;
      return {
        grantId,
        clientId: String(clientId),
        audience: aud,
        expiresIn: exp - nowSeconds(),
        isBound: cnf !== undefined,
      };
    } catch (error) {
      if (error instanceof jose.JOSEError) return undefined;
      throw error;
    }
  }

  return async (value) => {
    if (value.includes('.')) return fromJwt(value);
    const found = await provider.AccessToken.find(value);
    if (found?.grantId === undefined || found.clientId === undefined) return undefined;
    return {
      grantId: found.grantId,
      clientId: found.clientId,
      audience: String(found.aud),
      expiresIn: found.remainingTTL,
      isBound: found.isSenderConstrained(),
      sid: found.sid,
      sessionUid: found.sessionUid,
    };
  };
}

function publicPart({ kty, kid, alg, use, n, e, crv, x, y }: JWK): JWK {
  const all = { kty, kid, alg, use, n, e, crv, x, y };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as JWK;
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

/** What is exchanged is good here alone: whoever names another target is not given what he could take for its token (section 2.2.2). */
function checkTarget({ resource, audience }: ExchangeParams, issuer: string): void {
  const here = [issuer, `${issuer}/proxy`];
  const targets = [resource, audience].flat().filter((target) => target !== undefined);
  if (!targets.every((target) => here.some((own) => sameResource(own, target)))) {
    throw new errors.InvalidTarget(`tokens are exchanged for ${here.join(' or ')} only`);
  }
}
