/** Whether a call through the proxy is allowed: token, Grant, app and IB session, read in one batch. */
import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { type IbSession, isSessionAlive } from '../../adapters/ib/session.ts';
import type { Store } from '../../adapters/store/contract.ts';
import { ProofUsedError } from '../../adapters/store/errors.ts';
import { ibSessionIdOf } from '../../adapters/store/handles.ts';
import { bearerToken, isSentAsBound, SESSION_EXPIRED, standsOnLiveSession } from '../http/bearer.ts';
import type { AppOrigins } from '../http/cors.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import { hasProof } from './dpop.ts';

/** Whose call it is and what it stands on. */
export interface Caller {
  readonly clientId: string;
  readonly accountId: string;
  readonly grantId: string;
  readonly ibSessionId: string;
  readonly session: IbSession;
  /** The origins of its pages. */
  readonly origins: AppOrigins;
}

export type Authorization =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly error: 'missing' }
  | { readonly ok: false; readonly error: 'invalid_token'; readonly description: string }
  | { readonly ok: false; readonly error: 'insufficient_scope' };

interface AuthorizeDeps {
  readonly issuer: string;
  readonly provider: Provider;
  readonly store: Store;
  readonly originsOf: ClientRegistry['originsOf'];
  readonly nowSeconds: () => number;
}

/** The scope that calls need. */
export const API_SCOPE = 'ib:api';

const BOUND = 'the token is bound to a key';
const invalid = (description: string) => ({ ok: false, error: 'invalid_token', description }) as const;

/**
 * Checks the bearer token of a call (RFC 6750), as a unit of its own: whatever it uses up is, before IB is called. A token for
 * another resource is not taken, one that is bound to a key with that key's proof alone.
 */
export async function authorizeCall(deps: AuthorizeDeps, ctx: Context): Promise<Authorization> {
  try {
    return await deps.store.unit(() => authorize(deps, ctx));
  } catch (error) {
    if (error instanceof ProofUsedError) return invalid(BOUND);
    throw error;
  }
}

async function authorize(deps: AuthorizeDeps, ctx: Context): Promise<Authorization> {
  const value = bearerToken(ctx);
  if (value === undefined) return { ok: false, error: 'missing' };
  if (!(await standsOnLiveSession(deps.store, value, deps.nowSeconds()))) return invalid(SESSION_EXPIRED);
  const token = await deps.provider.AccessToken.find(value);
  if (token?.grantId === undefined || token.clientId === undefined) return invalid('invalid token provided');
  if (token.aud !== undefined && token.aud !== deps.issuer)
    return invalid('the token is for another resource');
  if (token.isSenderConstrained()) {
    const bound = { value, jkt: token.jkt ?? '', clientId: token.clientId };
    if (!(await hasProof(proofDeps(deps), ctx, bound))) return invalid(BOUND);
  } else if (isSentAsBound(ctx)) return invalid('the token is not bound to a key');
  const caller = await callerOf(deps, token.grantId, {
    clientId: token.clientId,
    accountId: token.accountId,
  });
  if (caller === undefined) return invalid('invalid token provided');
  return token.scopes.has(API_SCOPE) ? { ok: true, caller } : { ok: false, error: 'insufficient_scope' };
}

/** Replays are noticed where the provider notices its own. */
function proofDeps({ issuer, provider, nowSeconds }: AuthorizeDeps) {
  const replays = provider.ReplayDetection;
  return {
    issuer,
    nowSeconds,
    isFresh: (clientId: string, jti: string, expires: number) => replays.unique(clientId, jti, expires),
  };
}

/** The caller behind a Grant that still lives, of an app that is still registered. */
export async function callerOf(
  deps: AuthorizeDeps,
  grantId: string,
  expected?: { readonly clientId: string; readonly accountId: string | undefined },
): Promise<Caller | undefined> {
  const grant = await deps.provider.Grant.find(grantId);
  const ibSessionId = ibSessionIdOf(grantId);
  if (grant?.clientId === undefined || grant.accountId === undefined || ibSessionId === undefined)
    return undefined;
  if (
    expected !== undefined &&
    (grant.clientId !== expected.clientId || grant.accountId !== expected.accountId)
  ) {
    return undefined;
  }
  const client = await deps.provider.Client.find(grant.clientId);
  const session = await deps.store.ibSessions.find(ibSessionId);
  if (client === undefined || session === undefined || !isSessionAlive(session, deps.nowSeconds()))
    return undefined;
  return {
    clientId: grant.clientId,
    accountId: grant.accountId,
    grantId,
    ibSessionId,
    session,
    origins: deps.originsOf(client),
  };
}
