/**
 * A simulated IntelligenceBank on loopback: two platforms and one API host, each an origin of its own.
 * Shares no code with what it tests, so that a misreading of IB's API shows.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiDeps, handleApi } from './api.ts';
import { CONTROL_PREFIX, handleControl } from './control.ts';
import { sendJson } from './http.ts';
import { handleLogin } from './login.ts';
import {
  createPlatform,
  killSessions,
  lastToken,
  PLATFORM_SEEDS,
  type PlatformState,
  playUser,
  type Session,
} from './state.ts';
import { defaultSwitches, type Switches } from './switches.ts';

/** One request that the sandbox got; no bodies, and none of its own control. */
export interface RecordedCall {
  readonly host: string;
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One platform as tests and demos play with it. */
export interface SandboxPlatform {
  readonly origin: string;
  readonly clientid: string;
  readonly clientname: string;
  /** The switches now in force; set them here or over HTTP. */
  readonly switches: Switches;
  /**
   * Plays the user, `ada` or `Ada Lovelace`: signs in with a login token of this platform, the newest where none is
   * given. Throws SandboxError for a token or user that does not exist.
   */
  signIn(user: string, token?: string): Session;
  /** The newest login token. */
  lastToken(): string | undefined;
  /** Ends all sessions: the API answers 401 from now on. */
  killSessions(): void;
}

/** A running sandbox. */
export interface Sandbox {
  readonly platforms: readonly [SandboxPlatform, SandboxPlatform];
  /** What `apiV3url` names. The API is here and on no other origin. */
  readonly apiOrigin: string;
  /** The latest requests, oldest first. */
  readonly calls: RecordedCall[];
  /** Sets switches of both platforms. */
  set(switches: Partial<Switches>): void;
  /** All switches as usual, no calls recorded; tokens and sessions stay. */
  reset(): void;
  close(): Promise<void>;
}

export interface SandboxOptions {
  /** The first of three consecutive ports: API, first platform, second platform. Free ones where absent or 0. */
  readonly port?: number;
  /** Unix milliseconds. */
  readonly clock?: () => number;
}

type Handle = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>;

const MOST_RECORDED_CALLS = 10_000;

/** Starts the sandbox; rejects, with nothing left open, where a port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const nowMs = options.clock ?? (() => Date.now());
  const calls: RecordedCall[] = [];
  const servers: Server[] = [];
  const portAt = (at: number): number => (options.port ? options.port + at : 0);

  async function open(at: number, handle: Handle): Promise<string> {
    const server = createServer(answering(handle, calls));
    const origin = await listen(server, portAt(at));
    servers.push(server);
    return origin;
  }

  try {
    return await startServers(open, { nowMs, calls, servers });
  } catch (error) {
    await closeAll(servers);
    throw error;
  }
}

async function startServers(
  open: (at: number, handle: Handle) => Promise<string>,
  { nowMs, calls, servers }: { nowMs: () => number; calls: RecordedCall[]; servers: Server[] },
): Promise<Sandbox> {
  const states = PLATFORM_SEEDS.map(createPlatform);
  const origins = new Map<PlatformState, string>();
  const originOf = (platform: PlatformState): string => origins.get(platform) ?? '';
  const api: ApiDeps = { platforms: states, apiOrigin: () => apiOrigin, nowMs };

  const apiOrigin: string = await open(0, async (request, response, url) => {
    if (isControl(url)) return handleControl({ platforms: states, originOf, nowMs }, request, response, url);
    return handleApi(api, request, response, url);
  });
  for (const [at, platform] of states.entries()) {
    const control = { platforms: [platform], originOf, nowMs };
    const login = { platform, apiOrigin, nowMs };
    const origin = await open(at + 1, async (request, response, url) =>
      isControl(url)
        ? handleControl(control, request, response, url)
        : handleLogin(login, request, response, url),
    );
    origins.set(platform, origin);
  }
  const [first, second] = states.map((platform) => playable(platform, originOf(platform), nowMs));
  if (first === undefined || second === undefined) throw new TypeError('the sandbox plays two platforms');
  const set = (switches: Partial<Switches>): void => {
    for (const platform of states) Object.assign(platform.switches, switches);
  };
  return {
    platforms: [first, second],
    apiOrigin,
    calls,
    set,
    reset() {
      calls.length = 0;
      set(defaultSwitches());
    },
    close: () => closeAll(servers),
  };
}

function isControl({ pathname }: URL): boolean {
  return pathname.startsWith(CONTROL_PREFIX);
}

/** Records a request and answers it, 404 where nobody knows it. */
function answering(handle: Handle, calls: RecordedCall[]) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { url: target = '/', method = '', headers } = request;
    const url = URL.parse(target, 'http://sandbox') ?? new URL('http://sandbox/');
    if (!isControl(url)) calls.push({ host: headers.host ?? '', method, target, headers });
    if (calls.length > MOST_RECORDED_CALLS) calls.shift();
    handle(request, response, url)
      .then((handled) => {
        if (handled) return;
        request.resume();
        sendJson(response, 404, { message: 'not found' });
      })
      .catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else sendJson(response, 500, { message: String(error) });
      });
  };
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  const closed = servers.map(
    (server) =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  await Promise.all(closed);
}

function playable(platform: PlatformState, origin: string, nowMs: () => number): SandboxPlatform {
  return {
    origin,
    clientid: platform.clientid,
    clientname: platform.clientname,
    switches: platform.switches,
    lastToken: () => lastToken(platform),
    signIn: (user, token) =>
      playUser([platform], nowMs(), { user, token: token ?? lastToken(platform) ?? '' }),
    killSessions: () => killSessions(platform),
  };
}
