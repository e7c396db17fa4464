import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { attributeOf, Browser } from '../support/browser.ts';
import { type Cluster, freePort, startCluster } from '../support/processes.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER, WEB_SECRET } from '../support/stack.ts';

/** `npm run test:outage` takes a minute. */
const OUTAGE_MS = Number(process.env['OUTAGE_SECONDS'] ?? 3) * 1000;
const SESSIONS = 50;
/** An app that is told to try again waits so long, whatever it was told: the more tries meet the outage, the better. */
const AGAIN_MS = 500;
const BASIC = `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}`;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

for (const storage of ['embedded', 'dynamodb'] as const) {
  describe(`a store that takes no writes (${storage}), while every app refreshes`, function () {
    this.timeout(120_000 + 2 * OUTAGE_MS);
    suite(storage);
  });
}

function suite(storage: 'embedded' | 'dynamodb'): void {
  let cluster: Cluster;
  let writes: Writes;
  let turn = 0;

  before(async () => {
    const port = await freePort();
    const throttled = { AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` };
    cluster = await startCluster(0, storage === 'embedded' ? {} : throttled, storage);
    writes =
      cluster.engine === undefined
        ? lockOf(join(cluster.dataDir, 'ib-oauth.db'))
        : await startThrottle(port, cluster.engine.endpoint);
    await Promise.all([cluster.start(), cluster.start()]);
  });
  after(async () => {
    await cluster.close();
    await writes.close();
  });

  const next = (): string => {
    turn += 1;
    return cluster.workers[turn % cluster.workers.length]?.origin ?? '';
  };

  async function token(params: Record<string, string>): Promise<{ status: number; body: Tokens }> {
    const response = await fetch(`${next()}/token`, {
      method: 'POST',
      headers: { authorization: BASIC },
      body: new URLSearchParams(params),
    });
    return { status: response.status, body: (await response.json()) as Tokens };
  }

  async function signedIn(): Promise<Tokens> {
    const browser = new Browser(next);
    const [acme] = cluster.sandbox.platforms;
    let page = await browser.open(authorizeUrl(cluster.issuer));
    page = await browser.press(page, 'platform', { platform_url: acme.origin });
    const link = attributeOf(page, 'data-ib-login', 'href') ?? '';
    acme.signIn('ada', new URL(link).searchParams.get('token') ?? '');
    page = await browser.press(page, 'continue');
    page = await browser.press(page, 'consent', { decision: 'allow' });
    const code = page.url.searchParams.get('code') ?? '';
    const redeemed = { code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER };
    const { status, body } = await token({ grant_type: 'authorization_code', ...redeemed });
    expect(status, page.body).to.equal(200);
    return body;
  }

  it(`loses none of ${SESSIONS} sessions: what is refused is refused with 503, and works later`, async () => {
    const sessions: Tokens[] = [];
    while (sessions.length < SESSIONS) sessions.push(await signedIn());
    let refused = 0;
    let written = 0;
    let isOver = false;

    /** Refreshes again and again; what is told to be tried again is tried again with the same token. */
    async function app(first: Tokens): Promise<Tokens> {
      let tokens = first;
      for (let after = 0; after < 2; ) {
        const wasOver = isOver;
        const { status, body } = await token({
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token,
        });
        expect(status, JSON.stringify(body)).to.be.oneOf([200, 503]);
        if (status === 200) tokens = body;
        else refused += 1;
        if (status === 200 && !isOver) written += 1;
        if (status === 200 && wasOver) after += 1;
        await setTimeout(AGAIN_MS);
      }
      return tokens;
    }

    await writes.stop();
    const apps = Promise.all(sessions.map(app));
    apps.catch(() => undefined);
    await Promise.race([setTimeout(OUTAGE_MS), apps]);
    isOver = true;
    await writes.goOn();
    const last = await apps;

    console.log(`      ${refused} refreshes were refused`);
    expect(written, 'refreshes while nothing could be written').to.equal(0);
    expect(new Set(last.map(({ refresh_token }) => refresh_token)).size).to.equal(SESSIONS);
    for (const { access_token } of last) {
      const headers = { authorization: `Bearer ${access_token}` };
      expect((await fetch(`${next()}/userinfo`, { headers })).status).to.equal(200);
    }
  });
}

/** What stops the writes of a store, and nothing else. */
interface Writes {
  stop(): Promise<void>;
  goOn(): Promise<void>;
  close(): Promise<void>;
}

/** Another program holds SQLite's lock for writing. */
function lockOf(file: string): Writes {
  let holder: DatabaseSync | undefined;
  const letGo = async (): Promise<void> => {
    holder?.close();
    holder = undefined;
  };
  return {
    async stop() {
      holder = new DatabaseSync(file, { timeout: 5000 });
      holder.exec('BEGIN IMMEDIATE');
    },
    goOn: letGo,
    close: letGo,
  };
}

/** Stands in front of DynamoDB and answers writes as it does where they are too many. */
async function startThrottle(port: number, endpoint: string): Promise<Writes> {
  let isStopped = false;
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const isRead = /\.(?:Get|BatchGet|Query|Scan|Describe|List)/.test(
      String(request.headers['x-amz-target']),
    );
    if (isStopped && !isRead) {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      const type = 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException';
      response.end(JSON.stringify({ __type: type, message: 'too many' }));
      return;
    }
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name)
        ? [[name, value]]
        : [],
    );
    const answered = await fetch(endpoint, { method: 'POST', headers, body });
    response.writeHead(answered.status, { 'content-type': answered.headers.get('content-type') ?? '' });
    response.end(await answered.text());
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async stop() {
      isStopped = true;
    },
    async goOn() {
      isStopped = false;
    },
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
