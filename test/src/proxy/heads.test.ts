import { request } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { withBearer } from '../../support/stack.ts';
import { type OwnIb, startOwnIb } from './own-ib.ts';

describe("what surrounds IB's answers", () => {
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' } });
  });
  after(() => ib.close());

  const told = async (headers: Record<string, string | string[]>): Promise<Headers> => {
    ib.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end('{}');
    });
    return (await ib.call()).headers;
  };

  it('reach the app where it has a use for them', async () => {
    const headers = {
      'content-disposition': 'attachment; filename="Müller.png"',
      'content-language': 'de',
      etag: '"a"',
      'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT',
      'retry-after': '7',
      'x-ratelimit-remaining': '599',
    };
    // As PHP sends a name that is not ASCII: the bytes of UTF-8.
    const sent = {
      ...headers,
      'content-disposition': Buffer.from('attachment; filename="Müller.png"').toString('latin1'),
    };
    const got = Object.fromEntries(await told(sent));
    expect({
      ...got,
      'content-disposition': Buffer.from(String(got['content-disposition']), 'latin1').toString(),
    }).to.include(headers);
  });

  it('never steer what stands in front, nor speak for this server', async () => {
    const hostile = {
      'access-control-allow-credentials': 'true',
      'access-control-allow-origin': '*',
      age: '10',
      'alt-svc': 'h3=":443"',
      'cdn-cache-control': 'public, max-age=600',
      'clear-site-data': '"*"',
      'cloudflare-cdn-cache-control': 'public',
      'content-location': '/elsewhere',
      'cross-origin-opener-policy': 'unsafe-none',
      'edge-control': 'cache-maxage=1d',
      expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
      link: '</x>; rel=preload',
      'proxy-authenticate': 'Basic',
      refresh: '0; url=https://evil.example/',
      'service-worker-allowed': '/',
      'set-cookie': 'session=evil; Path=/',
      'strict-transport-security': 'max-age=0',
      'surrogate-control': 'max-age=600',
      'surrogate-key': 'all',
      'www-authenticate': 'Basic realm="x"',
      'x-accel-buffering': 'no',
      'x-accel-charset': 'utf-7',
      'x-accel-expires': '600',
      'x-accel-limit-rate': '1',
      'x-accel-redirect': '/internal/secret',
      'x-content-type-options': 'none',
      'x-frame-options': 'ALLOWALL',
      'x-lighttpd-send-file': '/etc/passwd',
      'x-litespeed-cache-control': 'public',
      'x-proxy-cache': 'HIT',
      'x-reproxy-url': 'https://evil.example/',
      'x-request-id': 'forged',
      'x-sendfile': '/etc/passwd',
      'x-varnish-ttl': '600',
      'referrer-policy': 'unsafe-url',
      'content-security-policy': 'default-src *',
    };
    const got = Object.fromEntries(await told(hostile));
    const ours = {
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; sandbox",
    };
    for (const name of Object.keys(hostile)) {
      if (name in ours || name === 'x-request-id') continue;
      expect(got, name).to.not.have.property(name);
    }
    expect(got).to.include(ours);
    expect(got['x-request-id'])
      .to.match(/^[\w-]{10,}$/)
      .and.not.equal('forged');
  });

  it('end at this hop where IB says so', async () => {
    const got = await told({ connection: 'close, ETag', etag: '"hop"', 'keep-alive': 'timeout=99' });
    expect(got.get('etag')).to.equal(null);
    expect(got.get('keep-alive')).to.not.contain('99');
  });

  it('count for nothing where they are given twice and mean two things', async () => {
    const got = await told({ 'content-type': ['image/png', 'text/html'], etag: ['"a"', '"b"'] });
    expect([got.get('content-type'), got.get('etag')]).to.deep.equal(['application/octet-stream', null]);
  });

  for (const [said, means] of [
    [undefined, 'private, no-cache'],
    ['public', 'private, no-cache'],
    ['public, max-age=600', 'private, max-age=600'],
    // The addresses in a text work for ten minutes.
    [
      'max-age=86400, stale-if-error="9999", immutable',
      'private, max-age=600, stale-if-error="600", immutable',
    ],
    ['PUBLIC, Max-Age=600, S-MaxAge=9', 'private, max-age=600'],
    ['max-age=600, s-maxage=99999, must-revalidate', 'private, max-age=600, must-revalidate'],
    ['public,max-age="600"', 'private, max-age="600"'],
    ['private="set-cookie", max-age=5', 'private, max-age=5'],
    ['no-cache="set-cookie, x", max-age=5', 'private, no-cache, max-age=5'],
    ['no-store', 'private, no-store'],
    ['private, private', 'private, no-cache'],
    [
      'immutable, max-age=1, stale-while-revalidate=5, proxy-revalidate',
      'private, immutable, max-age=1, stale-while-revalidate=5',
    ],
    ['x="public, s-maxage=5", max-age=1', 'private, max-age=1'],
    ['max-age=-1', 'private, no-cache'],
    ['max-age=1 public', 'private, no-cache'],
  ] as const) {
    it(`make of the Cache-Control ${said} one for the user's own cache`, async () => {
      const got = await told(said === undefined ? {} : { 'cache-control': said });
      expect(got.get('cache-control')).to.equal(means);
    });
  }

  it('keep a file for as long as IB says, which has no addresses in it', async () => {
    const got = await told({ 'content-type': 'image/png', 'cache-control': 'public, max-age=86400' });
    expect(got.get('cache-control')).to.equal('private, max-age=86400');
  });

  it("make one Cache-Control of several lines, and one Vary of IB's and ours", async () => {
    const got = await told({
      'cache-control': ['public', 'max-age=60'],
      vary: ['Accept, sid', 'Accept-Language'],
    });
    expect(got.get('cache-control')).to.equal('private, max-age=60');
    expect(got.get('vary')?.split(', ')).to.have.members([
      'Origin',
      'Authorization',
      'Accept',
      'Accept-Language',
    ]);
    expect((await told({ vary: '*' })).get('vary')).to.equal('*');
  });

  it("are the app's own business where IB says 401 of anything but the session", async () => {
    for (const [type, body] of [
      ['application/json', '{"error":{"key":"error.folder.password","message":"Password required"}}'],
      ['text/html', `<h1>Unauthorized</h1>${'<p>long</p>'.repeat(20_000)}`],
      ['text/plain', ''],
    ] as const) {
      ib.answer((_request, response) => void response.writeHead(401, { 'content-type': type }).end(body));
      const answer = await ib.call();
      expect([answer.status, await answer.text()]).to.deep.equal([401, body]);
      expect(answer.headers.get('www-authenticate')).to.equal(null);
    }
    expect(
      (await withBearer(`${ib.stack.issuer}/userinfo`, ib.bearer.authorization.slice(7))).status,
    ).to.equal(200);
  });

  it('end no session where the platform says what the API would say of a dead one', async () => {
    const [platform] = ib.stack.sandbox.platforms;
    Object.assign(platform.switches, { status: 401, statusAs: 'dead' });
    const path = `/proxy/${new URL(platform.origin).host}/v1/auth/app/info?token=x`;
    const answer = await ib.rawCall({ path });
    Object.assign(platform.switches, { status: 0, statusAs: 'own' });
    expect(answer.status).to.equal(401);
    expect(answer.body.toString()).to.contain('error.authentication.required');
    expect(
      (await withBearer(`${ib.stack.issuer}/userinfo`, ib.bearer.authorization.slice(7))).status,
    ).to.equal(200);
  });

  it('are those of calls that IB knows: any other method is 405, whatever the address', async () => {
    const asked: unknown[] = [];
    ib.answer((request, response) => {
      asked.push(request.method);
      request.resume();
      response.end();
    });
    for (const method of ['TRACE', 'OPTIONS', 'PROPFIND', 'QUERY', 'PURGE', 'LINK', 'SEARCH']) {
      for (const path of ['/proxy/thing', '/proxy/~/forged', '/proxy/']) {
        const answer = await ib.rawCall({ path, method });
        expect([method, answer.status]).to.deep.equal([method, 405]);
        expect(answer.headers.allow).to.equal('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
        expect(answer.everything.toString()).to.not.contain('Bearer');
      }
    }
    expect(asked).to.deep.equal([]);
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await ib.rawCall({ method })).status, method).to.equal(200);
    }
    expect(asked).to.deep.equal(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
  });

  it('are no tunnel', async () => {
    const socket = connect(Number(new URL(ib.stack.issuer).port), '127.0.0.1');
    socket.end(
      `CONNECT /proxy/thing HTTP/1.1\r\nHost: x\r\nAuthorization: ${ib.bearer.authorization}\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text)
      .to.match(/^(HTTP\/1.1 405 .*)?/)
      .and.not.contain(' 200 ');
    const upgraded = request(`${ib.stack.issuer}/proxy/thing`, {
      headers: { ...ib.bearer, connection: 'upgrade', upgrade: 'websocket' },
    });
    const status = await new Promise((resolve) => {
      upgraded
        .on('response', (response) => resolve(response.resume().statusCode))
        .on('upgrade', () => resolve('upgraded'));
      upgraded.end();
    });
    expect(status).to.equal(200);
  });

  it('keep a script of IB’s from running in a page of ours', async () => {
    const page = await fetch(`${ib.stack.issuer}/account`);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).to.match(new RegExp(`script-src ${ib.stack.issuer}/assets/(;|$)`));
    expect(policy).to.contain("default-src 'none'").and.not.contain('unsafe');
  });
});
