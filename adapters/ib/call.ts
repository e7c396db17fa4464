/** One call to a host of IB's: sent once, bounded in time and size, told to whoever counts. Trouble is a value. */
import type { Response } from 'undici';
import { createBreakers } from './breaker.ts';
import { AddressRefusedError, BodyTooLargeError, type GuardedAgent, readBytes } from './http-agent.ts';
import { textOf } from './text.ts';

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
  readonly operation: 'login_token' | 'login_info' | 'probe' | 'session_check' | 'logout';
  readonly platformHost: string;
  /** The login attempt it was made for, by its id; absent for calls of none. */
  readonly attempt?: string;
  /** Status of the result; of trouble and of a refusal their reason. */
  readonly outcome: string;
  readonly httpStatus?: number;
  readonly ms: number;
}

/** An answer whose meaning the operation knows. */
export interface Answer {
  readonly status: number;
  /** Empty where it was not wanted. */
  readonly text: string;
}

export interface IbCall<T> {
  readonly operation: IbCallEvent['operation'];
  /** Where it goes; a circuit breaker stands before each. */
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the client's own. */
  readonly timeoutMs?: number;
  readonly platformHost: string;
  readonly attempt?: string | undefined;
  /** Success says enough: its body is not read. */
  readonly bodyOfErrorsOnly?: boolean;
  /** What 200 and 4xx, but 429, say; every other answer is trouble. */
  readonly read: (answer: Answer) => T | IbTrouble;
}

export interface CallerOptions {
  readonly agent: GuardedAgent;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly onCall: ((event: IbCallEvent) => void) | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
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

async function bodyOf({ body, headers }: Response, limit: number): Promise<string> {
  return textOf(await readBytes(body, limit), headers.get('content-type') ?? '');
}

/** What a status says of itself; undefined for the ones that an operation reads. */
function troubleOf(response: Response, nowMs: number): IbTrouble | undefined {
  const { status } = response;
  if (status === 200 || (status >= 400 && status < 500 && status !== 429)) return undefined;
  const facts = { status: 'trouble', httpStatus: status, ...retryAfter(response, nowMs) } as const;
  if (status === 429) return { ...facts, reason: 'rate_limited' };
  // A redirect is followed by nobody: whoever answers with one does not speak this API.
  return { ...facts, reason: status >= 500 ? 'server_error' : 'malformed' };
}

/** The trouble that an operation makes of an answer it has no meaning for. */
export function unexpected({ status }: Answer): IbTrouble {
  return status === 200
    ? { status: 'trouble', reason: 'malformed' }
    : { status: 'trouble', reason: 'client_error', httpStatus: status };
}

/** The trouble behind an error on the wire. */
export function troubleFrom(error: unknown): IbTrouble {
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

/** Makes calls. Never rejects. */
export function createCaller(
  options: CallerOptions,
): <T extends { readonly status: string }>(call: IbCall<T>) => Promise<T | IbTrouble> {
  const breakers = createBreakers(options.now);

  async function send(call: IbCall<unknown>): Promise<Answer | IbTrouble> {
    try {
      const { fetch, dispatcher } = await options.agent.open();
      const response = await fetch(call.origin + call.path, {
        method: call.method,
        dispatcher,
        redirect: 'manual',
        credentials: 'omit',
        headers: { accept: 'application/json', ...call.headers },
        signal: AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs),
      });
      const trouble = troubleOf(response, options.now());
      const { status } = response;
      if (trouble === undefined && !(status === 200 && call.bodyOfErrorsOnly === true))
        return { status, text: await bodyOf(response, options.maxBodyBytes) };
      await response.body?.cancel();
      return trouble ?? { status, text: '' };
    } catch (error) {
      return troubleFrom(error);
    }
  }

  return async (call) => {
    const started = performance.now();
    const answer = await breakers.run(new URL(call.origin).host, () => send(call));
    const result = 'text' in answer ? call.read(answer) : answer;
    const httpStatus = 'text' in answer ? answer.status : (answer as IbTrouble).httpStatus;
    options.onCall?.({
      operation: call.operation,
      platformHost: call.platformHost,
      ...(call.attempt === undefined ? {} : { attempt: call.attempt }),
      outcome: (result as { reason?: string }).reason ?? result.status,
      ...(httpStatus === undefined ? {} : { httpStatus }),
      ms: Math.round(performance.now() - started),
    });
    return result;
  };
}
