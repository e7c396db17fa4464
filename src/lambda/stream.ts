/**
 * `/proxy` behind a function URL whose answers are streamed, for assets that are too large for an answer behind API
 * Gateway. Nothing else is served here. An event is played to the application over loopback, as the request that it was.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { readEnvironment } from '../../config/env.ts';
import { createListener, encodedPath } from './listener.ts';

/** What Lambda streams at most in one answer. */
const MOST_STREAMED_BYTES = 200_000_000;
/** Of one connection, not of what goes through it (RFC 9110 section 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'expect', 'keep-alive', 'transfer-encoding']);
const NOT_HERE = JSON.stringify({ error: 'not_found', error_description: 'only /proxy is served here' });

/** What Lambda is told before the body of an answer. */
export interface Prelude {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers an event; `begin` takes the prelude and gives the stream for the body. */
export type StreamHandler = (
  event: LambdaFunctionURLEvent,
  begin: (prelude: Prelude) => Writable,
) => Promise<void>;

/** Makes a handler from an environment. Resolves when the answer has been sent; rejects when it was cut. */
export function createStreamHandler(env: Readonly<Record<string, string | undefined>>): StreamHandler {
  const listening = createListener(env, MOST_STREAMED_BYTES);
  return async (event, begin) => {
    if (!event.rawPath.startsWith('/proxy/')) {
      begin({ statusCode: 404, headers: { 'content-type': 'application/json' } }).end(NOT_HERE);
      return;
    }
    // A server for each request: its end is the end of all that the request left to do.
    const server = createServer(await listening()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const answer = await play(event, (server.address() as AddressInfo).port);
      const body = begin({ statusCode: answer.statusCode ?? 502, headers: withoutHop(answer.headers) });
      // Lambda sends the prelude with the first write, and some answers have no other.
      body.write('');
      await pipeline(answer, body);
    } finally {
      const closed = once(server, 'close');
      server.close();
      await closed;
    }
  };
}

/** Sends the request that an event tells of, and resolves with the beginning of its answer. */
function play(event: LambdaFunctionURLEvent, port: number): Promise<IncomingMessage> {
  const { headers, rawPath, rawQueryString, requestContext } = event;
  const path = encodedPath(rawPath) + (rawQueryString === '' ? '' : `?${rawQueryString}`);
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  return new Promise((resolve, reject) => {
    const played = request({
      host: '127.0.0.1',
      port,
      method: requestContext.http.method,
      path,
      headers: withoutHop(headers),
      // A kept connection would be stale when the function wakes up.
      agent: false,
    });
    if (event.body !== undefined) played.setHeader('content-length', body.length);
    played.once('response', resolve).once('error', reject).end(body);
  });
}

function withoutHop(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name.toLowerCase()) ? [] : [[name, String(value)]],
    ),
  );
}

const handle = createStreamHandler(readEnvironment());

/** What Lambda calls; elsewhere nothing streams, and there is none. Libraries put things of theirs into `awslambda` too. */
export const handler =
  typeof globalThis.awslambda?.streamifyResponse === 'function'
    ? awslambda.streamifyResponse<LambdaFunctionURLEvent>((event, stream) =>
        handle(event, (prelude) => awslambda.HttpResponseStream.from(stream, { ...prelude })),
      )
    : undefined;
