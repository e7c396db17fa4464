import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { type Cluster, startCluster, type Worker } from '../support/processes.ts';
import { REDIRECT_URI, signIn, VERIFIER, WEB_SECRET } from '../support/stack.ts';

const BASIC = `Basic ${Buffer.from(`web:${WEB_SECRET}`).toString('base64')}`;
type Moment = 'before' | 'after';

/** The calls to the store that a code exchange or refresh consists of, and how each is known on the wire. */
const STEPS = {
  'reading the token': (operation: string) => operation === 'BatchGetItem',
  'writing what it gives': (operation: string) => operation === 'PutItem',
  'marking it as used': (operation: string, body: string) =>
    operation === 'UpdateItem' && body.includes('"consumedAtMs"'),
} as const;
type Step = keyof typeof STEPS;

/** In front of the store: kills the calling process before a step has taken effect, or after it. */
class Executioner {
  readonly server: Server;
  armed: { readonly step: Step; readonly moment: Moment; readonly victim: Worker } | undefined;

  constructor(store: () => string) {
    this.server = createServer(async (incoming, outgoing) => {
      const body = await buffer(incoming);
      const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
      const moment = this.armed && STEPS[this.armed.step](operation, body.toString()) && this.armed.moment;
      if (moment === 'before') return this.strike();
      const { host: _host, ...headers } = incoming.headers;
      const onward = request(store(), { method: incoming.method ?? 'POST', headers }, (answer) => {
        if (moment === 'after') return this.strike();
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      onward.end(body);
    });
  }

  strike(): void {
    this.armed?.victim.child.kill('SIGKILL');
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
    return (await signIn(cluster, browser)).searchParams.get('code') ?? '';
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

  /** Lets a process of its own die at a step while it answers `call`. */
  async function dieAt(
    step: Step,
    moment: Moment,
    call: (origin: string) => Promise<unknown>,
  ): Promise<boolean> {
    const { port } = executioner.server.address() as AddressInfo;
    const victim = await cluster.start({ AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` });
    executioner.armed = { step, moment, victim };
    const answer = await call(victim.origin);
    executioner.armed = undefined;
    await cluster.kill(victim);
    return answer === undefined;
  }

  for (const step of Object.keys(STEPS) as Step[]) {
    for (const moment of ['before', 'after'] as const) {
      const isUsed = step === 'marking it as used' && moment === 'after';
      const outcome = isUsed ? 'has used the code up, once' : 'uses nothing up: the code works, once';

      it(`${moment} ${step}, an exchange ${outcome}`, async () => {
        const value = await code();
        expect(await dieAt(step, moment, (origin) => redeem(origin, value)), 'it died').to.equal(true);
        const retried = await redeem(survivor(), value);
        expect(retried?.status).to.equal(isUsed ? 400 : 200);
        if (isUsed) expect(retried?.body['error']).to.equal('invalid_grant');
        expect((await redeem(survivor(), value))?.body['error']).to.equal('invalid_grant');
      });

      it(`${moment} ${step}, a refresh loses nothing: repeating it gives a working pair`, async () => {
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
