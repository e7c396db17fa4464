import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { attributeOf, Browser } from '../support/browser.ts';
import { type Cluster, startCluster, type Worker } from '../support/processes.ts';
import { authorizeUrl, REDIRECT_URI, VERIFIER, WEB_SECRET } from '../support/stack.ts';

const BASIC = `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}`;
type Moment = 'before' | 'after';

/** In front of the store: kills the calling process before or after the n-th call has taken effect. */
class Executioner {
  readonly server: Server;
  countdown = Number.POSITIVE_INFINITY;
  moment: Moment = 'before';
  victim: Worker | undefined;

  constructor(store: () => string) {
    this.server = createServer((incoming, outgoing) => {
      this.countdown -= 1;
      const strikes = this.countdown === 0;
      if (strikes && this.moment === 'before') return this.strike();
      const { host: _host, ...headers } = incoming.headers;
      const onward = request(store(), { method: incoming.method ?? 'POST', headers }, (answer) => {
        if (strikes) return this.strike();
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward);
    });
  }

  strike(): void {
    this.victim?.child.kill('SIGKILL');
  }
}

describe('SIGKILL in the middle of a token request', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let executioner: Executioner;

  before(async () => {
    cluster = await startCluster(1);
    executioner = new Executioner(() => cluster.engine?.endpoint ?? '');
    executioner.server.listen(0, '127.0.0.1');
    await once(executioner.server, 'listening');
  });
  after(async () => {
    executioner.server.close();
    executioner.server.closeAllConnections();
    await cluster.close();
  });

  const survivor = (): string => cluster.workers[0]?.origin ?? '';
  async function token(
    origin: string,
    params: Record<string, string>,
  ): Promise<{ status: number; body: Record<string, unknown> } | undefined> {
    try {
      const response = await fetch(`${origin}/token`, {
        method: 'POST',
        headers: { authorization: BASIC },
        body: new URLSearchParams(params),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    } catch {
      return undefined; // The process died before it could answer.
    }
  }

  async function code(): Promise<string> {
    const browser = new Browser(() => survivor());
    const [acme] = cluster.sandbox.platforms;
    let page = await browser.open(authorizeUrl(cluster.issuer));
    page = await browser.press(page, 'platform', { platform_url: acme.origin });
    acme.signIn(
      'ada',
      new URL(attributeOf(page, 'data-ib-login', 'href') ?? '').searchParams.get('token') ?? '',
    );
    page = await browser.press(page, 'continue');
    return (await browser.press(page, 'consent', { decision: 'allow' })).url.searchParams.get('code') ?? '';
  }
  const redeem = (origin: string, value: string) =>
    token(origin, {
      grant_type: 'authorization_code',
      code: value,
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    });
  const refresh = (origin: string, value: unknown) =>
    token(origin, { grant_type: 'refresh_token', refresh_token: String(value) });

  /** Lets a process of its own die at its n-th call to the store while it answers `call`. */
  async function dieAt(
    step: number,
    moment: Moment,
    call: (origin: string) => Promise<unknown>,
  ): Promise<boolean> {
    const { port } = executioner.server.address() as AddressInfo;
    const victim = await cluster.start({ AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` });
    Object.assign(executioner, { victim, moment, countdown: step });
    const answer = await call(victim.origin);
    executioner.countdown = Number.POSITIVE_INFINITY;
    await cluster.kill(victim);
    return answer === undefined;
  }

  for (const moment of ['before', 'after'] as const) {
    for (const step of [1, 2, 3]) {
      it(`${moment} call ${step} of a code exchange leaves one token set at most, and a used code stays used`, async () => {
        const value = await code();
        expect(await dieAt(step, moment, (origin) => redeem(origin, value)), 'it died').to.equal(true);
        const retried = await redeem(survivor(), value);
        const consumed = step > 2 || (step === 2 && moment === 'after');
        expect(retried?.status).to.equal(consumed ? 400 : 200);
        if (consumed) expect(retried?.body['error']).to.equal('invalid_grant');
        expect((await redeem(survivor(), value))?.body['error']).to.equal('invalid_grant');
      });

      it(`${moment} call ${step} of a refresh loses nothing: repeating it gives a working pair`, async () => {
        const first = await redeem(survivor(), await code());
        const used = first?.body['refresh_token'];
        expect(await dieAt(step, moment, (origin) => refresh(origin, used)), 'it died').to.equal(true);
        const retried = await refresh(survivor(), used);
        expect(retried?.status, JSON.stringify(retried?.body)).to.equal(200);
        expect((await refresh(survivor(), retried?.body['refresh_token']))?.status).to.equal(200);
      });
    }
  }
});
