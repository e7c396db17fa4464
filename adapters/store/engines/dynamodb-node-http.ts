/**
 * Requests over Node's own client: a call costs a ninth more CPU than over undici, and there is nothing to load
 * (bench/RESULTS.md).
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { CONNECTIONS, KEEP_ALIVE_MS, type Send, type Transport } from './dynamodb-http.ts';

/** For a process whose start is waited for. */
export function createNodeTransport(): Transport {
  const options = { keepAlive: true, maxSockets: CONNECTIONS, timeout: KEEP_ALIVE_MS };
  const plain = new http.Agent(options);
  const secure = new https.Agent(options);
  const send: Send = ({ protocol, body, hostname, port, method, path, headers }, done) => {
    const target = { hostname, port, method, path, headers };
    const request =
      protocol === 'http:'
        ? http.request({ ...target, agent: plain })
        : https.request({ ...target, agent: secure });
    request.on('error', done);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => void chunks.push(chunk));
      response.on('error', done);
      response.on('end', () =>
        done({
          statusCode: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.end(body);
    return (reason) => void request.destroy(reason);
  };
  return {
    open: () => send,
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}
