/**
 * Requests over undici: a call costs an eighth less CPU than on the SDK's own handler (bench/RESULTS.md). Its agent is half
 * a megabyte of code and is loaded with the first call.
 */
import type { Dispatcher } from 'undici';
import { CONNECTIONS, KEEP_ALIVE_MS, type Send, type Transport } from './dynamodb-http.ts';

/** For a process that runs for long. */
export function createUndiciTransport(): Transport {
  let opened: Promise<Dispatcher> | undefined;
  const open = async (): Promise<Dispatcher> => {
    // Not the whole package: nothing of fetch, its caches and web sockets is used.
    const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
    return new Agent({
      connections: CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Each attempt has its own time; undici's clocks are too coarse for it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  };
  return {
    async open() {
      opened ??= open();
      const dispatcher = await opened;
      return (request, done) => dispatch(dispatcher, request, done);
    },
    async close() {
      await (await opened)?.destroy();
    },
  };
}

function dispatch(dispatcher: Dispatcher, ...[request, done]: Parameters<Send>): ReturnType<Send> {
  const { protocol, hostname, port, method, path, headers, body } = request;
  const origin = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
  const chunks: Buffer[] = [];
  let statusCode = 0;
  let answered: Record<string, string> = {};
  let ended: Error | undefined;
  let controller: Dispatcher.DispatchController | undefined;
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
      onResponseEnd: () => done({ statusCode, headers: answered, body: Buffer.concat(chunks) }),
      onResponseError: (_controller, error) => done(error),
    },
  );
  return (reason) => {
    ended = reason;
    controller?.abort(reason);
  };
}
