import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { targetOf } from '../../../src/proxy/target.ts';
import { withBearer } from '../../support/stack.ts';
import { type OwnIb, startOwnIb } from './own-ib.ts';

const DEAD = '{"error":"error.authentication.required"}';

describe('an app that calls as no good app would', function () {
  this.timeout(30_000);
  let ib: OwnIb;
  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' }, lifetimes: { proxyCallsPerMinute: 100_000 } });
  });
  after(() => ib.close());

  it('has another method than it says neither read nor passed on', async () => {
    const seen: unknown[] = [];
    ib.answer(({ method, headers }, response) => {
      seen.push(method, headers);
      response.end();
    });
    await ib.call({
      'x-http-method': 'TRACE',
      'x-http-method-override': 'TRACE',
      'x-method-override': 'TRACE',
      'x-original-url': '/elsewhere',
      'x-rewrite-url': '/elsewhere',
      'x-own': 'kept',
    });
    const [method, headers] = seen as [string, Record<string, string>];
    expect(method).to.equal('GET');
    expect(headers)
      .to.include({ 'x-own': 'kept' })
      .and.not.have.any.keys(
        'x-http-method',
        'x-http-method-override',
        'x-method-override',
        'x-original-url',
        'x-rewrite-url',
      );
  });

  it('cannot say where it calls from, nor who it is', async () => {
    const seen: Record<string, unknown>[] = [];
    ib.answer(({ headers }, response) => {
      seen.push(headers);
      response.end();
    });
    const claims = Object.fromEntries(
      [
        'true-client-ip',
        'x-client-ip',
        'x-cluster-client-ip',
        'cf-connecting-ip',
        'fastly-client-ip',
        'x-real-ip',
        'x-forwarded-for',
        'x-forwarded',
        'forwarded',
        'x-amzn-trace-id',
        'cookie',
        'proxy-authorization',
      ]
        .flatMap((name) => [name, name.replaceAll('-', '_')])
        .map((name) => [name, '10.0.0.1']),
    );
    await ib.rawCall({ headers: { ...ib.bearer, ...claims, connection: 'sid, content-type', sid: 'mine' } });
    expect(seen[0]).to.not.have.any.keys(...Object.keys(claims), 'authorization');
    expect(seen[0]).to.include({ sid: ib.sid });
  });

  for (const query of [
    '?sid=dead',
    '?a=1&sid=dead',
    '?SID=dead',
    '?%73id=dead',
    '?sid%5B%5D=dead',
    '?sid',
    '?a=1;sid=dead',
  ]) {
    it(`does not sign its user out by a session of its own: ${query}`, async () => {
      ib.answer((_request, response) => {
        response.writeHead(401, { 'content-type': 'application/json' }).end(DEAD);
      });
      const answer = await ib.rawCall({ path: `/proxy/api/3.0.0/6M0B/folder${query}` });
      expect([answer.status, answer.body.toString()]).to.deep.equal([401, DEAD]);
      expect(
        (await withBearer(`${ib.stack.issuer}/userinfo`, ib.bearer.authorization.slice(7))).status,
      ).to.equal(200);
    });
  }

  it('signs its user out by the session itself, wherever that stands', async () => {
    const other = await startOwnIb({ env: { LOG_LEVEL: 'silent' } });
    other.answer((_request, response) => {
      response.writeHead(401, { 'content-type': 'application/json' }).end(DEAD);
    });
    const answer = await other.rawCall({ path: `/proxy/folder?sid=${other.sid}` });
    expect(JSON.parse(answer.body.toString())).to.include({ error_description: 'Session has expired' });
    await other.close();
  });

  it('may name the port that everybody knows', () => {
    const session = { apiUrl: 'https://api.example', platformUrl: 'http://platform.example' };
    for (const [host, origin] of [
      ['api.example:443', session.apiUrl],
      ['api.example%3A443', session.apiUrl],
      ['API.example', session.apiUrl],
      ['platform.example:80', session.platformUrl],
    ] as const) {
      expect(targetOf(`/proxy/${host}/x?y`, session), host).to.deep.equal({
        kind: 'call',
        origin,
        path: '/x?y',
      });
    }
    for (const host of [
      'api.example:80',
      'api.example:0443',
      'api.example:',
      'platform.example:443',
      'api.example:443:443',
    ]) {
      expect(targetOf(`/proxy/${host}/x`, session), host).to.deep.equal({ kind: 'refused' });
    }
  });

  it('ends what it began, wherever it hangs up, and nobody else notices', async () => {
    const steps = [
      /** While it sends, before IB has read. */
      () => ib.answer(() => undefined),
      /** While IB reads. */
      () => ib.answer((asked) => void asked.resume()),
      /** While IB answers without having read. */
      () => ib.answer((_asked, response) => void response.write('x'.repeat(70_000))),
      /** Once IB has answered, and the app has not sent all. */
      () => ib.answer((_asked, response) => void response.end('x'.repeat(70_000))),
      /** While IB says that the session is dead, for a long time. */
      () => ib.answer((_asked, response) => void response.writeHead(401).write('{"error":')),
    ];
    for (const [at, step] of steps.entries()) {
      step();
      for (let turn = 0; turn < 5; turn += 1) {
        const socket = connect(Number(new URL(ib.stack.issuer).port), '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(
          `POST /proxy/thing HTTP/1.1\r\nHost: x\r\nAuthorization: ${ib.bearer.authorization}\r\nContent-Length: 100000\r\n\r\n`,
        );
        socket.write('x'.repeat((turn + 1) * 19_000));
        const heard = once(socket, 'data');
        // Some answers never come; those that do are waited for.
        if (at === 2 || at === 3) await heard;
        else heard.catch(() => undefined);
        socket.destroy();
      }
      expect((await fetch(`${ib.stack.issuer}/healthz`)).status, String(at)).to.equal(200);
    }
    ib.answer((_asked, response) => void response.end('well'));
    expect(await (await ib.call()).text()).to.equal('well');
  });

  it('gets the answer to its own call on a connection that others wrote to', async () => {
    ib.answer((asked, response) => {
      asked.resume();
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`${asked.method} ${asked.url}`);
    });
    const head = (method: string, path: string, rest = ''): string =>
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${ib.bearer.authorization}\r\n${rest}\r\n`;
    const smuggled = 'GET /proxy/smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const socket = connect(Number(new URL(ib.stack.issuer).port), '127.0.0.1');
    socket.write(head('POST', '/proxy/one', `Content-Length: ${smuggled.length}\r\n`) + smuggled);
    socket.write(head('GET', '/proxy/two', 'Connection: close, content-length\r\n'));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect([...text.matchAll(/(?:GET|POST) \/\w+/g)].flat()).to.deep.equal(['POST /one', 'GET /two']);
    const both = connect(Number(new URL(ib.stack.issuer).port), '127.0.0.1');
    both.end(
      head('POST', '/proxy/one', `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`) +
        `0\r\n\r\n${smuggled}`,
    );
    let refused = '';
    for await (const chunk of both) refused += String(chunk);
    expect(refused)
      .to.match(/^HTTP\/1\.1 400/)
      .and.not.contain('smuggled');
  });

  it('may ask for a part of its own choice, and gets none of a text', async () => {
    ib.answer(({ headers }, response) => {
      const text = `mine: ${ib.sid}.`;
      const [, from] = /bytes=(\d+)-/.exec(headers.range ?? '') ?? [];
      if (from === undefined) return void response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
      response.writeHead(206, {
        'content-type': 'text/plain',
        'content-range': `bytes ${from}-${text.length - 1}/${text.length}`,
      });
      response.end(text.slice(Number(from)));
    });
    for (const range of ['bytes=12-', 'Bytes=12-', 'bytes=12-,1-2', 'bytes=-3']) {
      const answer = await ib.rawCall({ headers: { ...ib.bearer, range } });
      expect([answer.status, answer.body.toString()], range).to.deep.equal([200, 'mine: .']);
    }
    const call = request(`${ib.stack.issuer}/proxy/thing`, {
      method: 'POST',
      headers: { ...ib.bearer, range: 'bytes=12-' },
    });
    call.end('x');
    const [response] = await once(call, 'response');
    expect(response.statusCode).to.equal(200);
    response.resume();
  });
});
