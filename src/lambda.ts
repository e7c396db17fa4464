/** The application behind API Gateway or a function URL: composed on the first request, kept for the next ones. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { configure } from '@codegenie/serverless-express';
import { pino } from 'pino';
import { loadConfig } from '../config/config.ts';
import { readEnvironment } from '../config/env.ts';
import { createAudit } from './audit.ts';
import { compose } from './compose.ts';
import { createEmbeddedMetrics } from './embedded-metrics.ts';
import { createEvents } from './events.ts';

type Handler = (event: unknown, context: unknown) => Promise<unknown>;
type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** An answer of Lambda is 6 MB at most, and binary grows by a third on its way. */
const MOST_ANSWER_BYTES = 4_500_000;

/** Removes a stage's name from the path: `/dev/token` is `/token` to the application. Better have no stage in the URL. */
function withoutStage(event: unknown): unknown {
  const { requestContext, rawPath, path } = event as {
    requestContext?: { stage?: string };
    rawPath?: string;
    path?: string;
  };
  const prefix = `/${requestContext?.stage ?? '$default'}`;
  const strip = (value: string): string =>
    value.startsWith(`${prefix}/`) ? value.slice(prefix.length) : value;
  return {
    ...(event as object),
    ...(rawPath === undefined ? {} : { rawPath: strip(rawPath) }),
    ...(path === undefined ? {} : { path: strip(path) }),
  };
}

/** Makes a handler from an environment. Everything is opened by the first request, so that a start costs an import only. */
export function createHandler(env: Readonly<Record<string, string | undefined>>): Handler {
  let ready: Promise<Handler> | undefined;

  async function open(): Promise<Handler> {
    const loaded = loadConfig(env);
    if (!loaded.ok) throw new Error(loaded.faults.join('\n'));
    const { config, clientSecrets, secretsText } = loaded;
    const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
    const metrics = createEmbeddedMetrics();
    const events = createEvents({ log, metrics, audit: createAudit(undefined, log) });
    const composed = await compose({
      config,
      clientSecrets,
      secretsText,
      events,
      maxProxyBytes: MOST_ANSWER_BYTES,
    });
    if (config.issuer === undefined) throw new Error('ISSUER: is required on Lambda');
    const listener: Listener = composed.createApp(config.issuer).callback();
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

  return async (event, context) => {
    ready ??= open();
    // A failed opening is tried again by the next request, not remembered.
    ready.catch(() => {
      ready = undefined;
    });
    return (await ready)(withoutStage(event), context);
  };
}

function isText(contentType: unknown): boolean {
  return /^(text\/|application\/([\w.+-]*\+)?(json|javascript|xml|jwt|x-www-form-urlencoded))/.test(
    String(contentType ?? 'text/plain'),
  );
}

/** What Lambda calls. */
export const handler: Handler = createHandler(readEnvironment());
