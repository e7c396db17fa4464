import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import CachePolicy from 'http-cache-semantics';
import { Browser } from '../../support/browser.ts';
import { hasNginx, type Nginx, startNginx } from '../../support/nginx.ts';
import { exchange, signIn } from '../../support/stack.ts';
import { type OwnIb, startOwnIb } from './own-ib.ts';

/** What IB might say to have its answers kept for all. */
const INVITATIONS: readonly Record<string, string>[] = [
  { 'cache-control': 'public, max-age=600' },
  { 'cache-control': 'public, max-age=600, s-maxage=600, immutable' },
  { 'cache-control': 's-maxage=600' },
  { 'cache-control': 'must-revalidate, max-age=600' },
  { 'cache-control': 'max-age=600', 'surrogate-control': 'max-age=600', 'cdn-cache-control': 'max-age=600' },
  { 'cache-control': 'private="x-mine", max-age=600' },
  { 'x-accel-expires': '600' },
  { 'x-accel-expires': '600', vary: 'Accept' },
  { expires: 'Thu, 01 Jan 2099 00:00:00 GMT' },
  { 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' },
  { etag: '"a"' },
  {},
];

/** A cache as RFC 9111 has it, between the apps and the server. */
class Cache {
  readonly #kept = new Map<string, { readonly policy: CachePolicy; readonly body: string }>();
  readonly #shared: boolean;

  constructor(options: { readonly shared: boolean }) {
    this.#shared = options.shared;
  }

  async get(
    url: string,
    headers: Record<string, string>,
  ): Promise<{ body: string; from: 'cache' | 'server' }> {
    const asked = { url, method: 'GET', headers };
    const kept = this.#kept.get(url);
    if (kept?.policy.satisfiesWithoutRevalidation(asked)) return { body: kept.body, from: 'cache' };
    const response = await fetch(url, { headers });
    const body = await response.text();
    const answer = { status: response.status, headers: Object.fromEntries(response.headers) };
    const policy = new CachePolicy(asked, answer, { shared: this.#shared });
    if (policy.storable()) this.#kept.set(url, { policy, body });
    return { body, from: 'server' };
  }
}

describe('a cache in front of the proxy', function () {
  this.timeout(30_000);
  let ib: OwnIb;
  let other: Record<string, string>;

  before(async () => {
    ib = await startOwnIb({ env: { LOG_LEVEL: 'silent' } });
    const { stack } = ib;
    const { body } = await exchange(
      stack,
      await signIn(stack, new Browser(), { scope: 'openid ib:api' }, 'grace'),
    );
    other = { authorization: `Bearer ${String(body['access_token'])}` };
  });
  after(() => ib.close());

  /** Each user's own host answers with what is that user's: the second has the sandbox's API. */
  const invite = (headers: Record<string, string>): void => {
    ib.answer((request, response) => {
      const preview = `${ib.origin}/picture?sid=${ib.sid}`;
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.end(request.url === '/picture' ? '"picture of ada"' : JSON.stringify({ of: 'ada', preview }));
    });
  };
  const url = (): string => `${ib.stack.issuer}/proxy/api/3.0.0/6M0B/user`;

  it('keeps what is meant for all, so that what follows says something', async () => {
    const page = await (await fetch(`${ib.stack.issuer}/account`)).text();
    const [, path] = /href="(\/assets\/[^"]+)"/.exec(page) ?? [];
    const cache = new Cache({ shared: true });
    const asset = ib.stack.issuer + path;
    expect((await cache.get(asset, {})).from).to.equal('server');
    expect((await cache.get(asset, {})).from).to.equal('cache');
  });

  for (const headers of INVITATIONS) {
    const shown = JSON.stringify(headers);
    it(`gives nobody another's answer, nor a user's own of before, where IB says ${shown}`, async () => {
      invite(headers);
      const cache = new Cache({ shared: true });
      const mine = await cache.get(url(), ib.bearer);
      expect(mine.body).to.contain('ada');
      expect((await cache.get(url(), other)).body).to.not.contain('ada');
      expect((await cache.get(url(), {})).body).to.contain('invalid_token');
      const { preview } = JSON.parse(mine.body) as { preview: string };
      expect(await cache.get(preview, {})).to.deep.equal({ body: '"picture of ada"', from: 'server' });
      expect((await cache.get(preview, {})).from, 'kept for nobody').to.equal('server');
    });

    it(`of one browser keeps users apart that sign in one after the other, where IB says ${shown}`, async () => {
      invite(headers);
      const cache = new Cache({ shared: false });
      expect((await cache.get(url(), ib.bearer)).body).to.contain('ada');
      expect((await cache.get(url(), other)).body).to.not.contain('ada');
      expect((await cache.get(url(), {})).body).to.contain('invalid_token');
    });
  }

  it("serves a user's own answer again where IB says for how long, in the user's own browser", async () => {
    invite({ 'cache-control': 'public, max-age=600' });
    const cache = new Cache({ shared: false });
    expect((await cache.get(url(), ib.bearer)).from).to.equal('server');
    expect((await cache.get(url(), ib.bearer)).from).to.equal('cache');
  });

  describe('that is nginx, with its usual key', () => {
    let nginx: Nginx | undefined;

    before(async function () {
      if (!hasNginx()) return this.skip();
      nginx = await startNginx((folder, port) => careless(folder, port, ib.stack.issuer));
    });
    after(() => nginx?.close());

    const through = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${nginx?.origin}${path}`, { headers });
      return { body: await response.text(), status: response.headers.get('x-cache-status') };
    };

    it('keeps what is meant for all', async () => {
      const page = await through('/account');
      const [, path = ''] = /href="(\/assets\/[^"]+)"/.exec(page.body) ?? [];
      await through(path);
      expect((await through(path)).status).to.equal('HIT');
    });

    for (const [at, headers] of INVITATIONS.entries()) {
      it(`gives nobody another's answer where IB says ${JSON.stringify(headers)}`, async () => {
        invite({ ...headers, 'x-accel-redirect': '/secret', 'x-sendfile': '/etc/passwd' });
        const path = `/proxy/api/3.0.0/6M0B/user?turn=${at}`;
        const mine = await through(path, ib.bearer);
        expect(mine.body).to.contain('ada');
        expect((await through(path, other)).body).to.not.contain('ada');
        expect((await through(path)).body).to.contain('invalid_token');
        const { preview } = JSON.parse(mine.body) as { preview: string };
        const { pathname } = new URL(preview);
        expect((await through(pathname)).body).to.equal('"picture of ada"');
        expect((await through(pathname)).status).to.not.equal('HIT');
      });
    }
  });

  describe('that is nginx as it ships', () => {
    let nginx: Nginx | undefined;

    before(async function () {
      if (!hasNginx()) return this.skip();
      nginx = await startNginx((folder, port) => shipped(folder, port, ib.stack.issuer));
    });
    after(() => nginx?.close());

    it('steers by nothing that IB says, and keeps nothing', async () => {
      let calls = 0;
      ib.answer((_request, response) => {
        calls += 1;
        response.writeHead(200, {
          'content-type': 'application/json',
          'cache-control': 'public, max-age=600',
          'x-accel-expires': '600',
          'x-accel-redirect': '/healthz',
          'x-accel-limit-rate': '1',
          'x-accel-charset': 'utf-16',
        });
        response.end('"mine"');
      });
      for (const turn of [1, 2]) {
        const answer = await fetch(`${nginx?.origin}/proxy/thing`, { headers: ib.bearer });
        expect([await answer.text(), answer.headers.get('content-type'), calls]).to.deep.equal([
          '"mine"',
          'application/json',
          turn,
        ]);
      }
    });

    it('hands on an upload as it comes, however large', async () => {
      let received = 0;
      ib.answer((request, response) => {
        request.on('data', (chunk: Buffer) => {
          received += chunk.length;
        });
        request.once('end', () => response.end());
      });
      const body = Buffer.alloc(4 * 1024 * 1024);
      const answer = await fetch(`${nginx?.origin}/proxy/thing`, {
        method: 'POST',
        headers: { ...ib.bearer, 'content-type': 'application/octet-stream' },
        body,
      });
      expect([answer.status, received]).to.deep.equal([200, body.length]);
    });
  });
});

/** A careless operator's: everything is kept for ten minutes unless the answer forbids it. */
function careless(folder: string, port: number, issuer: string): string {
  return `
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=all:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${issuer};
      proxy_cache all;
      proxy_cache_valid any 10m;
      add_header X-Cache-Status $upstream_cache_status always;
    }
    location /secret { internal; return 200 "secret"; }
  }
}
`;
}

/** `deploy/nginx/nginx.conf`, in front of this server instead of the one of the compose file. */
function shipped(folder: string, port: number, issuer: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../../deploy/nginx/nginx.conf'), 'utf8');
  const inFolder = text.replaceAll(' /tmp/', ` ${folder}/`);
  const changes: readonly (readonly [string, string])[] = [
    ['server server:3000', `server ${new URL(issuer).host.replace('localhost', '127.0.0.1')}`],
    ['listen 8080', `listen 127.0.0.1:${port}`],
    ['/dev/stdout', `${folder}/access.log`],
    ['/dev/stderr', `${folder}/error.log`],
  ];
  return changes.reduce((changed, [from, to]) => changed.replace(from, to), inFolder);
}
