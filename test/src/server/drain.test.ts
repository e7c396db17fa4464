import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { exchange, type Stack, signIn, startStack } from '../../support/stack.ts';

/** Nothing may be cut for want of time here: a drain that does not end by itself ends in the test's own limit. */
const NO_LIMIT = { drainMs: 120_000 };

/** One request to its end, and the connection that it went by. */
async function get(url: string, agent = new Agent()): Promise<{ answer: IncomingMessage; socket: Socket }> {
  const call = request(url, { agent });
  call.end();
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const { socket } = answer;
  await text(answer);
  return { answer, socket };
}

describe('a server that drains', () => {
  let stack: Stack;
  beforeEach(async () => {
    stack = await startStack({ lifetimes: NO_LIMIT });
  });
  afterEach(() => stack.close());

  it('closes connections on which nothing happens, also those on which nothing ever did', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { answer, socket } = await get(`${stack.issuer}/healthz`, agent);
    expect(answer.headers.connection).to.equal('keep-alive');
    const silent = connect(Number(new URL(stack.issuer).port), '127.0.0.1');
    await once(silent, 'connect');
    const ends = Promise.all([once(silent.resume(), 'close'), once(socket, 'close')]);
    await stack.server.close();
    await ends;
  });

  it('answers whatever comes on a busy connection and says that it is the last answer', async () => {
    const connections = 16;
    let answered = 0;
    const lastWords: (string | undefined)[] = [];
    const draining = new Set<Promise<void>>();

    async function busy(): Promise<void> {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let connection: Socket | undefined; ; ) {
        const { answer, socket } = await get(`${stack.issuer}/healthz`, agent);
        expect(answer.statusCode).to.equal(200);
        expect(socket, 'the connection was kept').to.equal((connection ??= socket));
        answered += 1;
        if (answered > 50 * connections && draining.size === 0) draining.add(stack.server.close());
        if (answer.headers.connection === 'keep-alive') continue;
        lastWords.push(answer.headers.connection);
        return;
      }
    }
    await Promise.all(Array.from({ length: connections }, busy));
    await Promise.all(draining);
    expect(lastWords).to.deep.equal(Array.from({ length: connections }, () => 'close'));
  });

  it('finishes what it has begun to read, and closes behind the answer', async () => {
    const call = request(`${stack.issuer}/token`, {
      agent: new Agent({ keepAlive: true }),
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '32' },
    });
    call.write('grant_type=authorization');
    const [socket] = (await once(call, 'socket')) as [Socket];
    if (socket.connecting) await once(socket, 'connect');
    // Another request's answer says that the first one's beginning has been read, too.
    await get(`${stack.issuer}/healthz`);
    const closed = stack.server.close();
    await stack.logged('draining');
    call.end('_code&x=');
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    expect(JSON.parse(await text(answer))).to.have.property('error', 'invalid_request');
    expect(answer.headers.connection).to.equal('close');
    await closed;
  });

  it('lets a download go to its end', async () => {
    const size = 50 * 1024 * 1024;
    const { body } = await exchange(stack, await signIn(stack));
    const call = request(`${stack.issuer}/proxy/api/3.0.0/6M0B/file?size=${size}`, {
      agent: new Agent({ keepAlive: true }),
      headers: { authorization: `Bearer ${body['access_token']}` },
    });
    call.end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    const closed = stack.server.close();
    let bytes = 0;
    for await (const chunk of answer) bytes += (chunk as Buffer).length;
    expect(bytes).to.equal(size);
    await closed;
  });

  it('cuts what is not finished when its time is over', async () => {
    const hasty = await startStack({ lifetimes: { drainMs: 50 }, sandbox: stack.sandbox });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '10' };
    const call = request(`${hasty.issuer}/token`, { method: 'POST', headers });
    call.write('x');
    const cut = once(call, 'response').catch((error: NodeJS.ErrnoException) => error.code);
    await get(`${hasty.issuer}/healthz`);
    await hasty.close();
    expect(await cut).to.equal('ECONNRESET');
  });
});
