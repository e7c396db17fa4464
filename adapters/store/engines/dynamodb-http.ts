/** HTTP of the SDK's client: an attempt and its time, whatever it goes over. */
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

/** Of a transport, at most. */
export const CONNECTIONS = 50;
/** Kept for so long without use. A connection that the other side has closed meanwhile costs one repetition. */
export const KEEP_ALIVE_MS = 10_000;

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
export interface Request {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

export interface Response {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Sends a request and tells its answer, or why there is none; returns what cuts it. */
export type Send = (request: Request, done: (end: Response | Error) => void) => (reason: Error) => void;

/** What requests go over. */
export interface Transport {
  open(): Send | Promise<Send>;
  close(): void | Promise<void>;
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
export function createRequestHandler(transport: Transport): Handler {
  const handler = {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: Request, options: AttemptOptions): Promise<{ response: Response }> {
      return { response: await attempt(await transport.open(), request, options) };
    },
    destroy: () => transport.close(),
    // The SDK's plugins may set options of a handler; this one has none.
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
  // The SDK's own class of responses is told by its shape.
  return handler as unknown as Handler;
}

function attempt(
  send: Send,
  request: Request,
  { abortSignal, requestTimeout, attempts }: AttemptOptions,
): Promise<Response> {
  attempts.sent += 1;
  return new Promise((resolve, reject) => {
    let settled = false;
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
      reject(reason);
      cut(reason);
    }

    const cut = send(request, (result) => {
      if (settled) return;
      settle();
      if (result instanceof Error) return reject(new ConnectionError('', { cause: result }));
      // DynamoDB's answers have a body: of something in between, an empty one would read as "nothing is there", or as written.
      if (result.statusCode < 400 && result.body.length === 0)
        return reject(new ConnectionError('an answer without a body'));
      if (result.statusCode >= 400) [, attempts.refusedBy] = ERROR_TYPE.exec(result.body.toString()) ?? [];
      resolve(result);
    });
  });
}
