/** A stack whose signed-in user's API is a server of the test's own, which says what no good server would. */
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { grantIdOf, ibSessionIdOf } from '../../../adapters/store/handles.ts';
import { Browser } from '../../support/browser.ts';
import { exchange, type Stack, type StackOptions, signIn, startStack } from '../../support/stack.ts';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Status line, headers, trailers and body, for what must stand nowhere. */
  readonly everything: Buffer;
}

export interface OwnIb {
  readonly stack: Stack;
  /** Origin of the API. */
  readonly origin: string;
  readonly sid: string;
  readonly bearer: { readonly authorization: string };
  /** What the API does with each request from now on. */
  answer(respond: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** A call through the proxy. */
  call(headers?: Record<string, string>, init?: RequestInit): Promise<Response>;
  /** The same, without anything that a library reads into it. */
  rawCall(options?: { path?: string; method?: string; headers?: Record<string, string> }): Promise<RawAnswer>;
  close(): Promise<void>;
}

/** Starts it, signs a user in, and moves the user's API. */
export async function startOwnIb(options: StackOptions = {}): Promise<OwnIb> {
  let respond: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    void response.end();
  const api = createServer((asked, response) => respond(asked, response));
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  const origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const stack = await startStack({ ...options, extraHosts: [origin] });
  const { body } = await exchange(stack, await signIn(stack, new Browser(), { scope: 'openid ib:api' }));
  const token = String(body['access_token']);
  const id = ibSessionIdOf(grantIdOf(token) ?? '') ?? '';
  const { store } = stack.server;
  const sid = await store.unit(async () => {
    const session = await store.ibSessions.find(id);
    if (session === undefined) throw new Error('no session');
    await store.ibSessions.put(id, { ...session, apiUrl: origin });
    return session.sid;
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const bearer = { authorization: `Bearer ${token}` };
  return {
    stack,
    origin,
    sid,
    bearer,
    answer: (next) => {
      respond = next;
    },
    call: (headers = {}, init = {}) =>
      fetch(`${stack.issuer}/proxy/thing`, { ...init, headers: { ...bearer, ...headers } }),
    rawCall: ({ path = '/proxy/thing', method = 'GET', headers = bearer } = {}) =>
      rawCall(stack.issuer + path, { method, headers, agent }),
    async close() {
      agent.destroy();
      await stack.close();
      api.close();
      api.closeAllConnections();
    },
  };
}

async function rawCall(
  url: string,
  init: { method: string; headers: Record<string, string>; agent: Agent },
): Promise<RawAnswer> {
  const asked = request(url, init);
  const informed: string[] = [];
  asked.on('information', (info) => informed.push(JSON.stringify(info)));
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const head = [
    ...informed,
    `${response.statusCode} ${response.statusMessage}`,
    ...response.rawHeaders,
    ...response.rawTrailers,
  ].join('\n');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    everything: Buffer.concat([Buffer.from(`${head}\n`, 'latin1'), body]),
  };
}
