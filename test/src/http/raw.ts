/** Requests as bytes: what no client library would send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it stood on the wire; header names in lower case. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection of its own. `send` writes bytes; `answer` reads the next whole answer, undefined where it was closed. */
export interface RawConnection {
  readonly socket: Socket;
  send(bytes: string): void;
  answer(): Promise<RawAnswer | undefined>;
  close(): void;
}

/** The type of a form. */
export const FORM = 'application/x-www-form-urlencoded';

/** A request by POST, or the beginning of one: as much of its body as is given. */
export const begun = (path: string, headers: string, body = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nAccept: text/html, */*\r\n${headers}\r\n\r\n${body}`;

/** Connects to an origin. */
export async function rawConnection(origin: string): Promise<RawConnection> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
  let received = '';
  let ended = false;
  let wake = (): void => undefined;
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    wake();
  });
  socket.on('close', () => {
    ended = true;
    wake();
  });
  // A reset is an end too.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return {
    socket,
    send: (bytes) => void socket.write(bytes, 'latin1'),
    async answer() {
      for (;;) {
        const parsed = parse(received);
        if (parsed !== undefined) {
          received = received.slice(parsed.length);
          return parsed.answer;
        }
        if (ended) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => void socket.destroy(),
  };
}

function parse(text: string): { answer: RawAnswer; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
  const status = Number(first.split(' ')[1]);
  const from = end + 4;
  const length = from + Number(headers['content-length'] ?? 0);
  if (headers['transfer-encoding'] === 'chunked') {
    const last = text.indexOf('0\r\n\r\n', from);
    if (last < 0) return undefined;
    return { answer: { status, headers, body: text.slice(from, last) }, length: last + 5 };
  }
  if (text.length < length) return undefined;
  return { answer: { status, headers, body: text.slice(from, length) }, length };
}

/** One request with an exact target on a connection of its own. */
export async function rawRequest(
  origin: string,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  const connection = await rawConnection(origin);
  const own = { host: new URL(origin).host, ...(method === 'HEAD' ? { connection: 'close' } : {}) };
  const lines = Object.entries({ ...own, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.send(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const answer = await (method === 'HEAD' ? headOf(connection) : connection.answer());
  connection.close();
  if (answer === undefined) throw new Error(`no answer to ${method} ${target}`);
  return answer;
}

/** An answer to HEAD says how long its body would be, and has none. */
async function headOf({ socket }: RawConnection): Promise<RawAnswer | undefined> {
  let text = '';
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'close');
  return parse(text.replace(/^content-length:.*\r\n/im, ''))?.answer;
}
