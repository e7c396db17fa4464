/** What a function costs that is node-oidc-provider and nothing else: the floor for the cold start of ours. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { configure } from '@codegenie/serverless-express';
import Provider from 'oidc-provider';

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;
type Handler = (event: unknown, context: unknown) => Promise<unknown>;
let ready: Handler | undefined;

function open(): Handler {
  const provider = new Provider('https://id.acme.example', {
    clients: [{ client_id: 'a', client_secret: 'b', redirect_uris: ['https://app.example/cb'] }],
    cookies: { keys: ['x'] },
  });
  return configure({
    app: provider.callback() as Listener,
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
  } as unknown as Parameters<typeof configure>[0]) as unknown as Handler;
}

export const handler: Handler = (event, context) => {
  ready ??= open();
  return ready(event, context);
};
