/** A finished sign-in at IB, as browser sessions and interactions carry it. Pure. */
import type { IbSession } from '../adapters/ib/session.ts';

/** What is remembered of an IB session: enough to go on with, no sid. */
export interface SignIn {
  /** Handle of the stored IB session. */
  readonly ibSessionId: string;
  /** `{clientid}.{userUuid}` */
  readonly accountId: string;
  readonly platformOrigin: string;
  /** The person's name, or the empty string where IB gave none. */
  readonly displayName: string;
  /** The customer's name of the platform. */
  readonly clientName: string | undefined;
  /** IB's login time, unix seconds: OpenID's `auth_time`. */
  readonly loginTime: number;
  /** When the IB session ends, unix seconds. */
  readonly endsAt: number;
  /** Whether the user signed in at IB for the attempt that brought it; else IB handed out a session it had before. */
  readonly newLogin?: boolean;
}

/** What to remember of an IB session of an account, stored under a handle. */
export function signInOf(
  session: IbSession,
  facts: Pick<SignIn, 'accountId' | 'ibSessionId' | 'newLogin'>,
): SignIn {
  return {
    ...facts,
    platformOrigin: session.platformUrl,
    displayName: [session.givenName, session.familyName].filter(Boolean).join(' '),
    clientName: session.clientName,
    loginTime: session.loginTime,
    endsAt: session.endsAt,
  };
}
