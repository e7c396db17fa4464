/** An IB session: what is kept of IB's answer, when it ends, whose it is. Pure. */

/** Times in unix seconds. `sid` is a secret. */
export interface IbSession {
  readonly sid: string;
  /** Origin of the API, without a trailing slash. */
  readonly apiUrl: string;
  /** Origin of the platform the user signed in to. */
  readonly platformUrl: string;
  /** The customer's id; its case matters. */
  readonly clientid: string;
  readonly clientuuid?: string;
  readonly clientName?: string;
  readonly userUuid: string;
  readonly givenName?: string;
  readonly familyName?: string;
  /** Only where IB gave the user's own. */
  readonly email?: string;
  readonly loginTime: number;
  readonly timeoutPeriodHours: number;
  readonly endsAt: number;
}

const HOUR_SECONDS = 3600;
/** Where IB does not say how long a session lasts. */
const DEFAULT_PERIOD_HOURS = 24;
/** The upper one of IB's bounds of `logintimeoutperiod`, 1..120. */
const LONGEST_PERIOD_HOURS = 120;

/**
 * The period in force, hours: the stated one, or the default where it is absent, 0 or more than IB ever grants. One of
 * less than an hour, which IB does not state either, is believed: a session that ends too early harms nobody.
 */
export function periodHours(stated: number | undefined): number {
  const valid = stated !== undefined && stated > 0 && stated <= LONGEST_PERIOD_HOURS;
  return valid ? stated : DEFAULT_PERIOD_HOURS;
}

/** When a session ends by its own numbers, unix seconds: absolute from the login, whatever the user does. */
export function sessionEnd(loginTime: number, stated: number | undefined): number {
  return Math.floor(loginTime + periodHours(stated) * HOUR_SECONDS);
}

/** A session that IB has just answered for, though its numbers say that it is over: it ends one period from now. */
export function prolonged(session: IbSession, nowSeconds: number): IbSession {
  return { ...session, endsAt: sessionEnd(nowSeconds, session.timeoutPeriodHours) };
}

/** Whether a session has not ended yet. */
export function isSessionAlive(session: Pick<IbSession, 'endsAt'>, nowSeconds: number): boolean {
  return nowSeconds < session.endsAt;
}

/** The subject of a session: `{clientid}.{userUuid}`, as the same user id was seen on two platforms for two people. */
export function subjectOf(session: Pick<IbSession, 'clientid' | 'userUuid'>): string {
  return `${session.clientid}.${session.userUuid}`;
}
