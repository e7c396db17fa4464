import { expect } from 'chai';
import { type Stack, startStack } from '../../support/stack.ts';
import { rawConnection } from '../http/raw.ts';

const GET = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';

describe('what is no request', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { LOG_LEVEL: 'info' } });
  });
  after(() => stack.close());

  for (const [what, bytes, status] of [
    ['a method in lower case', 'get / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a NUL in a header', `${GET}X-A: a\0b\r\n\r\n`, 400],
    ['a folded header', `${GET}X-A: a\r\n b\r\n\r\n`, 400],
    ['a blank before the colon', `${GET}X-A : b\r\n\r\n`, 400],
    ['lines that end as in Unix', 'GET /healthz HTTP/1.1\nHost: x\n\n', 400],
    ['a blank in the target', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['bytes beyond ASCII in the target', 'GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a head of 20 KB', `${GET}X-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'a chunk without a size',
      'POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
  ] as const) {
    it(`${what} is told so as every error is, and the connection ends`, async () => {
      const connection = await rawConnection(stack.issuer);
      connection.send(bytes);
      const answer = await connection.answer();
      expect(answer?.status).to.equal(status);
      expect(JSON.parse(answer?.body ?? '')).to.include({ error: 'invalid_request' });
      expect(await connection.answer()).to.equal(undefined);
    });
  }

  it('takes nothing from the requests before it on its connection', async () => {
    for (const after of ['', 'Connection: close\r\n']) {
      const connection = await rawConnection(stack.issuer);
      connection.send(`${GET}\r\n${GET}${after}\r\n${after === '' ? 'get / HTTP/1.1\r\n\r\n' : GET}\r\n`);
      for (const _ of [1, 2]) expect((await connection.answer())?.status, after).to.equal(200);
      expect(await connection.answer(), after).to.equal(undefined);
    }
    expect(stack.logs.filter((line) => line.includes('"failed"'))).to.deep.equal([]);
  });
});

describe('a head that does not come', () => {
  it('is told so after its time, byte by byte or not at all, and nobody else is cut', async () => {
    const stack = await startStack({
      env: { LOG_LEVEL: 'silent' },
      lifetimes: { requestHeadMs: 200, connectionsCheckMs: 50 },
    });
    const quiet = await rawConnection(stack.issuer);
    quiet.send(`${GET}\r\n`);
    expect((await quiet.answer())?.status).to.equal(200);
    for (const [first, next] of [
      ['', ''],
      ['GET /healthz HTTP/1.1\r\nHos', ''],
      ['GET /healthz HTTP/1.1\r\n', 'X-A: b\r\n'],
    ] as const) {
      const connection = await rawConnection(stack.issuer);
      connection.send(first);
      const drip = setInterval(() => connection.send(next), 20);
      const answer = await connection.answer();
      clearInterval(drip);
      expect(answer?.status, first).to.equal(408);
      expect(JSON.parse(answer?.body ?? ''), first).to.include({ error: 'invalid_request' });
      expect(await connection.answer(), first).to.equal(undefined);
    }
    quiet.send(`${GET}\r\n`);
    expect((await quiet.answer())?.status, 'between two requests it may be quiet').to.equal(200);
    quiet.close();
    await stack.close();
  });
});
