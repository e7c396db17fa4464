/**
 * HTTP of the SDK's client, on undici: a call costs an eighth less CPU than on the SDK's own handler (bench/RESULTS.md).
 * Loaded with the first call, so that a function which starts does not wait for it.
 */
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { Dispatcher } from 'undici';

const CONNECTIONS = 50;
/** Kept for so long without use. A connection that the other side has closed meanwhile costs one repetition. */
const KEEP_ALIVE_MS = 10_000;

/** `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException",…}` */
const ERROR_TYPE = /"__type"\s*:\s*"(?:[^"#]*#)?(\w+)"/;

/** What a call tells of its attempts, kept by its caller. */
export interface Attempts {
  sent: number;
  /** Name of the error of the last answer that was one. */
  refusedBy?: string | undefined;
}

/** Given to the SDK with each command, and by it to the handler. */
export interface AttemptOptions {
  readonly abortSignal: AbortSignal;
  /** How long one attempt may take, in milliseconds. */
  readonly requestTimeout: number;
  readonly attempts: Attempts;
}

/** Of the SDK's request, what is sent. */
interface Request {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

interface Response {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/**
 * Not answered in time. Under this name the SDK does not ask again, as it would after its own `TimeoutError`: whoever has
 * waited for so long is told, and the next one may find the store back.
 */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Not connected, or cut. By this code the SDK asks again. */
class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code = 'ECONNRESET';
}

class AbortError extends Error {
  override readonly name = 'AbortError';
}

type Handler = NonNullable<DynamoDBClientConfig['requestHandler']>;

/** A request handler for the SDK's client. */
export function createRequestHandler(): Handler {
  let opened: Promise<Dispatcher> | undefined;
  const open = async (): Promise<Dispatcher> => {
    // Not the whole package: fetch, its caches and web sockets are 40 ms of a function's start, and nothing of them is used.
    const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
    return new Agent({
      connections: CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Each attempt has its own time; undici's clocks are too coarse for it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  };
  const handler = {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: Request, options: AttemptOptions): Promise<{ response: Response }> {
      opened ??= open();
      return { response: await attempt(await opened, request, options) };
    },
    async destroy() {
      await (await opened)?.destroy();
    },
    // The SDK's plugins may set options of a handler; this one has none.
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
  // The SDK's own class of responses is told by its shape.
  return handler as unknown as Handler;
}

function attempt(
  dispatcher: Dispatcher,
  request: Request,
  { abortSignal, requestTimeout, attempts }: AttemptOptions,
): Promise<Response> {
  const { protocol, hostname, port, method, path, headers, body } = request;
  const origin = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
  attempts.sent += 1;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let statusCode = 0;
    let answered: Record<string, string> = {};
    let settled = false;
    let ended: Error | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    // An answer may have come already, where this process is late itself: it is read before the second clock strikes.
    const timer = setTimeout(() => setImmediate(() => end(new NoAnswerError())), requestTimeout);
    const onAbort = (): void => end(new AbortError());
    abortSignal.addEventListener('abort', onAbort);

    function settle(): void {
      settled = true;
      clearTimeout(timer);
      abortSignal.removeEventListener('abort', onAbort);
    }
    function end(reason: Error): void {
      if (settled) return;
      settle();
      ended = reason;
      reject(reason);
      controller?.abort(reason);
    }

    dispatcher.dispatch(
      { origin, method: method as Dispatcher.HttpMethod, path, headers, body },
      {
        onRequestStart(started) {
          controller = started;
          // It has waited for a connection for too long.
          if (ended !== undefined) started.abort(ended);
        },
        onResponseStart(_controller, status, received) {
          statusCode = status;
          answered = received as Record<string, string>;
        },
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd() {
          settle();
          const answer = Buffer.concat(chunks);
          if (statusCode >= 400) [, attempts.refusedBy] = ERROR_TYPE.exec(answer.toString()) ?? [];
          resolve({ statusCode, headers: answered, body: answer });
        },
        onResponseError(_controller, error) {
          settle();
          reject(new ConnectionError('', { cause: error }));
        },
      },
    );
  });
}
