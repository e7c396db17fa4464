import { expect } from 'chai';
import { ROUTES } from '../../../src/http/routes.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { rawConnection, rawRequest } from './raw.ts';

const APP = 'https://app.example';
const STRANGER = 'https://evil.example';

/** The contract's endpoints, written down once more: methods that work, whose pages may read, form of errors. */
const CONTRACT: readonly (readonly [
  path: string,
  methods: string,
  cors: 'none' | 'public' | 'registered',
  'json' | 'page',
])[] = [
  ['/.well-known/openid-configuration', 'GET', 'public', 'json'],
  ['/.well-known/oauth-authorization-server', 'GET', 'public', 'json'],
  ['/.well-known/oauth-protected-resource', 'GET', 'public', 'json'],
  ['/.well-known/oauth-protected-resource/proxy', 'GET', 'public', 'json'],
  ['/jwks', 'GET', 'public', 'json'],
  ['/authorize', 'GET POST', 'none', 'page'],
  ['/authorize/poll', 'GET', 'none', 'json'],
  ['/authorize/some-uid', 'GET', 'none', 'page'],
  ['/token', 'POST', 'registered', 'json'],
  ['/userinfo', 'GET POST', 'registered', 'json'],
  ['/introspect', 'POST', 'registered', 'json'],
  ['/revoke', 'POST', 'registered', 'json'],
  ['/par', 'POST', 'registered', 'json'],
  ['/device_authorization', 'POST', 'registered', 'json'],
  ['/device', 'GET POST', 'none', 'page'],
  ['/device/some-uid', 'GET', 'none', 'page'],
  ['/register', 'POST', 'public', 'json'],
  ['/register/some-id', 'GET PUT DELETE', 'public', 'json'],
  ['/logout', 'GET POST', 'none', 'page'],
  ['/logout/success', 'GET', 'none', 'page'],
  ['/proxy/api/3.0.0/6M0B/folder', 'GET POST PUT PATCH DELETE', 'registered', 'json'],
  ['/account', 'GET', 'none', 'page'],
  ['/interaction/some-uid', 'GET', 'none', 'page'],
  ['/assets/no/such.css', 'GET', 'none', 'json'],
  ['/healthz', 'GET', 'none', 'json'],
  ['/readyz', 'GET', 'none', 'json'],
];
/** Addresses that only take a form, and where they lead back to. */
const FORMS = {
  '/interaction/some-uid/platform': '/interaction/some-uid',
  '/interaction/some-uid/continue': '/interaction/some-uid',
  '/interaction/some-uid/restart': '/interaction/some-uid',
  '/interaction/some-uid/other': '/interaction/some-uid',
  '/interaction/some-uid/consent': '/interaction/some-uid',
  '/interaction/some-uid/cancel': '/interaction/some-uid',
  '/logout/confirm': '/logout',
  '/account/revoke': '/account',
  '/account/revoke-all': '/account',
  '/account/sign-out': '/account',
};
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'];

/** Other spellings of a path. */
function spellings(path: string): string[] {
  const [, first = '', rest = ''] = /^\/([^/]+)(.*)$/.exec(path) ?? [];
  const code = first.charCodeAt(0).toString(16);
  return [
    `/${first.toUpperCase()}${rest}`,
    `/${first[0]?.toUpperCase()}${first.slice(1)}${rest}`,
    `/${path}`,
    `/%${code}${first.slice(1)}${rest}`,
    `/./${first}${rest}`,
    `/x/..${path}`,
    `/${first};x${rest}`,
    `/${first}%20${rest}`,
    `/${first}\\${rest}`,
    `/${first}#x${rest}`,
  ].filter((spelling) => spelling !== path);
}

describe('the table of addresses', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({
      env: { LOG_LEVEL: 'silent', REGISTRATION: 'open' },
      lifetimes: { signInsPerAddress: 100_000 },
    });
  });
  after(() => stack.close());
  const ask = (method: string, target: string, headers: Record<string, string> = {}) =>
    rawRequest(stack.issuer, method, target, { accept: '*/*', ...headers });

  for (const [path, methods, cors, errors] of CONTRACT) {
    const allowed = methods.split(' ');

    it(`${path} takes ${methods} and says so to any other method`, async () => {
      for (const method of METHODS.filter((candidate) => !allowed.includes(candidate))) {
        const answer = await ask(method, path, { accept: 'text/html' });
        expect(answer.status, method).to.equal(405);
        const allow = (answer.headers['allow'] ?? '').split(', ');
        expect(allow, method).to.include.members(allowed);
        expect(answer.headers['content-type'], method).to.contain(
          errors === 'json' ? 'application/json' : 'text/html',
        );
        if (errors === 'json') expect(JSON.parse(answer.body)).to.include({ error: 'invalid_request' });
      }
      for (const method of allowed) expect((await ask(method, path)).status, method).not.to.equal(405);
    });

    it(`${path} answers HEAD and OPTIONS where it has GET or CORS`, async () => {
      const passedOn = path.startsWith('/proxy/') ? { 'access-control-request-method': 'GET' } : {};
      const options = await ask('OPTIONS', path, passedOn);
      expect(options.status).to.equal(204);
      expect(options.headers['allow']).to.contain(allowed[0]);
      const head = await ask('HEAD', path);
      if (allowed.includes('GET')) expect(head.status).to.equal((await ask('GET', path)).status);
      else expect(head.status).to.equal(405);
    });

    it(`${path} has one spelling`, async () => {
      for (const target of [
        ...spellings(path),
        ...(path.startsWith('/proxy/') ? [] : [`${path}/`, `${path}/x1/x2`]),
      ]) {
        for (const method of allowed) {
          const answer = await ask(method, target);
          expect(answer.status, `${method} ${target}`).to.equal(404);
          expect(JSON.parse(answer.body), target).to.include({ error: 'not_found' });
        }
      }
    });

    it(`${path} may be read by ${cors === 'registered' ? "registered apps' pages" : cors === 'public' ? 'every page' : 'no page'}`, async () => {
      for (const origin of [
        APP,
        STRANGER,
        'null',
        'file://',
        'https://app.example:444',
        'https://app.example/',
      ]) {
        for (const method of [...allowed, 'OPTIONS', 'PROPFIND']) {
          const preflight = {
            'access-control-request-method': allowed[0] ?? '',
            'access-control-request-headers': 'x-a',
          };
          const answer = await ask(method, path, { origin, ...(method === 'OPTIONS' ? preflight : {}) });
          const given = answer.headers['access-control-allow-origin'];
          const label = `${method} ${origin}`;
          expect(answer.headers['access-control-allow-credentials'], label).to.equal(undefined);
          if (cors === 'none') expect(given, label).to.equal(undefined);
          else if (cors === 'public') expect(given, label).to.equal('*');
          // Whoever may register itself is an app until it has said which: any origin that a page can have.
          else if (URL.parse(origin)?.origin === origin) expect(given, label).to.equal(origin);
          else expect(given, label).to.equal(undefined);
          if (method === 'OPTIONS' && cors !== 'none') {
            expect(answer.headers['access-control-allow-methods'], label).to.contain(allowed[0]);
            expect(answer.headers['access-control-allow-headers'], label).to.equal('x-a');
          }
        }
      }
    });
  }

  it('has no address that is not written down here', () => {
    const segments = (path: string): string => path.replace(/:\w+|some-(uid|id)/g, ':id');
    const written = [...CONTRACT.map(([path]) => path), ...Object.keys(FORMS)].map(segments);
    for (const { path } of ROUTES) {
      const start = path.replace('*', '');
      const isWritten = path.endsWith('*')
        ? written.some((known) => known.startsWith(start))
        : written.includes(segments(path));
      expect(isWritten, path).to.equal(true);
    }
  });

  it('leads a GET of an address that only takes a form back to the page of the form', async () => {
    for (const [path, page] of Object.entries(FORMS)) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await ask(method, `${path}?csrf=/x`);
        expect([answer.status, answer.headers['location']], path).to.deep.equal([303, page]);
      }
      expect((await ask('PUT', path)).status, path).to.equal(405);
    }
  });

  it('says of an endpoint behind a path that the issuer has none', async () => {
    for (const target of [
      '/dev/authorize?client_id=web',
      '/prod/token',
      '/x/y/.well-known/openid-configuration',
      '/dev/proxy/api',
      '/.well-known/oauth-authorization-server/dev',
    ]) {
      const answer = await ask('GET', target);
      expect(answer.status, target).to.equal(404);
      expect(JSON.parse(answer.body)['error_description'], target).to.contain(
        `the issuer ${stack.issuer} has no path`,
      );
      const page = await ask('GET', target, { accept: 'text/html' });
      expect(page.headers['content-type']).to.contain('text/html');
      expect(page.body, target).to.contain('has no path');
    }
    expect((await ask('GET', '/nowhere')).body).not.to.contain('has no path');
  });

  it('takes no request target that is not a path', async () => {
    for (const target of [
      `${stack.issuer}/proxy/x`,
      'http://evil.example/token',
      'https://evil.example/',
      '*',
    ]) {
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        if (target === '*' && method !== 'OPTIONS') continue;
        expect((await ask(method, target)).status, `${method} ${target}`).to.equal(400);
      }
    }
  });
});

describe('without registration', () => {
  it('its addresses do not exist, and only configured apps have origins', async () => {
    const stack = await startStack({ env: { LOG_LEVEL: 'silent' } });
    const preflight = (path: string, origin: string) =>
      rawRequest(stack.issuer, 'OPTIONS', path, { origin, 'access-control-request-method': 'POST' });
    for (const path of ['/register', '/register/x'])
      expect((await rawRequest(stack.issuer, 'POST', path)).status).to.equal(404);
    for (const path of ['/token', '/proxy/api', '/userinfo']) {
      expect((await preflight(path, APP)).headers['access-control-allow-origin'], path).to.equal(APP);
      expect((await preflight(path, STRANGER)).headers['access-control-allow-origin'], path).to.equal(
        undefined,
      );
    }
    await stack.close();
  });
});

describe('made-up addresses', () => {
  it('leave the metrics as large as they were, however many they are', async function () {
    this.timeout(120_000);
    const port = 39_471;
    const stack = await startStack({ env: { LOG_LEVEL: 'silent', METRICS_PORT: String(port) } });
    const metrics = async (): Promise<string[]> =>
      (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())
        .split('\n')
        .filter((line) => /^ib_oauth_(request|limited)/.test(line))
        .map((line) => line.replace(/ \S+$/, ''));
    const connection = await rawConnection(stack.issuer);
    const made = (index: number): string =>
      ['/.well-known/a', '/logout/a', '/TOKEN', '/interaction/x/a', '/proxy'][index % 5] + String(index);
    const send = async (from: number, count: number): Promise<void> => {
      const requests = Array.from(
        { length: count },
        (_, index) => `GET ${made(from + index)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      connection.send(requests.join(''));
      for (const _ of requests) expect((await connection.answer())?.status).to.equal(404);
    };
    await send(0, 10);
    const before = await metrics();
    expect(before).to.not.deep.equal([]);
    for (let from = 10; from < 20_000; from += 100) await send(from, 100);
    expect(await metrics()).to.deep.equal(before);
    connection.close();
    await stack.close();
  });
});
