import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { IbTrouble } from '../../../adapters/ib/call.ts';
import { createIbClient } from '../../../adapters/ib/client.ts';
import { createGuardedAgent, type GuardedAgent } from '../../../adapters/ib/http-agent.ts';
import type { PlatformUrl } from '../../../adapters/ib/platform-url.ts';
import type { IbHostRule } from '../../../config/hosts.ts';
import { loginAnswer } from './answers.ts';

const LIMIT = 64 * 1024;
const JSON_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

/** What a host does on the wire with a connection that has asked for something. */
type Behaviour = (socket: Socket) => void;

describe('the client of IB on a real connection', () => {
  const sockets = new Set<Socket>();
  let asked = 0;
  let behave: Behaviour = (socket) => socket.destroy();
  let server: Server;
  let platform: PlatformUrl;
  let agent: GuardedAgent;
  let rules: readonly IbHostRule[];

  before(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.on('data', () => {
        asked += 1;
        behave(socket);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    platform = { origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}` };
    rules = [{ kind: 'origin', origin: platform.origin }];
  });
  beforeEach(() => {
    asked = 0;
    agent = createGuardedAgent({ rules });
  });
  afterEach(() => agent.destroy());
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const create = (timeoutMs = 5_000) => createIbClient({ rules, agent, timeoutMs, maxBodyBytes: LIMIT });

  const answers: readonly (readonly [string, Behaviour, IbTrouble['reason']])[] = [
    ['closes without a word', (socket) => socket.end(), 'network'],
    ['resets the connection', (socket) => socket.resetAndDestroy(), 'network'],
    ['cuts the head', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-ty'), 'network'],
    [
      'cuts a body of known length',
      (socket) => socket.end(`${JSON_HEAD}content-length: 99\r\n\r\n{"con`),
      'network',
    ],
    [
      'cuts a body in chunks',
      (socket) => socket.end(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{"con`),
      'network',
    ],
    ['speaks another protocol', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'), 'network'],
    [
      'sends a head without end',
      (socket) => endless(socket, 'HTTP/1.1 200 OK\r\n', `x-a: ${'b'.repeat(1000)}\r\n`),
      'network',
    ],
    ['sends a long body', (socket) => long(socket, LIMIT + 1), 'malformed'],
    [
      'sends a body without end',
      (socket) => endless(socket, `${JSON_HEAD}\r\n`, 'x'.repeat(1000)),
      'malformed',
    ],
    ['sends a body that unpacks to a long one', bomb, 'malformed'],
    [
      'sends what cannot be unpacked',
      (socket) => socket.end(`${JSON_HEAD}content-encoding: gzip\r\n\r\nno gzip`),
      'network',
    ],
  ];
  for (const [name, behaviour, reason] of answers) {
    it(`takes a host that ${name} for trouble: ${reason}`, async () => {
      behave = behaviour;
      expect(await create().checkLogin(platform, 'T')).to.deep.equal({ status: 'trouble', reason });
      expect(await create().requestLoginToken(platform)).to.deep.equal({ status: 'trouble', reason });
      expect(await create().probe(platform)).to.deep.equal({ status: 'trouble', reason });
    });
  }

  const late: readonly (readonly [string, Behaviour])[] = [
    ['says nothing', () => undefined],
    ['stops within its head', (socket) => socket.write(JSON_HEAD)],
    [
      'stops within a body of known length',
      (socket) => socket.write(`${JSON_HEAD}content-length: 99\r\n\r\n{`),
    ],
    ['stops within a body that ends with the connection', (socket) => socket.write(`${JSON_HEAD}\r\n{`)],
    [
      'stops within a body in chunks',
      (socket) => socket.write(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`),
    ],
    ['drips its body', (socket) => drip(socket)],
  ];
  for (const [name, behaviour] of late) {
    it(`gives up on a host that ${name}, and hangs up`, async () => {
      behave = behaviour;
      const trouble = await create(60).checkLogin(platform, 'T');
      expect(trouble).to.deep.equal({ status: 'trouble', reason: 'timeout' });
      // A reset ends it as well; `once` of node:events would reject for it.
      const ended = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
      for (const socket of sockets) if (!socket.closed) await ended(socket);
      expect(asked).to.equal(1);
    });
  }

  it('takes a body up to its limit', async () => {
    behave = (socket) => long(socket, LIMIT);
    expect(await create().checkLogin(platform, 'T')).to.deep.equal({ status: 'pending' });
  });

  it('takes a session from a platform that the rules name with its origin', async () => {
    const body = JSON.stringify(loginAnswer({ loginTime: undefined }, { apiV3url: `${platform.origin}/` }));
    behave = (socket) => socket.end(`${JSON_HEAD}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    const info = await create().checkLogin(platform, 'T');
    expect(info).to.have.nested.property('session.apiUrl', platform.origin);
  });

  it('goes nowhere that a host sends it to', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      behave = (socket) =>
        socket.end(
          `HTTP/1.1 ${status} x\r\nlocation: ${platform.origin}/elsewhere\r\ncontent-length: 0\r\n\r\n`,
        );
      const trouble = { status: 'trouble', reason: 'malformed', httpStatus: status };
      expect(await create().requestLoginToken(platform)).to.deep.equal(trouble);
    }
    expect(asked).to.equal(5);
  });

  it('says that nobody listens there', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as { port: number };
    closed.close();
    await once(closed, 'close');
    const origin = `http://127.0.0.1:${port}`;
    const client = createIbClient({ rules: [{ kind: 'origin', origin }] });
    const trouble = await client.probe({ origin, host: `127.0.0.1:${port}` });
    expect(trouble).to.deep.equal({ status: 'trouble', reason: 'network' });
  });

  it('says that an address was refused, and has sent nothing', async () => {
    const guarded = createGuardedAgent({
      rules,
      lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    const events: string[] = [];
    const client = createIbClient({ rules, agent: guarded, onCall: ({ outcome }) => events.push(outcome) });
    const named = { origin: 'https://acme.intelligencebank.com', host: 'acme.intelligencebank.com' };
    const trouble = { status: 'trouble', reason: 'address_refused' };
    expect(await client.requestLoginToken(named)).to.deep.equal(trouble);
    expect({ events, asked }).to.deep.equal({ events: ['address_refused'], asked: 0 });
    await guarded.destroy();
  });
});

function long(socket: Socket, bytes: number): void {
  socket.end(`${JSON_HEAD}content-length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`);
}

/** 20 MB of zeros in 20 kB. */
function bomb(socket: Socket): void {
  const packed = gzipSync(Buffer.alloc(20_000_000));
  socket.write(`${JSON_HEAD}content-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`);
  socket.end(packed);
}

/** Writes as fast as the other end reads, until it has enough. */
function endless(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

/** A byte now and then: never silent, never done. */
function drip(socket: Socket): void {
  socket.write(`${JSON_HEAD}\r\n`);
  const timer = setInterval(() => socket.write(' '), 5);
  socket.on('close', () => clearInterval(timer));
}
