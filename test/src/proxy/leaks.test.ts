import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { type OwnIb, startOwnIb } from './own-ib.ts';
import { tells } from './spellings.ts';

/** That reach the app, and that do not. */
const HEADERS = [
  'Link',
  'Content-Disposition',
  'ETag',
  'Set-Cookie',
  'X-RateLimit-Limit',
  'Retry-After',
  'sid',
];

describe('a sid in what IB answers', function () {
  this.timeout(20_000);
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' }, lifetimes: { proxyCallsPerMinute: 100_000 } });
  });
  after(() => ib.close());

  const giveAway = (response: ServerResponse): void => {
    for (const name of HEADERS) response.setHeader(name, `before ${ib.sid} after`);
  };

  it('is in nothing else of an answer: status line, early hints, trailers, names, pieces', async () => {
    ib.answer((_request, response) => {
      response.writeEarlyHints({ link: `</a?sid=${ib.sid}>; rel=preload` });
      response.writeHead(200, ib.sid, {
        [`x-${ib.sid}`]: '1',
        trailer: 'x-end',
        'content-type': 'text/plain',
      });
      for (const character of `mine: ${ib.sid}.`) response.write(character);
      response.addTrailers({ 'x-end': ib.sid });
      response.end();
    });
    const answer = await ib.rawCall();
    expect(answer.body.toString()).to.equal('mine: .');
    expect(tells(answer.everything, ib.sid)).to.equal(false);
  });

  it('is in no coded body, in one coding or another in it', async () => {
    for (const [codings, body] of [
      ['gzip', gzipSync(ib.sid)],
      ['GZIP', gzipSync(ib.sid)],
      ['gzip, gzip', gzipSync(gzipSync(ib.sid))],
      ['identity', Buffer.from(ib.sid)],
    ] as const) {
      for (const type of ['application/json', 'application/octet-stream', undefined]) {
        ib.answer((_request, response) => {
          response.writeHead(200, { 'content-encoding': codings, ...(type && { 'content-type': type }) });
          response.end(body);
        });
        const answer = await ib.call();
        const text = await answer.text();
        expect(text, `${codings}, ${type}`).to.not.contain(ib.sid);
        expect(answer.status, `${codings}, ${type}`).to.equal(200);
      }
    }
  });

  it('is in no address that works without a token either', async () => {
    ib.answer((request, response) => {
      if (request.url === '/thing') {
        response.writeHead(200, { 'content-type': 'application/json' });
        return void response.end(JSON.stringify({ preview: `${ib.origin}/picture?sid=${ib.sid}` }));
      }
      giveAway(response);
      response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(`<svg><!-- ${ib.sid} --></svg>`);
    });
    const { preview } = (await (await ib.call()).json()) as { preview: string };
    const answer = await ib.rawCall({ path: new URL(preview).pathname, headers: {} });
    expect(answer.status).to.equal(200);
    expect(answer.body.toString()).to.equal('<svg><!--  --></svg>');
    expect(tells(answer.everything, ib.sid)).to.equal(false);
  });

  it('is not what a large file is searched for: its bytes pass as they are, coded or not', async () => {
    const file = Buffer.alloc(1024 * 1024 + 1, 'picture');
    for (const coding of [undefined, 'gzip']) {
      ib.answer((_request, response) => {
        const headers = { 'content-type': 'image/png', 'content-length': file.length };
        response.writeHead(200, coding === undefined ? headers : { ...headers, 'content-encoding': coding });
        response.end(file);
      });
      const answer = await ib.rawCall();
      expect(answer.body.equals(file), coding).to.equal(true);
      expect(answer.headers['content-length']).to.equal(String(file.length));
      expect(answer.headers['content-encoding']).to.equal(coding);
    }
  });
});
