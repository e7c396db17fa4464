/** A simulated IntelligenceBank on loopback: two platforms and one API host. Shares no code with what it tests. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiDeps, handleApi } from './api.ts';
import { readBody, sendJson } from './http.ts';
import { handleLogin } from './login.ts';
import { createPlatform, PLATFORM_SEEDS, type PlatformState, type Session, signIn } from './state.ts';
import { defaultSwitches, type Switches, setSwitches } from './switches.ts';

/** One request that the sandbox got; no bodies. */
export interface RecordedCall {
  readonly host: string;
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface SandboxPlatform {
  readonly origin: string;
  readonly clientid: string;
  readonly clientname: string;
  /** The switches now in force; set them here or over HTTP. */
  readonly switches: Switches;
  /** Plays the user: signs in with a login token of this platform, the newest where none is given. */
  signIn(user: string, token?: string): Session;
  /** The newest login token. */
  lastToken(): string | undefined;
  /** Ends all sessions: the API answers 401 from now on. */
  killSessions(): void;
}

export interface Sandbox {
  readonly platforms: readonly [SandboxPlatform, SandboxPlatform];
  readonly apiOrigin: string;
  readonly calls: RecordedCall[];
  reset(): void;
  close(): Promise<void>;
}

export interface SandboxOptions {
  /** The first of three consecutive ports; free ones where absent. */
  readonly port?: number;
  /** Unix milliseconds. */
  readonly clock?: () => number;
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts the sandbox. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const nowMs = options.clock ?? Date.now;
  const states = PLATFORM_SEEDS.map(createPlatform);
  const calls: RecordedCall[] = [];
  const servers: Server[] = [];
  let apiOrigin = '';
  const api: ApiDeps = { platforms: states, apiOrigin: () => apiOrigin };

  function serve(
    handle: (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>,
  ): Server {
    const server = createServer((request, response) => {
      const target = request.url ?? '/';
      const host = request.headers.host ?? '';
      calls.push({ host, method: request.method ?? '', target, headers: request.headers });
      const url = new URL(target, 'http://sandbox');
      handle(request, response, url)
        .then((handled) => {
          if (!handled) sendJson(response, 404, { message: 'not found' });
        })
        .catch((error: unknown) => {
          if (response.headersSent) response.destroy();
          else sendJson(response, 500, { message: String(error) });
        });
    });
    servers.push(server);
    return server;
  }

  const base = options.port;
  apiOrigin = await listen(
    serve((request, response, url) => handleApi(api, request, response, url)),
    base ?? 0,
  );
  const platforms: SandboxPlatform[] = [];
  for (const [at, platform] of states.entries()) {
    const deps = { platform, apiOrigin, nowMs };
    const server = serve(async (request, response, url) => {
      if (url.pathname.startsWith('/__sandbox/')) return control(platform, nowMs, { request, response, url });
      return (await handleLogin(deps, request, response, url)) || handleApi(api, request, response, url);
    });
    platforms.push(playable(platform, await listen(server, base === undefined ? 0 : base + 1 + at), nowMs));
  }
  const [first, second] = platforms;
  if (first === undefined || second === undefined) throw new TypeError('the sandbox plays two platforms');

  return {
    platforms: [first, second],
    apiOrigin,
    calls,
    reset() {
      calls.length = 0;
      for (const platform of states) Object.assign(platform.switches, defaultSwitches());
    },
    async close() {
      await Promise.all(
        servers.map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeAllConnections();
            }),
        ),
      );
    },
  };
}

function playable(platform: PlatformState, origin: string, nowMs: () => number): SandboxPlatform {
  const lastToken = (): string | undefined => [...platform.tokens.keys()].at(-1);
  return {
    origin,
    clientid: platform.clientid,
    clientname: platform.clientname,
    switches: platform.switches,
    lastToken,
    signIn: (name, token) => playUser(platform, nowMs(), name, token ?? lastToken()),
    killSessions() {
      for (const session of platform.sessions.values()) session.dead = true;
    },
  };
}

function playUser(platform: PlatformState, nowMs: number, name: string, token: string | undefined): Session {
  const login = platform.tokens.get(token ?? '');
  const user = platform.users.find((candidate) => candidate.name === name);
  if (login === undefined) throw new Error('no such login token');
  if (user === undefined) throw new Error(`no user ${name}`);
  return signIn(login, user, nowMs);
}

/** The switches over HTTP: GET shows them, POST sets them; a POST to `sign-in` plays a user, to `kill` ends sessions. */
async function control(
  platform: PlatformState,
  nowMs: () => number,
  { request, response, url }: { request: IncomingMessage; response: ServerResponse; url: URL },
): Promise<boolean> {
  const body = request.method === 'POST' ? await readBody(request) : '';
  const wanted = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
  switch (url.pathname) {
    case '/__sandbox/switches': {
      const unknown = setSwitches(platform.switches, wanted);
      sendJson(
        response,
        unknown.length === 0 ? 200 : 400,
        unknown.length === 0 ? platform.switches : { unknown },
      );
      return true;
    }
    case '/__sandbox/sign-in': {
      const token =
        typeof wanted['token'] === 'string' ? wanted['token'] : [...platform.tokens.keys()].at(-1);
      const session = playUser(platform, nowMs(), String(wanted['user']), token);
      sendJson(response, 200, { loginTime: session.loginTime });
      return true;
    }
    case '/__sandbox/kill':
      for (const session of platform.sessions.values()) session.dead = true;
      sendJson(response, 200, {});
      return true;
    default:
      return false;
  }
}
