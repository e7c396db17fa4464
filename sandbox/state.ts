/** What the sandbox knows: platforms, users, login tokens, sessions. In memory; it is a stand-in for tests and demos. */
import { randomBytes } from 'node:crypto';
import { defaultSwitches, type Switches } from './switches.ts';

export interface User {
  readonly name: string;
  readonly firstname: string;
  readonly lastname: string;
  readonly useruuid: string;
  readonly email?: string;
}

export interface PlatformSeed {
  /** Case matters. */
  readonly clientid: string;
  readonly clientname: string;
  readonly clientuuid: string;
  readonly users: readonly User[];
}

export interface Session {
  readonly sid: string;
  readonly user: User;
  readonly clientid: string;
  /** Unix seconds. */
  readonly loginTime: number;
  /** Unix seconds; from now on the API answers 401. Moves with each call where sessions slide. */
  endsAt: number;
  readonly periodHours: number;
  dead: boolean;
}

export interface LoginToken {
  readonly token: string;
  readonly platform: PlatformState;
  readonly issuedAtMs: number;
  session: Session | undefined;
  signedInAtMs: number;
  expired: boolean;
  /** Whether its login page was opened in time. */
  opened: boolean;
}

export interface PlatformState extends PlatformSeed {
  readonly switches: Switches;
  readonly sessions: Map<string, Session>;
  readonly tokens: Map<string, LoginToken>;
}

/** What a caller of the sandbox asked for does not exist. */
export class SandboxError extends Error {
  readonly code: 'unknown_token' | 'unknown_user';

  constructor(code: SandboxError['code'], message: string) {
    super(message);
    this.name = 'SandboxError';
    this.code = code;
  }
}

/** The same id for two people on two platforms, as was seen. */
const SHARED_UUID = '0123456789abcdef0123456789abcdef';
const HOUR_SECONDS = 3600;
/** Of a session whose `logintimeoutperiod` is not told. */
const USUAL_PERIOD_HOURS = 24;
/** Longer than the longest period. */
const LONG_OVER_HOURS = 121;

/** Two customers of IB. One user has an e-mail address of her own, the others have none. */
export const PLATFORM_SEEDS: readonly PlatformSeed[] = [
  {
    clientid: '6M0B',
    clientname: 'ACME',
    clientuuid: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    users: [
      {
        name: 'ada',
        firstname: 'Ada',
        lastname: 'Lovelace',
        useruuid: SHARED_UUID,
        email: 'ada@acme.example',
      },
      { name: 'grace', firstname: 'Grace', lastname: 'Hopper', useruuid: 'fedcba9876543210fedcba9876543210' },
    ],
  },
  {
    clientid: '7q2C',
    clientname: 'Globex',
    clientuuid: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
    users: [
      { name: 'alan', firstname: 'Alan', lastname: 'Turing', useruuid: SHARED_UUID },
      { name: 'mary', firstname: 'Mary', lastname: "O'Brien", useruuid: '00112233445566778899aabbccddeeff' },
    ],
  },
];

/** A platform with nobody signed in. */
export function createPlatform(seed: PlatformSeed): PlatformState {
  return { ...seed, switches: defaultSwitches(), sessions: new Map(), tokens: new Map() };
}

/** First and last name. */
export function fullName({ firstname, lastname }: User): string {
  return `${firstname} ${lastname}`;
}

/** A new login token: eight letters and digits. */
export function issueToken(platform: PlatformState, nowMs: number): LoginToken {
  const token = randomBytes(12)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 8)
    .padEnd(8, 'x');
  const login: LoginToken = {
    token,
    platform,
    issuedAtMs: nowMs,
    session: undefined,
    signedInAtMs: 0,
    expired: false,
    opened: false,
  };
  platform.tokens.set(token, login);
  return login;
}

/** The newest login token. */
export function lastToken(platform: PlatformState): string | undefined {
  return [...platform.tokens.keys()].at(-1);
}

/** Whether a login token has outlived itself; what has expired stays so. */
export function hasExpired(login: LoginToken, nowMs: number): boolean {
  const { switches } = login.platform;
  const tooOld = switches.tokenSeconds > 0 && nowMs - login.issuedAtMs >= switches.tokenSeconds * 1000;
  if (tooOld && login.session === undefined) login.expired = true;
  return login.expired && !(switches.openedGoesOn && login.opened && login.session !== undefined);
}

/** Whether the login page of a token can be used; opens it. */
export function openPage(login: LoginToken, nowMs: number): boolean {
  const { switches } = login.platform;
  const usable = login.session !== undefined || !hasExpired(login, nowMs);
  login.opened ||= usable;
  return usable || (switches.openedGoesOn && login.opened);
}

/** The user signs in on the login page. */
export function signIn(login: LoginToken, user: User, nowMs: number): Session {
  const { platform } = login;
  const { alreadyOver, loginAgeSeconds, slides, withoutPeriod, periodHours } = platform.switches;
  const nowSeconds = Math.floor(nowMs / 1000);
  const loginTime = nowSeconds - (alreadyOver ? LONG_OVER_HOURS * HOUR_SECONDS : loginAgeSeconds);
  const hours = withoutPeriod ? USUAL_PERIOD_HOURS : periodHours;
  const session: Session = {
    sid: `sid-${randomBytes(16).toString('hex')}`,
    user,
    clientid: platform.clientid,
    loginTime,
    endsAt: (slides ? nowSeconds : loginTime) + hours * HOUR_SECONDS,
    periodHours: hours,
    dead: false,
  };
  platform.sessions.set(session.sid, session);
  login.session = session;
  login.signedInAtMs = nowMs;
  return session;
}

/** Plays a user, named as in `name` or in full. Throws SandboxError for a token or user that does not exist. */
export function playUser(
  platforms: readonly PlatformState[],
  nowMs: number,
  { user, token }: { readonly user: string; readonly token: string },
): Session {
  const login = platforms.map(({ tokens }) => tokens.get(token)).find((found) => found !== undefined);
  if (login === undefined) throw new SandboxError('unknown_token', 'no such login token');
  const person = login.platform.users.find(
    (candidate) => candidate.name === user || fullName(candidate) === user,
  );
  if (person === undefined) throw new SandboxError('unknown_user', 'no such user on this platform');
  return signIn(login, person, nowMs);
}

/** A call was made with a session: its end moves where sessions slide. */
export function use(session: Session, { slides }: Switches, nowMs: number): void {
  if (slides) session.endsAt = Math.floor(nowMs / 1000) + session.periodHours * HOUR_SECONDS;
}

/** Ends all sessions: the API answers 401 from now on. */
export function killSessions(platform: PlatformState): void {
  for (const session of platform.sessions.values()) session.dead = true;
}
