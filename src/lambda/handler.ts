/**
 * The application behind API Gateway: events become requests, and answers are whole. This room owns the life of a function;
 * it must not know what a request asks for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { configure } from '@codegenie/serverless-express';
import { readEnvironment } from '../../config/env.ts';
import { createListener, encodedPath, type Listener } from './listener.ts';

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/** An answer of Lambda is 6 MB at most, and binary grows by a third on its way. */
const MOST_ANSWER_BYTES = 4_500_000;

/** The path as it was asked for, without a stage's name: `/dev/token` is `/token` to the application. Better have no stage in the URL. */
function withPlainPath(event: unknown): unknown {
  const { requestContext, rawPath, path } = event as {
    requestContext?: { stage?: string };
    rawPath?: string;
    path?: string;
  };
  const prefix = `/${requestContext?.stage ?? '$default'}`;
  const plain = (value: string): string =>
    encodedPath(value.startsWith(`${prefix}/`) ? value.slice(prefix.length) : value);
  return {
    ...(event as object),
    ...(rawPath === undefined ? {} : { rawPath: plain(rawPath) }),
    ...(path === undefined ? {} : { path: plain(path) }),
  };
}

/** Makes a handler from an environment. */
export function createHandler(env: Readonly<Record<string, string | undefined>>): Handler {
  const listening = createListener(env, MOST_ANSWER_BYTES);
  let configured: { readonly listener: Listener; readonly handle: Handler } | undefined;
  return async (event, context) => {
    const listener = await listening();
    if (configured?.listener !== listener) configured = { listener, handle: behindGateway(listener) };
    return configured.handle(withPlainPath(event), context);
  };
}

function behindGateway(listener: Listener): Handler {
  return configure({
    app: listener,
    framework: {
      sendRequest: ({
        app,
        request,
        response,
      }: {
        app: Listener;
        request: IncomingMessage;
        response: ServerResponse;
      }) => app(request, response),
    },
    binarySettings: {
      isBinary: ({ headers }: { headers: Record<string, unknown> }) => !isText(headers['content-type']),
    },
  } as unknown as Parameters<typeof configure>[0]) as unknown as Handler;
}

function isText(contentType: unknown): boolean {
  return /^(text\/|application\/([\w.+-]*\+)?(json|javascript|xml|jwt|x-www-form-urlencoded))/.test(
    String(contentType ?? 'text/plain'),
  );
}

/** What Lambda calls. */
export const handler: Handler = createHandler(readEnvironment());
