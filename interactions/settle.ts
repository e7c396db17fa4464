/** What a session that IB hands out means for a login: taken, refused, or a reason to ask the user once more. */
import type { IbTrouble } from '../adapters/ib/call.ts';
import type { LoginInfo } from '../adapters/ib/messages.ts';
import { type IbSession, prolonged } from '../adapters/ib/session.ts';
import type { LoginAttempt } from '../adapters/store/contract.ts';
import { platformOf } from './attempt.ts';
import type { InteractionDeps } from './deps.ts';
import { isRecent } from './recency.ts';

type Handed = Extract<LoginInfo, { status: 'signed_in' | 'overdue' | 'refused' }>;

export type Verdict =
  | { readonly kind: 'signed_in'; readonly session: IbSession }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The user is asked to sign in once more, with a sentence. */
  | { readonly kind: 'again'; readonly reason: NonNullable<LoginAttempt['askedAgain']> }
  /** IB does not say whether this session lives: kept, and asked about again. */
  | { readonly kind: 'trouble'; readonly session: IbSession; readonly trouble: IbTrouble };

type SettleDeps = Pick<InteractionDeps, 'ib' | 'platforms' | 'store' | 'now'>;

/** Judges what IB handed out, asking IB itself where its numbers say that the session is over. */
export async function settle(deps: SettleDeps, attempt: LoginAttempt, handed: Handed): Promise<Verdict> {
  if (handed.status === 'refused') return { kind: 'refused', reason: handed.reason };
  const { session } = handed;
  const nowSeconds = Math.floor(deps.now() / 1000);
  // IB gives a browser that is still signed in there the session it has: truthful answers need a look at its age.
  if (!isRecent(session, attempt.recency, nowSeconds)) return again(attempt, 'older_login');
  if (handed.status === 'signed_in') return accept(deps, attempt, session);
  const check = await deps.ib.checkSession(session);
  if (check.status === 'alive') return accept(deps, attempt, prolonged(session, nowSeconds));
  // Refused in whatever words: not alive, and asking for another login does no harm.
  const isDead = check.status === 'dead' || check.httpStatus === 401;
  return isDead ? again(attempt, 'session_over') : { kind: 'trouble', session, trouble: check };
}

/**
 * Takes a session, unless its platform has answered for another customer of IB's before: whoever can write to the DNS of a
 * customer's own domain could sign in as any user of any other.
 */
async function accept(deps: SettleDeps, attempt: LoginAttempt, session: IbSession): Promise<Verdict> {
  const { origin, host } = platformOf(attempt);
  if (!deps.platforms.isLoose(origin)) return { kind: 'signed_in', session };
  const { platformClients } = deps.store;
  const known = await platformClients.clientidOf(host);
  if (known !== undefined && known !== session.clientid) return { kind: 'refused', reason: 'other_client' };
  if (known === undefined) await platformClients.remember(host, session.clientid);
  return { kind: 'signed_in', session };
}

/** Once; whoever gets the same again could go on for ever. */
function again(attempt: LoginAttempt, reason: NonNullable<LoginAttempt['askedAgain']>): Verdict {
  return attempt.askedAgain === undefined ? { kind: 'again', reason } : { kind: 'refused', reason };
}
