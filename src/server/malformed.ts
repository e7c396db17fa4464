/** What is no request, or does not become one in time: told in the form of every other error, and the connection ends. */
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

const REFUSALS: Readonly<Record<string, readonly [status: number, description: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "the request's head is too large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request's head took too long to come"],
};
const MALFORMED = [400, 'this is no HTTP request'] as const;

function answerTo(code: string | undefined): string {
  const [status, description] = REFUSALS[code ?? ''] ?? MALFORMED;
  const body = JSON.stringify({ error: 'invalid_request', error_description: description });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** Answers what Node cannot read. Requests before it on the same connection get their answers first, and nothing after them. */
export function answerMalformed(server: Server, endAfterAnswers: (socket: Socket) => boolean): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    if (endAfterAnswers(socket as Socket)) return;
    socket.write(answerTo(error.code));
    (socket as Socket).destroySoon();
  });
}
