/**
 * The example MCP server thrice: its metadata list scopes, list none, or list `[]`, and the challenges of the latter two
 * ask for none. Clients meet all three in the wild.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../support/processes.ts';

const SERVER = join(import.meta.dirname, '../../examples/mcp-server/server.ts');
const SCOPES = ['profile', 'ib:api'];

const LISTS = {
  'lists scopes': SCOPES,
  'lists none': undefined,
  'lists []': [],
} as const satisfies Readonly<Record<string, readonly string[] | undefined>>;

/** An MCP server as its clients see it. */
export interface McpServer {
  readonly name: keyof typeof LISTS;
  readonly url: string;
}

export interface McpServers {
  readonly servers: readonly McpServer[];
  /** The entries of the clients' file that let them introspect and exchange tokens. */
  readonly registration: { readonly clients: readonly object[]; readonly resources: readonly object[] };
  /** Starts what answers at these addresses, once the issuer is known. */
  start(issuer: string, secret: string): Promise<void>;
  close(): void;
}

const CLIENT_ID = 'mcp-server';

/** Takes addresses for the servers; they answer after `start`. */
export async function createMcpServers(secretVariable: string): Promise<McpServers> {
  const children: ChildProcess[] = [];
  const fronts = await Promise.all(
    Object.entries(LISTS).map(async ([name, scopes]) => {
      const front = createServer();
      front.listen(0, '127.0.0.1');
      await once(front, 'listening');
      const { port } = front.address() as AddressInfo;
      return { name: name as McpServer['name'], scopes, front, url: `http://localhost:${port}/mcp` };
    }),
  );

  async function startBehind(
    { front, scopes, url }: (typeof fronts)[number],
    issuer: string,
    secret: string,
  ): Promise<void> {
    const port = await freePort();
    const child = spawn(process.execPath, [SERVER], {
      env: {
        ...process.env,
        ISSUER: issuer,
        CLIENT_ID,
        CLIENT_SECRET: secret,
        PORT: `${port}`,
        RESOURCE: url,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout, 'data');
    front.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
      const answer = await fetch(`http://127.0.0.1:${port}${request.url}`, {
        method: request.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      const body = await answer.text();
      const challenge = answer.headers.get('www-authenticate');
      response.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type') ?? 'text/plain',
        ...(challenge === null ? {} : { 'www-authenticate': asked(challenge, scopes) }),
      });
      response.end(request.url?.startsWith('/.well-known/') === true ? listed(body, scopes) : body);
    });
  }

  return {
    servers: fronts.map(({ name, url }) => ({ name, url })),
    registration: {
      clients: [
        {
          client_id: CLIENT_ID,
          client_secret_env: secretVariable,
          redirect_uris: [],
          response_types: [],
          grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange', 'client_credentials'],
        },
      ],
      resources: fronts.map(({ url }) => ({ identifier: url, scopes: SCOPES, client_id: CLIENT_ID })),
    },
    async start(issuer, secret) {
      await Promise.all(fronts.map((front) => startBehind(front, issuer, secret)));
    },
    close() {
      for (const child of children) child.kill();
      for (const { front } of fronts) {
        front.close();
        front.closeAllConnections();
      }
    },
  };
}

function asked(challenge: string, scopes: readonly string[] | undefined): string {
  return scopes?.length === SCOPES.length ? challenge : challenge.replace(/,? ?scope="[^"]*"/, '');
}

function listed(body: string, scopes: readonly string[] | undefined): string {
  const { scopes_supported: _all, ...rest } = JSON.parse(body) as Record<string, unknown>;
  return JSON.stringify(scopes === undefined ? rest : { ...rest, scopes_supported: scopes });
}
