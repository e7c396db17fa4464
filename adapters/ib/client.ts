/** The calls to IntelligenceBank that a sign-in needs. Expected outcomes, trouble among them, are values. */
import type { Response } from 'undici';
import type { IbHostRule } from '../../config/hosts.ts';
import { createBreakers } from './breaker.ts';
import {
  AddressRefusedError,
  BodyTooLargeError,
  createGuardedAgent,
  type GuardedAgent,
  readLimited,
} from './http-agent.ts';
import { isYapiAddress, type LoginInfo, parseLoginInfo, parseLoginToken, saysExpired } from './messages.ts';
import { type PlatformUrl, parseApiUrl } from './platform-url.ts';
import type { IbSession } from './session.ts';

/** IB did not answer as it should; nothing is lost by trying again later. */
export interface IbTrouble {
  readonly status: 'trouble';
  readonly reason:
    | 'timeout'
    | 'rate_limited'
    | 'server_error'
    | 'client_error'
    | 'malformed'
    | 'network'
    /** There is no such host. */
    | 'unknown_host'
    /** The host's name leads to an address that is not public: nothing was sent. */
    | 'address_refused'
    /** The host did not answer lately: nothing was sent. */
    | 'circuit_open';
  /** What IB asked for in `Retry-After`. */
  readonly retryAfterSeconds?: number;
  readonly httpStatus?: number;
}

/** One call, for logs and metrics. */
export interface IbCallEvent {
  readonly operation: 'login_token' | 'login_info' | 'probe' | 'logout';
  readonly platformHost: string;
  /** The login attempt it was made for, by its id; absent for calls of none. */
  readonly attempt?: string;
  /** Status of the result; of trouble and of a refusal their reason. */
  readonly outcome: string;
  readonly httpStatus?: number;
  readonly ms: number;
}

export interface IbClient {
  requestLoginToken(
    platform: PlatformUrl,
    attempt?: string,
  ): Promise<{ readonly status: 'ok'; readonly token: string } | IbTrouble>;
  /** The page where the user signs in. It holds the login token: not for logs. */
  loginUrl(platform: PlatformUrl, token: string): string;
  checkLogin(platform: PlatformUrl, token: string, attempt?: string): Promise<LoginInfo | IbTrouble>;
  /** Tells IB that a session is over, at a URL the operator names; `{platform}` is its platform's host. Never rejects. */
  logout(session: Pick<IbSession, 'sid' | 'platformUrl'>, template: string): Promise<void>;
  /** Whether a host is an IB platform, by the cheapest call that tells. */
  probe(
    platform: PlatformUrl,
  ): Promise<{ readonly status: 'ib' } | { readonly status: 'not_ib' } | IbTrouble>;
}

export interface IbClientOptions {
  readonly rules: readonly IbHostRule[];
  /** For each call as a whole; IB's own client uses 10 s. */
  readonly timeoutMs?: number;
  readonly maxBodyBytes?: number;
  readonly agent?: GuardedAgent;
  readonly onCall?: (event: IbCallEvent) => void;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const LONGEST_RETRY_AFTER_SECONDS = 3600;
const TIMEOUT_CODES: ReadonlySet<unknown> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** Seconds of a `Retry-After` header, as number or date (RFC 9110 section 10.2.3). */
function retryAfter(response: Response, nowMs: number): { retryAfterSeconds?: number } {
  const value = response.headers.get('retry-after');
  if (value === null) return {};
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - nowMs) / 1000;
  if (!Number.isFinite(seconds) || seconds <= 0) return {};
  return { retryAfterSeconds: Math.min(Math.ceil(seconds), LONGEST_RETRY_AFTER_SECONDS) };
}

/** What a status says of itself; undefined for the ones that a caller reads. */
function troubleOf(response: Response, nowMs: number): IbTrouble | undefined {
  const { status } = response;
  if (status === 200 || status === 404) return undefined;
  const facts = { status: 'trouble', httpStatus: status, ...retryAfter(response, nowMs) } as const;
  if (status === 429) return { ...facts, reason: 'rate_limited' };
  if (status >= 500) return { ...facts, reason: 'server_error' };
  // A redirect is followed by nobody: whoever answers with one does not speak this API.
  return { ...facts, reason: status >= 400 ? 'client_error' : 'malformed' };
}

function troubleFrom(error: unknown): IbTrouble {
  const errors = [error, (error as { cause?: unknown } | undefined)?.cause];
  const reason = errors.map(reasonOf).find((found) => found !== undefined) ?? 'network';
  return { status: 'trouble', reason };
}

function reasonOf(error: unknown): IbTrouble['reason'] | undefined {
  if (error instanceof BodyTooLargeError) return 'malformed';
  if (error instanceof AddressRefusedError) return 'address_refused';
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  if (code === 'ENOTFOUND') return 'unknown_host';
  return name === 'TimeoutError' || TIMEOUT_CODES.has(code) ? 'timeout' : undefined;
}

/** A client for the platforms that the rules allow. */
export function createIbClient(options: IbClientOptions): IbClient {
  const now = options.now ?? Date.now;
  const timeoutMs = options.timeoutMs ?? 10_000;
  const limit = options.maxBodyBytes ?? 256 * 1024;
  const agent = options.agent ?? createGuardedAgent({ rules: options.rules });
  const breakers = createBreakers();

  async function send(
    platform: PlatformUrl,
    method: 'GET' | 'POST',
    path: string,
  ): Promise<Answer | IbTrouble> {
    try {
      const { fetch, dispatcher } = await agent.open();
      const response = await fetch(platform.origin + path, {
        method,
        dispatcher,
        redirect: 'manual',
        credentials: 'omit',
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(timeoutMs),
      });
      const trouble = troubleOf(response, now());
      if (trouble === undefined)
        return { status: response.status, text: await readLimited(response.body, limit) };
      await response.body?.cancel();
      return trouble;
    } catch (error) {
      return troubleFrom(error);
    }
  }

  async function call<T extends { readonly status: string }>(
    operation: IbCallEvent['operation'],
    platform: PlatformUrl,
    request: {
      readonly attempt?: string | undefined;
      readonly method: 'GET' | 'POST';
      readonly path: string;
      readonly read: (answer: Answer) => T | IbTrouble;
    },
  ): Promise<T | IbTrouble> {
    const started = performance.now();
    const answer = await breakers.run(platform.host, () => send(platform, request.method, request.path));
    const result = 'text' in answer ? request.read(answer) : answer;
    const httpStatus = 'text' in answer ? answer.status : (answer as IbTrouble).httpStatus;
    options.onCall?.({
      operation,
      platformHost: platform.host,
      ...(request.attempt === undefined ? {} : { attempt: request.attempt }),
      outcome: (result as { reason?: string }).reason ?? result.status,
      ...(httpStatus === undefined ? {} : { httpStatus }),
      ms: Math.round(performance.now() - started),
    });
    return result;
  }

  const malformed: IbTrouble = { status: 'trouble', reason: 'malformed' };

  return {
    requestLoginToken: (platform, attempt) =>
      call('login_token', platform, {
        attempt,
        method: 'POST',
        path: '/v1/auth/app/token',
        read: ({ status, text }) => {
          if (status === 404) return { status: 'trouble', reason: 'client_error', httpStatus: status };
          const token = parseLoginToken(text);
          return token === undefined ? malformed : { status: 'ok' as const, token };
        },
      }),

    loginUrl: (platform, token) => `${platform.origin}/auth/?login=0&token=${encodeURIComponent(token)}`,

    checkLogin: (platform, token, attempt) =>
      call<LoginInfo>('login_info', platform, {
        attempt,
        method: 'GET',
        path: `/v1/auth/app/info?token=${encodeURIComponent(token)}`,
        read: ({ status, text }) => {
          if (status === 404) return { status: saysExpired(text) ? 'expired' : 'pending' };
          return parseLoginInfo(text, {
            platform,
            rules: options.rules,
            nowSeconds: Math.floor(now() / 1000),
          });
        },
      }),

    async logout(session, template) {
      const host = new URL(session.platformUrl).host;
      const url = URL.parse(template.replace('{platform}', host));
      const origin = url === null ? undefined : parseApiUrl(url.origin, options.rules);
      if (url === null || origin === undefined) return;
      const started = performance.now();
      const headers = { sid: session.sid };
      const { fetch, dispatcher } = await agent.open();
      const outcome = await fetch(url, {
        dispatcher,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      }).then(
        async (response) => {
          await response.body?.cancel();
          return response.ok ? 'ok' : 'client_error';
        },
        (error: unknown) => troubleFrom(error).reason,
      );
      options.onCall?.({
        operation: 'logout',
        platformHost: host,
        outcome,
        ms: Math.round(performance.now() - started),
      });
    },

    probe: (platform) =>
      call('probe', platform, {
        method: 'GET',
        path: '/v1/auth/app/getYapiAddress',
        read: ({ status, text }) => ({
          status: status === 200 && isYapiAddress(text) ? ('ib' as const) : ('not_ib' as const),
        }),
      }),
  };
}
