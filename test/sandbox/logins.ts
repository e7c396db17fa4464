/** Logins at the sandbox's platforms, on a clock that the tests move on. */
import { expect } from 'chai';
import { type Sandbox, type SandboxPlatform, startSandbox } from '../../sandbox/server.ts';
import type { Switches } from '../../sandbox/switches.ts';

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
/** When each test begins. */
export const START_SECONDS = START_MS / 1000;

interface Info {
  readonly content: {
    readonly session: Record<string, unknown>;
    readonly info: Record<string, unknown>;
  };
}

/** `sandbox`, `acme` and `globex` are there once the suite has begun; the calls are to `acme` where no other is named. */
export interface Logins {
  readonly sandbox: Sandbox;
  readonly acme: SandboxPlatform;
  readonly globex: SandboxPlatform;
  set(switches: Partial<Switches>): void;
  later(seconds: number): void;
  newToken(platform?: SandboxPlatform, method?: string): Promise<string>;
  info(token: string, platform?: SandboxPlatform): Promise<Response>;
  loginPage(token: string, platform?: SandboxPlatform): string;
  /** A token that a user has signed in with. */
  signedInToken(user?: string): Promise<string>;
  /** What is told of such a token. */
  signedIn(token: string, platform?: SandboxPlatform): Promise<Info['content']>;
  expectPending(token: string): Promise<void>;
  expectExpired(token: string): Promise<void>;
}

/** Starts a sandbox for a suite; call inside `describe`. */
export function useLogins(): Logins {
  let nowMs = START_MS;
  let sandbox: Sandbox;
  let acme: SandboxPlatform;
  let globex: SandboxPlatform;

  before(async () => {
    sandbox = await startSandbox({ clock: () => nowMs });
    [acme, globex] = sandbox.platforms;
  });
  after(() => sandbox.close());
  beforeEach(() => {
    nowMs = START_MS;
    sandbox.reset();
  });

  const set = (switches: Partial<Switches>): void => void Object.assign(acme.switches, switches);
  const later = (seconds: number): void => {
    nowMs += seconds * 1000;
  };

  async function newToken(platform = acme, method = 'POST'): Promise<string> {
    const answer = await fetch(`${platform.origin}/v1/auth/app/token`, { method });
    const body = (await answer.json()) as Record<string, unknown>;
    expect(answer.status).to.equal(200);
    expect(body).to.have.all.keys('SID', 'content');
    return String(body['content']);
  }
  const info = (token: string, platform = acme): Promise<Response> =>
    fetch(`${platform.origin}/v1/auth/app/info?token=${token}`);
  const loginPage = (token: string, platform = acme): string =>
    `${platform.origin}/auth/?login=0&token=${token}`;

  async function signedInToken(user = 'ada'): Promise<string> {
    const token = await newToken();
    acme.signIn(user, token);
    return token;
  }
  async function signedIn(token: string, platform = acme): Promise<Info['content']> {
    const answer = await info(token, platform);
    expect(answer.status).to.equal(200);
    return ((await answer.json()) as Info).content;
  }
  async function expectPending(token: string): Promise<void> {
    const answer = await info(token);
    expect(answer.status).to.equal(404);
    expect(await answer.text()).to.not.match(/expired/);
  }
  async function expectExpired(token: string): Promise<void> {
    const answer = await info(token);
    expect(answer.status).to.equal(404);
    expect(await answer.text()).to.contain('resource has expired');
  }
  return {
    get sandbox() {
      return sandbox;
    },
    get acme() {
      return acme;
    },
    get globex() {
      return globex;
    },
    set,
    later,
    newToken,
    info,
    loginPage,
    signedInToken,
    signedIn,
    expectPending,
    expectExpired,
  };
}
