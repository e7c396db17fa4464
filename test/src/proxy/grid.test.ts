import { expect } from 'chai';
import { type OwnIb, startOwnIb } from './own-ib.ts';
import { SPELLINGS, tells } from './spellings.ts';

const TYPES = `
  text/plain|text/html; charset=utf-8|text/css|text/csv|text/javascript|text/markdown|text/xml|text/calendar|text/vcard
  text/event-stream|text/plain; charset=utf-16le|text/html; charset=utf-16|TEXT/HTML|text/x-unknown|text/plain; charset=utf-32
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

const WRITERS = Object.values(SPELLINGS);

/** What a header can hold: bytes of UTF-16 and line breaks cannot stand there. */
const inHeader = (bytes: Buffer): string => bytes.toString('latin1').replace(/[\0\r\n]/g, '');

/** Reads each line of a head and each body once: most of them are the same. */
function createReader(sid: string): (everything: Buffer) => boolean {
  const read = new Map<string, boolean>();
  const isToldBy = (text: string): boolean => {
    const known = read.get(text) ?? tells(Buffer.from(text, 'latin1'), sid);
    read.set(text, known);
    return known;
  };
  return (everything) => {
    const text = everything.toString('latin1');
    const head = text.slice(0, text.indexOf('{"before"')).split('\n');
    return head.some(isToldBy) || text.split('\u0001').slice(1).some(isToldBy);
  };
}

/** Runs so many at once. */
const AT_ONCE = 64;

async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

const shapes = Object.values(REDIRECTS);
const STATUSES = [200, 201, 400, 403, 404, 500, 503];

/** Each type with each redirect, and with none. */
const ANSWERS = TYPES.flatMap((type, row) =>
  [undefined, ...shapes].map((redirect, column) => ({ type, redirect, turn: row + column })),
);
type Answer = (typeof ANSWERS)[number];

/**
 * Each body has the sid in every spelling, between marks; each header, and the redirect, in one of them, the next one in the
 * next answer, so that each meets each.
 */
describe(`a sid in ${TYPES.length} types, ${HEADERS.length} headers, ${shapes.length} redirects, ${WRITERS.length} spellings`, function () {
  this.timeout(60_000);
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' }, lifetimes: { proxyCallsPerMinute: 1_000_000 } });
  });
  after(() => ib.close());

  it('is in none of all their combinations', async () => {
    const written = WRITERS.map((write) => write(ib.sid));
    const inHeaders = written.map(inHeader);
    const body = Buffer.concat([
      Buffer.from('{"before":"'),
      ...written.flatMap((one) => [Buffer.from(' \u0001 '), one]),
      Buffer.from(' \u0001 ","after":1}'),
    ]);
    const spelt = (turn: number): string => inHeaders[turn % inHeaders.length] ?? '';
    ib.answer((request, response) => {
      const { type, redirect, turn } = ANSWERS[Number(request.url?.slice(1))] as Answer;
      for (const [at, name] of HEADERS.entries()) {
        response.setHeader(name, `before ${spelt(turn * HEADERS.length + at)} after`);
      }
      if (type !== '') response.setHeader('content-type', type);
      if (redirect === undefined) return void response.writeHead(STATUSES[turn % 7] ?? 200).end(body);
      response.writeHead(302, { location: redirect(ib.origin, spelt(turn)) }).end(body);
    });
    const isTold = createReader(ib.sid);
    expect(isTold(body), 'the test itself can read it').to.equal(true);
    let redirected = 0;
    await forEach([...ANSWERS.entries()], async ([at, { type, redirect, turn }]) => {
      const answer = await ib.rawCall({ path: `/proxy/${at}` });
      const shown = (): string => `${type}, ${turn}: ${answer.everything.toString('latin1')}`;
      if (isTold(answer.everything)) expect.fail(shown());
      if (redirect === undefined) expect(answer.status).to.equal(STATUSES[turn % 7]);
      else expect(answer.status).to.be.oneOf([302, 502]);
      if (answer.status === 302) redirected += 1;
      // What is refused has a body of ours; any other keeps what stands around the sid.
      if (answer.status !== 502 && !answer.body.includes('\u0001 ","after":1}')) expect.fail(shown());
    });
    expect(redirected, 'most lead on without it').to.be.above(ANSWERS.length / 2);
  });

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
});
