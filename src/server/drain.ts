/**
 * Ends a server's connections without cutting what is in flight: from the beginning of a drain on every answer says
 * `Connection: close`, quiet connections are closed, and each other one as soon as it has gone quiet.
 */
import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

/**
 * A connection is quiet when nothing has come or gone for so long. One that has just had its answer may have the next
 * request on the way already: closing it at once would cut that one, answering it with `Connection: close` does not.
 */
const QUIET_MS = 250;
const LOOK_EVERY_MS = 50;

export interface Drain {
  /** How many requests are being answered. */
  inFlight(): number;
  /** Ends a connection after the answers to requests that have come whole; false where there are none, or one has not. */
  endAfterAnswers(socket: Socket): boolean;
  /** Stops accepting; resolves when no connection is left. What is not finished after `mostMs` is cut. */
  run(mostMs: number): Promise<void>;
}

interface Connection {
  /** Answers that are not finished: one, or more where requests are pipelined. */
  readonly answers: Set<ServerResponse>;
  /** When something moved, by `performance.now()`, and how many bytes had come by then. */
  movedAt: number;
  bytesRead: number;
}

/** Watches a server's connections from now on, so that they can be drained. */
export function createDrain(server: Server): Drain {
  const connections = new Map<Socket, Connection>();
  let draining = false;

  server.on('connection', (socket: Socket) => {
    connections.set(socket, { answers: new Set(), movedAt: performance.now(), bytesRead: 0 });
    socket.once('close', () => connections.delete(socket));
  });
  server.prependListener('request', ({ socket }, response) => {
    const connection = connections.get(socket);
    if (draining) response.shouldKeepAlive = false;
    connection?.answers.add(response);
    // Not `close`, to which koa's streams listen enough: an answer that is cut takes its connection with it.
    response.once('finish', () => {
      if (connection === undefined) return;
      connection.answers.delete(response);
      connection.movedAt = performance.now();
      connection.bytesRead = socket.bytesRead;
    });
  });

  function closeQuiet(): void {
    const now = performance.now();
    for (const [socket, connection] of connections) {
      if (socket.bytesRead !== connection.bytesRead) {
        connection.bytesRead = socket.bytesRead;
        connection.movedAt = now;
      }
      if (connection.answers.size === 0 && now - connection.movedAt >= QUIET_MS) socket.destroy();
    }
  }

  return {
    inFlight: () => connections.values().reduce((sum, { answers }) => sum + answers.size, 0),
    endAfterAnswers(socket) {
      const answers = [...(connections.get(socket)?.answers ?? [])];
      const last = answers.at(-1);
      if (last?.req.complete !== true) return false;
      if (!last.headersSent) last.shouldKeepAlive = false;
      return true;
    },
    async run(mostMs) {
      draining = true;
      for (const { answers } of connections.values()) {
        for (const answer of answers) if (!answer.headersSent) answer.shouldKeepAlive = false;
      }
      const closed = once(server, 'close');
      // The close of node:net: the one of node:http also cuts connections whose next request is on its way.
      NetServer.prototype.close.call(server);
      closeQuiet();
      const looking = setInterval(closeQuiet, LOOK_EVERY_MS);
      const forced = setTimeout(() => server.closeAllConnections(), mostMs);
      await closed;
      clearInterval(looking);
      clearTimeout(forced);
    },
  };
}
