/** The ways out of a process of the simulation but for the store: to IB, and to apps. */
import { Readable } from 'node:stream';
import { Response } from 'undici';
import type { GuardedAgent } from '../../adapters/ib/http-agent.ts';
import type { Pass } from './faults.ts';

/** An app that is known by its metadata document. */
export const DOCUMENT_APP = {
  client_id: 'https://docs.example/client',
  client_name: 'Document App',
  redirect_uris: ['https://docs.example/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
};

/** Agents whose calls go by way of the plan. */
export function faultyAgent(agent: GuardedAgent, pass: Pass): GuardedAgent {
  return {
    close: () => agent.close(),
    destroy: () => agent.destroy(),
    async open() {
      const { fetch: send, dispatcher } = await agent.open();
      const asked: typeof send = (url, init) =>
        pass({
          to: 'IB',
          name: `${init?.method ?? 'GET'} ${new URL(String(url)).pathname}`,
          send: () => send(url, init),
          answer: (status, headers) => new Response('', { status, headers }),
        });
      const request = (options: Parameters<typeof dispatcher.request>[0]) =>
        pass({
          to: 'IB',
          name: `${options.method} through the proxy`,
          send: () => dispatcher.request(options),
          answer: (statusCode, headers) =>
            ({ statusCode, headers, trailers: {}, body: Readable.from([]) }) as unknown as Awaited<
              ReturnType<typeof dispatcher.request>
            >,
        });
      return { fetch: asked, dispatcher: Object.assign(Object.create(dispatcher), { request }) };
    },
  };
}

/** The same for a client that hands the dispatcher on to `fetch`. */
export function faultyFetch(agent: GuardedAgent, pass: Pass): GuardedAgent {
  const faulty = faultyAgent(agent, pass);
  return {
    ...faulty,
    open: async () => ({ ...(await faulty.open()), dispatcher: (await agent.open()).dispatcher }),
  };
}

/** What apps answer: to whoever reads a metadata document, and to who tells of a sign-out. */
export function faultyApps(pass: Pass, told: string[]): typeof globalThis.fetch {
  return (input, init) => {
    const { host, pathname } = new URL(String(input instanceof Request ? input.url : input));
    const method = init?.method ?? 'GET';
    return pass({
      to: 'app',
      name: `${method} ${host}${pathname}`,
      async send() {
        if (method === 'GET') return globalThis.Response.json(DOCUMENT_APP);
        told.push(String(init?.body));
        return new globalThis.Response('');
      },
      answer: (status, headers) => new globalThis.Response('', { status, headers }),
    });
  };
}
