import { expect } from 'chai';
import { Browser } from '../../support/browser.ts';
import { authorizeUrl, CLIENTS, type Stack, startStack, WEB_SECRET } from '../../support/stack.ts';
import { begun, FORM, type RawAnswer, rawConnection, rawRequest } from './raw.ts';

const BRIDGE_CLIENT = `
  - client_id: mcp-public-client
    client_name: Bridge
    token_endpoint_auth_method: none
    redirect_uris: [https://claude.ai/api/mcp/auth_callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile ib:api
    ib: { bridge_compat: true }
`;

/** Every address that reads a body. */
const JSON_PATHS = [
  '/token',
  '/par',
  '/introspect',
  '/revoke',
  '/device_authorization',
  '/register',
  '/userinfo',
];
const PAGE_PATHS = [
  '/authorize',
  '/logout',
  '/logout/confirm',
  '/device',
  '/account/revoke',
  '/interaction/some-uid/platform',
  '/interaction/some-uid/continue',
  '/interaction/some-uid/restart',
  '/interaction/some-uid/other',
  '/interaction/some-uid/consent',
  '/interaction/some-uid/cancel',
];
const PATHS = [...JSON_PATHS, ...PAGE_PATHS];

const start = (lifetimes: Parameters<typeof startStack>[0] = {}): Promise<Stack> =>
  startStack({
    clients: CLIENTS + BRIDGE_CLIENT.slice(1),
    ...lifetimes,
    env: { LOG_LEVEL: 'silent', REGISTRATION: 'open' },
  });

const NEXT = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

function expectForm(path: string, answer: RawAnswer | undefined): void {
  const isPage = PAGE_PATHS.includes(path);
  expect(answer?.headers['content-type'], path).to.contain(isPage ? 'text/html' : 'application/json');
  if (!isPage) expect(JSON.parse(answer?.body ?? ''), path).to.include({ error: 'invalid_request' });
}

describe('a body', () => {
  let stack: Stack;
  before(async () => {
    stack = await start();
  });
  after(() => stack.close());

  for (const path of PATHS) {
    it(`that is too large for ${path} gets 413, and the next request on its connection is answered`, async () => {
      for (const size of [70_000, 2 * 1024 * 1024, 5 * 1024 * 1024]) {
        const connection = await rawConnection(stack.issuer);
        connection.send(begun(path, `Content-Type: ${FORM}\r\nContent-Length: ${size}`, 'a'.repeat(size)));
        connection.send(NEXT);
        const refused = await connection.answer();
        expect(refused?.status, String(size)).to.equal(413);
        expectForm(path, refused);
        expect((await connection.answer())?.status, String(size)).to.equal(200);
        connection.close();
      }
    });
  }

  it('that is too large and comes in chunks is told so too', async () => {
    const connection = await rawConnection(stack.issuer);
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
    connection.send(begun('/token', `Content-Type: ${FORM}\r\nTransfer-Encoding: chunked`, chunk + chunk));
    connection.send(`0\r\nX-Trailer: y\r\n\r\n${NEXT}`);
    expect((await connection.answer())?.status).to.equal(413);
    expect((await connection.answer())?.status).to.equal(200);
    connection.close();
  });

  it('of a client that reads nothing before it has sent all is told so too, on a connection that ends', async () => {
    for (const [target, status] of [
      ['POST /token', 413],
      ['POST /authorize', 413],
      ['POST /proxy/api', 401],
      ['POST /nowhere', 404],
      ['PUT /token', 405],
    ] as const) {
      const size = 6 * 1024 * 1024;
      const connection = await rawConnection(stack.issuer);
      connection.socket.pause();
      connection.send(
        `${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`,
      );
      const sent = new Promise<Error | null | undefined>((resolve) => {
        connection.socket.write(Buffer.alloc(size, 'a'), resolve);
      });
      expect(await sent, target).to.be.oneOf([null, undefined]);
      connection.socket.resume();
      expect((await connection.answer())?.status, target).to.equal(status);
      expect(await connection.answer(), 'closed').to.equal(undefined);
    }
  });

  it('of exactly the largest size is read', async () => {
    const fill = (bytes: number): string => `token=${'a'.repeat(bytes - 6)}`;
    const headers = `Authorization: Basic ${btoa(`web:${WEB_SECRET}`)}\r\nContent-Type: ${FORM}\r\n`;
    const connection = await rawConnection(stack.issuer);
    for (const [size, status] of [
      [56 * 1024, 200],
      [56 * 1024 + 1, 413],
    ] as const) {
      connection.send(begun('/revoke', `${headers}Content-Length: ${size}`, fill(size)));
      expect((await connection.answer())?.status, String(size)).to.equal(status);
    }
    connection.close();
  });

  it('in chunks, with trailers, after 100-continue, or several on one connection at once, is read as any other', async () => {
    const connection = await rawConnection(stack.issuer);
    const headers = `Authorization: Basic ${btoa(`web:${WEB_SECRET}`)}\r\nContent-Type: ${FORM}\r\n`;
    const chunked = begun(
      '/introspect',
      `${headers}Transfer-Encoding: chunked\r\nTrailer: Authorization`,
      '6\r\ntoken=\r\n1\r\nx\r\n0\r\nAuthorization: Basic eDp5\r\n\r\n',
    );
    const plain = begun('/introspect', `${headers}Content-Length: 7`, 'token=x');
    connection.send(chunked + plain + plain);
    for (const _ of [1, 2, 3]) {
      const answer = await connection.answer();
      expect([answer?.status, answer?.body]).to.deep.equal([200, '{"active":false}']);
    }
    connection.send(begun('/introspect', `${headers}Content-Length: 7\r\nExpect: 100-continue`));
    expect((await connection.answer())?.status).to.equal(100);
    connection.send('token=x');
    expect((await connection.answer())?.body).to.equal('{"active":false}');
    connection.close();
  });

  it('that is compressed is refused as such, since nobody would read it', async () => {
    for (const path of PATHS) {
      const answer = await rawRequest(stack.issuer, 'POST', path, {
        'content-type': FORM,
        'content-encoding': 'gzip',
        'content-length': '0',
      });
      expect([answer.status, answer.headers['accept-encoding']], path).to.deep.equal([415, 'identity']);
    }
  });

  it('whose length is told in two ways is no request', async () => {
    for (const headers of [
      'Content-Length: 5\r\nTransfer-Encoding: chunked',
      'Content-Length: 5\r\nContent-Length: 6',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
      'Transfer-Encoding: xchunked',
      'Content-Length: -1',
      'Content-Length: 0x5',
    ]) {
      const connection = await rawConnection(stack.issuer);
      connection.send(begun('/token', headers, '0\r\n\r\n'));
      expect((await connection.answer())?.status, headers).to.equal(400);
      expect(await connection.answer(), headers).to.equal(undefined);
    }
  });

  it('of a request that has no use for one is dropped', async () => {
    const connection = await rawConnection(stack.issuer);
    for (const [target, status] of [
      ['GET /healthz', 200],
      ['GET /nowhere', 404],
      ['DELETE /token', 405],
      ['POST /proxy/api', 401],
      ['OPTIONS /token', 204],
    ] as const) {
      connection.send(
        `${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n${'a'.repeat(200_000)}`,
      );
      expect((await connection.answer())?.status, target).to.equal(status);
    }
    connection.close();
  });
});

describe('a body that does not come', () => {
  let stack: Stack;
  before(async () => {
    stack = await start({ lifetimes: { requestBodyMs: 150 } });
  });
  after(() => stack.close());

  it('gets 408 at every address that reads one, and its connection ends', async () => {
    for (const path of PATHS) {
      const connection = await rawConnection(stack.issuer);
      connection.send(begun(path, `Content-Type: ${FORM}\r\nContent-Length: 10`, 'a'));
      const answer = await connection.answer();
      expect(answer?.status, path).to.equal(408);
      expectForm(path, answer);
      expect(await connection.answer(), path).to.equal(undefined);
    }
  });

  it('gets the same where it comes byte by byte', async () => {
    const connection = await rawConnection(stack.issuer);
    connection.send(begun('/token', `Content-Type: ${FORM}\r\nContent-Length: 100000`));
    const drip = setInterval(() => connection.send('a'), 20);
    expect((await connection.answer())?.status).to.equal(408);
    clearInterval(drip);
    expect(await connection.answer()).to.equal(undefined);
  });

  it('keeps no connection where the answer needs none of it', async () => {
    for (const target of [
      'GET /healthz',
      'GET /nowhere',
      'DELETE /token',
      'POST /proxy/api',
      'POST /healthz',
    ]) {
      const connection = await rawConnection(stack.issuer);
      connection.send(`${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\na`);
      expect((await connection.answer())?.status, target).to.be.oneOf([200, 401, 404, 405]);
      const drip = setInterval(() => connection.send('a'), 20);
      expect(await connection.answer(), target).to.equal(undefined);
      clearInterval(drip);
    }
  });

  it('and a connection that has had its answer whole stay apart: the latter waits for its next request', async () => {
    const connection = await rawConnection(stack.issuer);
    const slow = await rawConnection(stack.issuer);
    connection.send('POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na');
    expect((await connection.answer())?.status).to.equal(404);
    slow.send(begun('/token', 'Content-Length: 10', 'a'));
    expect((await slow.answer())?.status).to.equal(408);
    connection.send(NEXT);
    expect((await connection.answer())?.status).to.equal(200);
    connection.close();
  });

  it('stops no others: 800 of them, and a sign-in begins', async () => {
    const waiting = await Promise.all(
      Array.from({ length: 800 }, async () => {
        const connection = await rawConnection(stack.issuer);
        connection.send(begun('/token', `Content-Type: ${FORM}\r\nContent-Length: 10`, 'a'));
        return connection;
      }),
    );
    expect((await new Browser().request(authorizeUrl(stack.issuer))).status).to.equal(303);
    for (const connection of waiting) {
      expect((await connection.answer())?.status).to.equal(408);
      expect(await connection.answer()).to.equal(undefined);
    }
  });
});
