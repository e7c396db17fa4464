import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { type OwnIb, startOwnIb } from './own-ib.ts';

describe('an IB that answers as no good server would', () => {
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb({ lifetimes: { proxyCallsPerMinute: 100_000 } });
  });
  after(() => ib.close());

  /** Has IB write bytes of its own instead of an answer of HTTP's. */
  const write = (...parts: (string | Buffer)[]): void =>
    ib.answer((asked, response) => {
      asked.resume();
      response.socket?.end(Buffer.concat(parts.map((part) => Buffer.from(part))));
    });
  const answerWith = (status: string, headers: Record<string, string>, body: string | Buffer): void => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    write(`HTTP/1.1 ${status}\r\n${lines.join('')}Content-Length: ${body.length}\r\n\r\n`, body);
  };

  for (const [shown, bytes] of [
    ['no HTTP at all', (sid: string) => sid],
    ['a header without a colon', (sid: string) => `HTTP/1.1 200 OK\r\n${sid}\r\n\r\n`],
    ['a header over two lines', (sid: string) => `HTTP/1.1 200 OK\r\nETag: "a\r\n ${sid}"\r\n\r\n`],
    ['a NUL in a header', (sid: string) => `HTTP/1.1 200 OK\r\nETag: "\0${sid}"\r\n\r\n`],
    [
      'two lengths',
      (sid: string) => `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nhi${sid}`,
    ],
    [
      'a length and chunks',
      (sid: string) =>
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nhi\r\n0\r\nX: ${sid}\r\n\r\n`,
    ],
    ['more headers than fit', (sid: string) => `HTTP/1.1 200 OK\r\nX: ${sid.repeat(2000)}\r\n\r\n`],
    [
      'a switch of protocols',
      (sid: string) => `HTTP/1.1 101 x\r\nUpgrade: ${sid}\r\nConnection: upgrade\r\n\r\n`,
    ],
    ['a status below all', (sid: string) => `HTTP/1.1 099 ${sid}\r\nContent-Length: 2\r\n\r\nhi`],
    ['a status between', (sid: string) => `HTTP/1.1 199 ${sid}\r\nContent-Length: 2\r\n\r\nhi`],
  ] as const) {
    it(`does not answer, where it sends ${shown}`, async () => {
      write(bytes(ib.sid));
      const answer = await ib.rawCall();
      expect(answer.status).to.equal(502);
      expect(JSON.parse(answer.body.toString())).to.include({ error: 'temporarily_unavailable' });
      expect(answer.everything.includes(ib.sid)).to.equal(false);
    });
  }

  for (const status of ['299', '418', '600', '999']) {
    it(`has its status ${status} passed on, without its words`, async () => {
      answerWith(`${status} ${ib.sid}`, { 'Content-Type': 'text/plain' }, `mine: ${ib.sid}.`);
      const answer = await ib.rawCall();
      expect([answer.status, answer.body.toString()]).to.deep.equal([Number(status), 'mine: .']);
      expect(answer.everything.includes(ib.sid)).to.equal(false);
    });
  }

  for (const status of ['204', '205', '304']) {
    it(`has no body passed on where ${status} has none`, async () => {
      write(`HTTP/1.1 ${status} x\r\nETag: "${ib.sid}"\r\nContent-Type: text/plain\r\n\r\n${ib.sid}`);
      const answer = await ib.rawCall();
      expect([answer.status, answer.body.length]).to.deep.equal([Number(status), 0]);
      expect(answer.everything.includes(ib.sid)).to.equal(false);
    });
  }

  for (const [coding, body] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    for (const type of ['text/plain', 'image/png', 'application/pdf']) {
      it(`is read where ${type} comes as ${body.name}`, async () => {
        answerWith('200 x', { 'Content-Type': type, 'Content-Encoding': coding }, body(`mine: ${ib.sid}.`));
        const answer = await ib.rawCall();
        const left = type === 'text/plain' ? '' : '*'.repeat(ib.sid.length);
        expect(answer.body.toString()).to.equal(`mine: ${left}.`);
        expect(answer.headers['content-encoding']).to.equal(undefined);
      });
    }
  }

  for (const coding of ['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'gzip, br']) {
    it(`says nothing where it says nothing as ${coding}`, async () => {
      for (const type of ['application/json', 'image/png']) {
        answerWith('200 x', { 'Content-Type': type, 'Content-Encoding': coding }, '');
        const answer = await ib.rawCall();
        expect([answer.status, answer.body.length], type).to.deep.equal([200, 0]);
      }
    });
  }

  it('is read where what it calls deflate has no head', async () => {
    const headers = { 'Content-Type': 'text/plain', 'Content-Encoding': 'deflate' };
    answerWith('200 x', headers, deflateRawSync(`mine: ${ib.sid}.`));
    expect((await ib.rawCall()).body.toString()).to.equal('mine: .');
  });

  it('is read where it codes the transfer instead of the content', async () => {
    for (const type of ['text/plain', 'image/png']) {
      const body = gzipSync(`mine: ${ib.sid}.`);
      write(
        `HTTP/1.1 200 x\r\nContent-Type: ${type}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${body.length.toString(16)}\r\n`,
        body,
        '\r\n0\r\n\r\n',
      );
      const answer = await ib.rawCall();
      expect(answer.body.toString(), type).to.match(/^mine: \**\.$/);
    }
  });

  it('hides nothing behind the name of a coding that there is not', async () => {
    answerWith('200 x', { 'Content-Type': 'image/png', 'Content-Encoding': 'none' }, `mine: ${ib.sid}.`);
    const answer = await ib.rawCall();
    expect(answer.body.toString()).to.equal(`mine: ${'*'.repeat(ib.sid.length)}.`);
    answerWith('200 x', { 'Content-Type': 'text/plain', 'Content-Encoding': 'none' }, ib.sid);
    expect((await ib.rawCall()).status).to.equal(502);
  });

  for (const [shown, headers, body] of [
    ['ends before its length', { 'Content-Length': '1000' }, 'half'],
    ['ends within a chunk', { 'Transfer-Encoding': 'chunked' }, 'ff\r\nhalf'],
    ['is not coded as it says', { 'Content-Encoding': 'gzip', 'Content-Length': '4' }, 'half'],
  ] as const) {
    it(`is told of, as no failure of ours, where its answer ${shown}`, async () => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      write(`HTTP/1.1 200 x\r\nContent-Type: text/plain\r\n${lines.join('')}\r\n${body}`);
      ib.stack.logs.length = 0;
      const cut = await ib.rawCall().catch((error: unknown) => error);
      expect(cut, 'the app sees that it is not whole').to.be.an.instanceOf(Error);
      const line = await ib.stack.logged('answer_cut');
      expect(line).to.include({ level: 30, route: '/proxy' });
      expect(ib.stack.logs.filter((one) => one.includes('"event":"failed"'))).to.deep.equal([]);
    });
  }

  it('leads nowhere by an answer that is no redirect, and loses nothing', async () => {
    for (const location of ['https://evil.example/x', `/session/${ib.sid}`, 'http://[']) {
      answerWith('201 x', { 'Content-Type': 'application/json', Location: location }, '{"id":7}');
      const answer = await ib.rawCall({ method: 'POST' });
      expect([answer.status, answer.body.toString(), answer.headers.location]).to.deep.equal([
        201,
        '{"id":7}',
        undefined,
      ]);
    }
    answerWith('201 x', { Location: '/file/7' }, '{"id":7}');
    expect((await ib.rawCall()).headers.location).to.match(/\/proxy\/127\.0\.0\.1:\d+\/file\/7$/);
  });

  it('reaches the app with its refusal of what is still being sent', async () => {
    ib.answer((_asked, response) => void response.writeHead(413).end('too large'));
    const answer = await fetch(`${ib.stack.issuer}/proxy/thing`, {
      method: 'POST',
      headers: { ...ib.bearer, 'content-type': 'application/octet-stream' },
      body: Buffer.alloc(4 * 1024 * 1024),
    });
    expect([answer.status, await answer.text()]).to.deep.equal([413, 'too large']);
  });
});
