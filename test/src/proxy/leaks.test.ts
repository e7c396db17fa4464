import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { type OwnIb, startOwnIb } from './own-ib.ts';
import { SPELLINGS, tells } from './spellings.ts';

const CONTENT_TYPES = `
  text/plain|text/html; charset=utf-8|text/css|text/csv|text/javascript|text/markdown|text/xml|text/calendar|text/vcard
  text/event-stream|text/plain; charset=utf-16le|text/html; charset=utf-16|TEXT/HTML|text/x-unknown
  application/json|application/json; charset=utf-16be|application/problem+json|application/vnd.api+json|application/ld+json
  application/x-ndjson|application/json-seq|application/geo+json|application/manifest+json|APPLICATION/JSON;odata=verbose
  application/xml|application/atom+xml|application/rss+xml|application/xhtml+xml|application/soap+xml|application/dash+xml
  application/javascript|application/ecmascript|application/x-javascript|application/wasm|application/graphql
  application/yaml|application/toml|application/sql|application/rtf|application/postscript|application/x-tar
  application/x-www-form-urlencoded|application/vnd.apple.mpegurl|audio/mpegurl|audio/x-scpls|video/x-ms-asf
  application/x-unknown|application/vnd.unknown|foo/bar|image/svg+xml|image/svg+xml; charset=utf-16|image/x-xbitmap
  multipart/mixed; boundary=x|multipart/form-data; boundary="x"|multipart/related; boundary=x|message/http|message/rfc822
  model/gltf+json|image/png, text/html|image/png;a=b,c|nonsense||application/octet-stream|image/jpeg|application/pdf
`
  .trim()
  .split(/[|\n]/)
  .map((type) => type.trim());

const HEADERS = [
  'Link',
  'Content-Location',
  'Content-Disposition',
  'ETag',
  'Content-Language',
  'Set-Cookie',
  'Set-Cookie2',
  'WWW-Authenticate',
  'Refresh',
  'X-Request-Id',
  'X-Debug',
  'sid',
  'Vary',
  'Cache-Control',
  'Warning',
  'Via',
  'Server-Timing',
  'Content-Security-Policy',
  'X-Accel-Redirect',
  'X-RateLimit-Limit',
  'Retry-After',
  'Last-Modified',
  'Accept-Ranges',
  'SourceMap',
  'Trailer',
];

/** Addresses a redirect may lead to, with a secret in them. */
const REDIRECTS: Readonly<Record<string, (origin: string, secret: string) => string>> = {
  'its own parameter': (origin, secret) => `${origin}/file?id=1&sid=${secret}`,
  'a parameter in capitals': (origin, secret) => `${origin}/file?SID=${secret}`,
  'another parameter': (origin, secret) => `${origin}/file?session=${secret}&id=1`,
  'an address in a parameter': (origin, secret) =>
    `${origin}/go?to=${encodeURIComponent(`${origin}/x?sid=${secret}`)}`,
  'a parameter without a name': (origin, secret) => `${origin}/file?${secret}`,
  'a name of a parameter': (origin, secret) => `${origin}/file?${secret}=1`,
  'parameters after a semicolon': (origin, secret) => `${origin}/file?id=1;sid=${secret}`,
  'parameters as in markup': (origin, secret) => `${origin}/file?id=1&amp;sid=${secret}`,
  'the path': (origin, secret) => `${origin}/session/${secret}/file`,
  'a parameter of the path': (origin, secret) => `${origin}/file;jsessionid=${secret}`,
  'the fragment': (origin, secret) => `${origin}/file#sid=${secret}`,
  'the user': (origin, secret) => origin.replace('://', `://${encodeURIComponent(secret)}:x@`),
  'a relative address': (_origin, secret) => `file?sid=${secret}`,
  'a relative path': (_origin, secret) => `../${secret}/file`,
  'no more than a query': (_origin, secret) => `?sid=${secret}`,
  'an address without a scheme': (origin, secret) => `${origin.replace('http:', '')}/file?x=${secret}`,
  'another host': (_origin, secret) => `https://evil.example/?sid=${secret}`,
};

/** What a header can hold: bytes of UTF-16 and line breaks cannot stand there. */
const inHeader = (bytes: Buffer): string => bytes.toString('latin1').replace(/[\0\r\n]/g, '');

/** The others are tried where bodies are read, in `find-sid.test.ts` and `conceal-sid.test.ts`. */
const OVER_HTTP = [
  'as it is',
  'in capitals',
  'UTF-16, little end first',
  'UTF-16, big end first',
  'percent here and there',
  'JSON escapes',
  'decimal references',
  'hexadecimal references in capitals',
  'base64, one byte before',
  'base64 for addresses',
];

describe('a sid in what IB answers', function () {
  this.timeout(20_000);
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' }, lifetimes: { proxyCallsPerMinute: 100_000 } });
  });
  after(() => ib.close());

  const giveAway = (response: ServerResponse, written: Buffer): void => {
    for (const name of HEADERS) response.setHeader(name, `before ${inHeader(written)} after`);
  };

  for (const spelling of OVER_HTTP) {
    const write = SPELLINGS[spelling] ?? (() => Buffer.alloc(0));

    it(`is in no header and no body of any type where it is written ${spelling}`, async () => {
      const written = write(ib.sid);
      const body = Buffer.concat([Buffer.from('{"a":"'), written, Buffer.from('"}')]);
      ib.answer((request, response) => {
        const at = Number(request.url?.slice(1));
        giveAway(response, written);
        const type = CONTENT_TYPES[at] ?? '';
        if (type !== '') response.setHeader('content-type', type);
        response.writeHead([200, 201, 400, 403, 404, 500, 503][at % 7] ?? 200).end(body);
      });
      await Promise.all(
        CONTENT_TYPES.map(async (type, at) => {
          const answer = await ib.rawCall({ path: `/proxy/${at}` });
          expect(answer.body.length, `${type}: there is a body`).to.be.above(0);
          expect(
            tells(answer.everything, ib.sid),
            `${type}: ${answer.everything.toString('latin1')}`,
          ).to.equal(false);
        }),
      );
    });

    it(`is in no address of a redirect where it is written ${spelling}`, async () => {
      const shapes = Object.entries(REDIRECTS);
      ib.answer((request, response) => {
        const [, address = () => ''] = shapes[Number(request.url?.slice(1))] ?? [];
        const location = address(ib.origin, inHeader(write(ib.sid)));
        giveAway(response, write(ib.sid));
        response.writeHead(302, { location }).end(`<a href="${location}">here</a>`);
      });
      await Promise.all(
        shapes.map(async ([shape], at) => {
          const answer = await ib.rawCall({ path: `/proxy/${at}` });
          expect(answer.status, shape).to.be.oneOf([302, 502]);
          expect(
            tells(answer.everything, ib.sid),
            `${shape}: ${answer.everything.toString('latin1')}`,
          ).to.equal(false);
        }),
      );
    });
  }

  it('is cut out of a redirect that works without it', async () => {
    for (const [shape, rest] of [
      ['its own parameter', '/file?id=1'],
      ['another parameter', '/file?id=1'],
      ['a relative address', '/file'],
      ['the fragment', '/file'],
    ] as const) {
      const location = REDIRECTS[shape]?.(ib.origin, ib.sid) ?? '';
      ib.answer((_request, response) => void response.writeHead(303, { location }).end());
      const answer = await ib.rawCall();
      const host = new URL(ib.origin).host;
      expect(answer.headers.location, shape).to.equal(`${ib.stack.issuer}/proxy/${host}${rest}`);
    }
  });

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
      giveAway(response, Buffer.from(ib.sid));
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
