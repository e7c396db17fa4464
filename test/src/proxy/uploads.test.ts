import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { type OwnIb, startOwnIb } from './own-ib.ts';

/** More than the buffers on the way hold. */
const BYTES = 3 * 1024 * 1024;

describe('an upload through the proxy', function () {
  this.timeout(30_000);
  let ib: OwnIb;
  let socket: Socket;
  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => ib.close());
  beforeEach(async () => {
    socket = connect(Number(new URL(ib.stack.issuer).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
  });
  afterEach(() => void socket.destroy());

  const head = (start: string, ...lines: string[]): string =>
    [`${start} HTTP/1.1`, 'Host: x', `Authorization: ${ib.bearer.authorization}`, ...lines, '', ''].join(
      '\r\n',
    );

  /** What comes on the connection, up to some words or its end. */
  async function readUntil(words: string): Promise<string> {
    let read = '';
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      read += String(chunk);
      if (read.includes(words)) break;
    }
    return read;
  }

  for (const [name, respond, status] of [
    ['answers before it has read', (response) => void response.end('first'), 200],
    ['refuses it before it has read', (response) => void response.writeHead(413).end('first'), 413],
    ['says 401 before it has read', (response) => void response.writeHead(401).end('first'), 401],
    ['hangs up', (_response, asked) => void asked.socket.destroy(), 502],
  ] as readonly (readonly [string, (response: ServerResponse, asked: IncomingMessage) => void, number])[]) {
    for (const framing of [`Content-Length: ${BYTES}`, 'Transfer-Encoding: chunked']) {
      it(`leaves the connection to the next request where IB ${name} (${framing})`, async () => {
        ib.answer((asked, response) => respond(response, asked));
        socket.write(head('POST /proxy/upload', framing));
        const isChunked = framing.includes('chunked');
        const piece = Buffer.alloc(BYTES / 3, 'x');
        const send = (): void => {
          if (isChunked) socket.write(`${piece.length.toString(16)}\r\n`);
          socket.write(piece);
          if (isChunked) socket.write('\r\n');
        };
        send();
        const first = await readUntil(status === 502 ? 'does not answer' : 'first');
        expect(first).to.match(new RegExp(`^HTTP/1.1 ${status} `));
        ib.answer((_asked, response) => void response.end('second'));
        send();
        send();
        if (isChunked) socket.write('0\r\n\r\n');
        socket.write(head('GET /proxy/next'));
        expect(await readUntil('second')).to.match(/^HTTP\/1\.1 200 [\s\S]*second/);
      });
    }
  }

  it('in a coding of the transfer that IB would not be told is refused', async () => {
    const seen: unknown[] = [];
    ib.answer((asked, response) => {
      seen.push(asked.url);
      response.end('passed');
    });
    for (const coding of ['gzip, chunked', 'x, Chunked']) {
      socket.write(`${head('POST /proxy/upload', `Transfer-Encoding: ${coding}`)}4\r\nhalf\r\n0\r\n\r\n`);
      expect(await readUntil('known here')).to.match(/^HTTP\/1\.1 501 /);
    }
    socket.write(`${head('POST /proxy/upload', 'Transfer-Encoding:  CHUNKED')}4\r\nhalf\r\n0\r\n\r\n`);
    expect(await readUntil('passed')).to.match(/^HTTP\/1\.1 200 /);
    expect(seen).to.deep.equal(['/upload']);
  });

  for (const [name, framing, begun] of [
    ['of known length', 'Content-Length: 1000', 'half'],
    ['in chunks', 'Transfer-Encoding: chunked', '4\r\nhalf\r\n'],
  ] as const) {
    it(`${name} that the app cuts never seems whole to IB`, async () => {
      const arrived = new Promise<IncomingMessage>((resolve) => ib.answer((asked) => resolve(asked)));
      socket.write(head('POST /proxy/upload', framing) + begun);
      const asked = await arrived;
      expect(String((await once(asked, 'data'))[0])).to.equal('half');
      // Not `once` of node:events, which rejects for the error that comes first.
      const ended = new Promise((resolve) => asked.on('error', () => undefined).once('close', resolve));
      socket.destroy();
      await ended;
      expect(asked.complete).to.equal(false);
    });
  }
});
