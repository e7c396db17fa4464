import { request } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { type OwnIb, startOwnIb } from './own-ib.ts';

const MOST_BYTES = 50_000;

describe("IB's answers, passed on", () => {
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb({ env: { METRICS_PORT: '13092' }, maxProxyBytes: MOST_BYTES });
  });
  after(() => ib.close());

  for (const [coding, compress] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    it(`are read where a text comes as ${coding}, though nobody asked for it`, async () => {
      ib.answer((_request, response) => {
        const body = compress(JSON.stringify({ mine: `before ${ib.sid} after` }));
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding }).end(body);
      });
      const answer = await ib.call();
      expect(answer.headers.get('content-encoding')).to.equal(null);
      expect(await answer.json()).to.deep.equal({ mine: 'before  after' });
    });
  }

  it('are refused where a text comes in a coding that cannot be read', async () => {
    ib.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'compress' }).end(ib.sid);
    });
    const answer = await ib.call();
    expect([answer.status, (await answer.json()) as unknown]).to.deep.equal([
      502,
      {
        error: 'server_error',
        error_description: 'IntelligenceBank answers in a form that cannot be passed on',
      },
    ]);
  });

  it('are whole texts where pieces were asked for, since a piece may hold a piece of the sid', async () => {
    const ranges: unknown[] = [];
    ib.answer(({ headers }, response) => {
      ranges.push(headers.range);
      const text = `begin ${ib.sid} end`;
      if (headers.range === undefined) response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
      else response.writeHead(206, { 'content-type': 'text/plain' }).end(text.slice(0, 12));
    });
    const answer = await ib.call({ range: 'bytes=0-11' });
    expect([answer.status, await answer.text()]).to.deep.equal([200, 'begin  end']);
    expect(ranges).to.deep.equal(['bytes=0-11', undefined]);
    ranges.length = 0;
    await (await ib.call({ range: 'bytes=0-11' }, { method: 'POST', body: 'x' })).text();
    expect(ranges, 'with a body, which cannot be sent twice').to.deep.equal([undefined]);
  });

  for (const type of ['text/plain', 'multipart/byteranges; boundary=x']) {
    it(`are refused where ${type} comes in pieces all the same`, async () => {
      ib.answer((_request, response) => {
        response.writeHead(206, { 'content-type': type }).end(ib.sid.slice(0, 9));
      });
      const answer = await ib.call({ range: 'bytes=0-8,9-10' });
      expect(answer.status).to.equal(502);
      expect(await answer.text()).to.not.contain(ib.sid.slice(0, 9));
    });
  }

  it('are whole where they are rows of a list, by the range that they tell', async () => {
    for (const [status, range] of [
      [200, 'rows 0-9/100'],
      [206, 'items 0-9/*'],
    ] as const) {
      ib.answer((_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json', 'content-range': range });
        response.end(`["${ib.sid}"]`);
      });
      const answer = await ib.call();
      expect([answer.status, answer.headers.get('content-range'), await answer.text()]).to.deep.equal([
        status,
        range,
        '[""]',
      ]);
    }
    ib.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-range': ' Bytes 0-8/20' });
      response.end(ib.sid.slice(0, 9));
    });
    expect((await ib.call()).status).to.equal(502);
  });

  it('tell the size and type of a file to who asks for its head', async () => {
    ib.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': '12345', etag: '"a"' }).end();
    });
    const answer = await ib.call({}, { method: 'HEAD' });
    expect(Object.fromEntries(answer.headers)).to.include({
      'content-type': 'image/png',
      'content-length': '12345',
      etag: '"a"',
    });
  });

  it('may say that nothing has changed, or nothing at all', async () => {
    for (const status of [204, 304]) {
      ib.answer((_request, response) => void response.writeHead(status, { etag: '"a"' }).end());
      const answer = await ib.call({ 'if-none-match': '"a"' });
      expect([answer.status, answer.headers.get('etag')]).to.deep.equal([status, '"a"']);
    }
  });

  it('are refused where a redirect leads nowhere', async () => {
    ib.answer((_request, response) => void response.writeHead(302, { location: 'http://[' }).end());
    expect((await ib.call({}, { redirect: 'manual' })).status).to.equal(502);
  });

  it('are refused with 413 where they are larger than the surroundings pass on, told or not', async () => {
    for (const type of ['application/octet-stream', 'application/json']) {
      for (const length of [MOST_BYTES, MOST_BYTES + 1]) {
        for (const told of [true, false]) {
          ib.answer((_request, response) => {
            response.writeHead(200, { 'content-type': type, ...(told ? { 'content-length': length } : {}) });
            response.end(Buffer.alloc(length, 'a'));
          });
          const answer = await ib.call();
          const shown = `${type}, ${length}, ${told}`;
          expect(answer.status, shown).to.equal(length > MOST_BYTES ? 413 : 200);
          const text = await answer.text();
          if (length <= MOST_BYTES) expect(text.length, shown).to.equal(length);
          else expect(text, shown).to.contain('ask for a range');
        }
      }
    }
  });

  it('are counted in bytes, each way', async () => {
    const counted = async (direction: string): Promise<number> => {
      const text = await (await fetch('http://127.0.0.1:13092/metrics')).text();
      const pattern = new RegExp(`ib_oauth_proxy_bytes_total\\{direction="${direction}"\\} (\\d+)`);
      return Number(pattern.exec(text)?.[1] ?? 0);
    };
    const before = [await counted('received'), await counted('sent')] as const;
    ib.answer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.alloc(30_000));
    });
    await (await ib.call({}, { method: 'POST', body: 'x'.repeat(20_000) })).arrayBuffer();
    expect((await counted('received')) - before[0]).to.equal(20_000);
    expect((await counted('sent')) - before[1]).to.be.within(30_000, 32_000);
  });

  it('are nobody’s failure where the app hangs up before they come', async () => {
    const asked = new Promise<void>((resolve) => {
      ib.answer(() => resolve());
    });
    const hanging = request(`${ib.stack.issuer}/proxy/thing`, { headers: ib.bearer });
    hanging.on('error', () => undefined).end();
    await asked;
    hanging.destroy();
    await ib.stack.logged('proxied', (line) => line['outcome'] === 'hung_up');
  });

  it('say in the log why they did not come', async () => {
    ib.answer((request) => void request.socket.destroy());
    expect((await ib.call()).status).to.equal(502);
    const line = await ib.stack.logged('proxied', (found) => found['outcome'] === 'not_answering');
    expect(line['cause']).to.equal('UND_ERR_SOCKET');
  });
});
