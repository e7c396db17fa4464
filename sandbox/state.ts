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
  dead: boolean;
}

export interface LoginToken {
  readonly token: string;
  readonly platform: PlatformState;
  session: Session | undefined;
  signedInAtMs: number;
  told: boolean;
  expired: boolean;
}

export interface PlatformState extends PlatformSeed {
  readonly switches: Switches;
  readonly sessions: Map<string, Session>;
  readonly tokens: Map<string, LoginToken>;
}

/** The same id for two people on two platforms, as was seen. */
const SHARED_UUID = '0123456789abcdef0123456789abcdef';

/** Two customers of IB. */
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
    users: [{ name: 'alan', firstname: 'Alan', lastname: 'Turing', useruuid: SHARED_UUID }],
  },
];

/** A platform with nobody signed in. */
export function createPlatform(seed: PlatformSeed): PlatformState {
  return { ...seed, switches: defaultSwitches(), sessions: new Map(), tokens: new Map() };
}

/** A new login token: eight letters and digits. */
export function issueToken(platform: PlatformState): LoginToken {
  const token = randomBytes(12)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 8)
    .padEnd(8, 'x');
  const login: LoginToken = {
    token,
    platform,
    session: undefined,
    signedInAtMs: 0,
    told: false,
    expired: false,
  };
  platform.tokens.set(token, login);
  return login;
}

/** The user signs in on the login page. */
export function signIn(login: LoginToken, user: User, nowMs: number): Session {
  const { platform } = login;
  const loginTime = Math.floor(nowMs / 1000) - (platform.switches.alreadyOver ? 121 * 3600 : 0);
  const sid = `sid-${randomBytes(16).toString('hex')}`;
  const session: Session = { sid, user, clientid: platform.clientid, loginTime, dead: false };
  platform.sessions.set(sid, session);
  login.session = session;
  login.signedInAtMs = nowMs;
  return session;
}
