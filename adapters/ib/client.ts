/**
 * The calls to IntelligenceBank that a sign-in and the life of its session need. Expected outcomes are values. This room owns
 * what is said to IB and what its answers mean; it must not know users' steps, apps or tokens of ours.
 */
import type { IbHostRule } from '../../config/hosts.ts';
import {
  type Answer,
  createCaller,
  type IbCallEvent,
  type IbTrouble,
  troubleFrom,
  unexpected,
} from './call.ts';
import { createGuardedAgent, type GuardedAgent } from './http-agent.ts';
import {
  isDeadSession,
  isIbError,
  isYapiAddress,
  type LoginInfo,
  parseLoginInfo,
  parseLoginToken,
  saysExpired,
} from './messages.ts';
import { type PlatformUrl, parseApiUrl } from './platform-url.ts';
import type { IbSession } from './session.ts';

/** What of a session a call with it needs. */
type Callable = Pick<IbSession, 'sid' | 'apiUrl' | 'clientid' | 'platformUrl'>;

export interface IbClient {
  requestLoginToken(
    platform: PlatformUrl,
    attempt?: string,
  ): Promise<{ readonly status: 'ok'; readonly token: string } | IbTrouble>;
  /** The page where the user signs in. It holds the login token: not for logs. */
  loginUrl(platform: PlatformUrl, token: string): string;
  checkLogin(platform: PlatformUrl, token: string, attempt?: string): Promise<LoginInfo | IbTrouble>;
  /**
   * Whether IB still answers to a session, by the smallest read there is: IB has no call for it. Counts against the user's
   * own limit of calls. An answer that says neither is trouble.
   */
  checkSession(
    session: Callable,
  ): Promise<{ readonly status: 'alive' } | { readonly status: 'dead' } | IbTrouble>;
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
  /** For the check of a session, while an app waits for its tokens. */
  readonly checkTimeoutMs?: number;
  readonly maxBodyBytes?: number;
  readonly agent?: GuardedAgent;
  readonly onCall?: (event: IbCallEvent) => void;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

/** What an answer about a login says. */
function loginInfoOf(answer: Answer, facts: Parameters<typeof parseLoginInfo>[1]): LoginInfo | IbTrouble {
  if (answer.status === 200) return parseLoginInfo(answer.text, facts);
  // 410 is the other status for what is no more (RFC 9110 section 15.5.11).
  if (answer.status !== 404 && answer.status !== 410) return unexpected(answer);
  return { status: saysExpired(answer.text) ? 'expired' : 'pending' };
}

/** Whether an answer of the API was given to a session that lives: IB looks at the sid before all else. */
function livenessOf(answer: Answer): { status: 'alive' } | { status: 'dead' } | IbTrouble {
  if (answer.status === 200 || answer.status === 403) return { status: 'alive' };
  if (isDeadSession(answer)) return { status: 'dead' };
  return answer.status !== 401 && isIbError(answer.text) ? { status: 'alive' } : unexpected(answer);
}

/** Tells a platform that a session has ended, where the operator knows an address for that; whatever comes of it is told. */
async function logout(
  {
    rules,
    agent,
    timeoutMs,
    onCall,
  }: Pick<IbClientOptions, 'rules' | 'onCall'> & { agent: GuardedAgent; timeoutMs: number },
  session: Parameters<IbClient['logout']>[0],
  template: string,
): Promise<void> {
  const host = new URL(session.platformUrl).host;
  const url = URL.parse(template.replace('{platform}', host));
  const origin = url === null ? undefined : parseApiUrl(url.origin, rules);
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
  onCall?.({
    operation: 'logout',
    platformHost: host,
    outcome,
    ms: Math.round(performance.now() - started),
  });
}

/** A client for the platforms that the rules allow. */
export function createIbClient(options: IbClientOptions): IbClient {
  const now = options.now ?? Date.now;
  const timeoutMs = options.timeoutMs ?? 10_000;
  const agent = options.agent ?? createGuardedAgent({ rules: options.rules });
  const call = createCaller({
    agent,
    timeoutMs,
    maxBodyBytes: options.maxBodyBytes ?? 256 * 1024,
    onCall: options.onCall,
    now,
  });
  const at = ({ origin, host }: PlatformUrl) => ({ origin, platformHost: host });

  return {
    requestLoginToken: (platform, attempt) =>
      call({
        ...at(platform),
        operation: 'login_token',
        attempt,
        method: 'POST',
        path: '/v1/auth/app/token',
        read: (answer) => {
          const token = answer.status === 200 ? parseLoginToken(answer.text) : undefined;
          return token === undefined ? unexpected(answer) : { status: 'ok' as const, token };
        },
      }),

    loginUrl: (platform, token) => `${platform.origin}/auth/?login=0&token=${encodeURIComponent(token)}`,

    checkLogin: (platform, token, attempt) =>
      call<LoginInfo>({
        ...at(platform),
        operation: 'login_info',
        attempt,
        method: 'GET',
        path: `/v1/auth/app/info?token=${encodeURIComponent(token)}`,
        read: (answer) =>
          loginInfoOf(answer, { platform, rules: options.rules, nowSeconds: Math.floor(now() / 1000) }),
      }),

    checkSession: async ({ sid, apiUrl, clientid, platformUrl }) => {
      // The operator may have taken a host off the list since the user signed in there.
      if (parseApiUrl(apiUrl, options.rules) === undefined)
        return { status: 'trouble', reason: 'address_refused' };
      return call({
        operation: 'session_check',
        origin: apiUrl,
        platformHost: new URL(platformUrl).host,
        method: 'GET',
        path: `/api/3.0.0/${clientid}/folder.limit(1)`,
        headers: { sid },
        timeoutMs: options.checkTimeoutMs ?? timeoutMs,
        bodyOfErrorsOnly: true,
        read: livenessOf,
      });
    },

    logout: (session, template) => logout({ ...options, agent, timeoutMs }, session, template),

    probe: (platform) =>
      call({
        ...at(platform),
        operation: 'probe',
        method: 'GET',
        path: '/v1/auth/app/getYapiAddress',
        read: (answer) => {
          if (answer.status !== 200 && answer.status !== 404) return unexpected(answer);
          const isIb = answer.status === 200 && isYapiAddress(answer.text);
          return { status: isIb ? ('ib' as const) : ('not_ib' as const) };
        },
      }),
  };
}
