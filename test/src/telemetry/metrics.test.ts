import { expect } from 'chai';
import { boundByHosts } from '../../../src/telemetry/bounds.ts';
import { createEmbeddedMetrics } from '../../../src/telemetry/embedded-metrics.ts';
import type { MetricsSink } from '../../../src/telemetry/metric-names.ts';
import { createOpenCircuits } from '../../../src/telemetry/open-circuits.ts';
import { exchange, type Stack, signIn, startStack, withBearer } from '../../support/stack.ts';

describe('metrics', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ env: { METRICS_PORT: '13099' } });
  });
  after(() => stack.close());

  it('count requests, sign-ins, tokens, calls to IB and the store, and name no user', async () => {
    const { body } = await exchange(stack, await signIn(stack));
    await (
      await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, body['access_token'])
    ).arrayBuffer();
    await fetch(`${stack.issuer}/no/such/${'x'.repeat(40)}`);
    const text = await (await fetch('http://127.0.0.1:13099/metrics')).text();
    const { host } = new URL(stack.sandbox.platforms[0].origin);
    for (const line of [
      'ib_oauth_sign_ins_total{outcome="finished"} 1',
      'ib_oauth_tokens_total{grant_type="authorization_code",app="web",outcome="issued"} 1',
      `ib_oauth_ib_calls_total{operation="login_info",host="${host}",result="answered",outcome="signed_in"} 1`,
      'ib_oauth_proxy_calls_total{app="web",outcome="passed"} 1',
      'ib_oauth_requests_total{route="/token",traffic="api",status="2xx",code="200"} 1',
      'ib_oauth_requests_total{route="other",traffic="stray",status="4xx",code="404"} 1',
      'ib_oauth_many_accounts_total 0',
      'ib_oauth_clients_refused 0',
      'ib_oauth_ready 1',
      'ib_oauth_in_flight 0',
      'ib_oauth_ib_breakers_open 0',
      `ib_oauth_build_info{version="0.1.0",node="${process.version}"} 1`,
    ]) {
      expect(text).to.contain(line);
    }
    expect(text).to.match(/ib_oauth_store_calls_total\{operation="\w+",result="answered",outcome="ok"\} \d/);
    const loaded = Number(/^ib_oauth_clients_loaded_timestamp_seconds (\d+)$/m.exec(text)?.[1]);
    expect(loaded).to.be.closeTo(Date.now() / 1000, 30);
    expect(text).to.not.contain('6M0B').and.not.contain('ibat_').and.not.contain('xxxx');
    expect(text, 'not swept yet, so not known').to.not.match(/^ib_oauth_ib_sessions /m);
    expect((await fetch('http://127.0.0.1:13099/')).status).to.equal(404);
    expect((await fetch(`${stack.issuer}/metrics`)).status, 'not on the public port').to.equal(404);
  });

  it('count the sign-ins of an address that finishes those of many accounts', async () => {
    const busy = await startStack({ env: { METRICS_PORT: '13097', ACCOUNTS_PER_ADDRESS: '1' } });
    for (const user of ['ada', 'grace']) await signIn(busy, undefined, {}, user);
    const text = await (await fetch('http://127.0.0.1:13097/metrics')).text();
    expect(text).to.match(/^ib_oauth_many_accounts_total 1$/m);
    await busy.close();
  });

  it('tell apart the apps of the file and hosts of IntelligenceBank, and nothing that a stranger names', async () => {
    const auth = { authorization: `Basic ${btoa('stranger-7:x')}` };
    await fetch(`${stack.issuer}/token`, {
      method: 'POST',
      headers: auth,
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const hosts = boundByHosts(2);
    for (const host of ['a.example', 'b.example', 'c.example']) hosts.answered(host);
    expect(['a.example', 'b.example', 'c.example', undefined].map(hosts.of)).to.deep.equal([
      'a.example',
      'b.example',
      'other',
      'other',
    ]);
    const text = await (await fetch('http://127.0.0.1:13099/metrics')).text();
    expect(text).to.contain('app="other",outcome="invalid_client"').and.not.contain('stranger-7');
  });

  it('tell how many IB sessions live, when the embedded store has been swept', async () => {
    const swept = await startStack({
      env: { METRICS_PORT: '13096' },
      lifetimes: { sweepIntervalSeconds: 0.1 },
      sandbox: stack.sandbox,
    });
    await signIn(swept);
    await swept.logged('swept', (line) => line['ibSessions'] === 1);
    const text = await (await fetch('http://127.0.0.1:13096/metrics')).text();
    expect(text).to.match(/^ib_oauth_ib_sessions 1$/m);
    await swept.close();
  });

  it('are read on this machine alone, unless the operator names another address', async () => {
    const everywhere = await startStack({
      env: { HOST: '0.0.0.0', METRICS_PORT: '13094' },
      sandbox: stack.sandbox,
    });
    const told = await startStack({
      env: { METRICS_HOST: '127.0.0.2', METRICS_PORT: '13094' },
      sandbox: stack.sandbox,
    });
    const answers = (host: string): Promise<boolean> =>
      fetch(`http://${host}:13094/metrics`).then(
        ({ ok }) => ok,
        () => false,
      );
    const [, port] = everywhere.server.address.split(':');
    expect((await fetch(`http://127.0.0.3:${port}/healthz`)).status, 'served everywhere').to.equal(200);
    expect(await answers('127.0.0.1')).to.equal(true);
    expect(await answers('127.0.0.2'), 'told').to.equal(true);
    expect(await answers('127.0.0.3'), 'not told').to.equal(false);
    await everywhere.close();
    await told.close();
  });

  it('tell how many platforms are not called since they did not answer, until nobody asks for them', () => {
    let nowMs = 0;
    const circuits = createOpenCircuits(() => nowMs);
    circuits.told('a.example', 'timeout');
    expect(circuits.count(), 'one that failed is asked again').to.equal(0);
    circuits.told('a.example', 'circuit_open');
    circuits.told('b.example', 'circuit_open');
    expect(circuits.count()).to.equal(2);
    circuits.told('b.example', 'pending');
    expect(circuits.count(), 'one has answered').to.equal(1);
    nowMs += 61_000;
    expect(circuits.count()).to.equal(0);
  });

  it("are lines of CloudWatch's embedded format on Lambda", () => {
    const lines = embedded((metrics) => {
      metrics.count('ib_oauth_polls_total', { outcome: 'pending' });
      const call = { operation: 'login_info', host: 'acme.intelligencebank.com', result: 'trouble' };
      metrics.count('ib_oauth_ib_calls_total', { ...call, outcome: 'timeout' });
      metrics.count('ib_oauth_proxy_bytes_total', { direction: 'sent' }, 300);
      metrics.set('ib_oauth_in_flight', 3);
      metrics.set('ib_oauth_signing_key_age_seconds', 60);
    });
    const shown = lines.map((line) => {
      const { _aws: aws, ...values } = JSON.parse(line) as Record<string, unknown>;
      const { CloudWatchMetrics: described, Timestamp: timestamp } = aws as Record<string, unknown>;
      expect(timestamp).to.be.closeTo(Date.now(), 5_000);
      return [described, values];
    });
    const described = (Dimensions: string[][], Name: string, Unit: string) => [
      { Namespace: 'ib-oauth', Dimensions, Metrics: [{ Name, Unit }] },
    ];
    expect(shown).to.deep.equal([
      [
        described([['service', 'outcome']], 'ib_oauth_polls_total', 'Count'),
        { service: 'ib-oauth', outcome: 'pending', ib_oauth_polls_total: 1 },
      ],
      [
        described([['service', 'operation', 'result']], 'ib_oauth_ib_calls_total', 'Count'),
        { service: 'ib-oauth', operation: 'login_info', result: 'trouble', ib_oauth_ib_calls_total: 1 },
      ],
      [
        described([['service', 'direction']], 'ib_oauth_proxy_bytes_total', 'Count'),
        { service: 'ib-oauth', direction: 'sent', ib_oauth_proxy_bytes_total: 300 },
      ],
      [
        described([['service']], 'ib_oauth_signing_key_age_seconds', 'Seconds'),
        { service: 'ib-oauth', ib_oauth_signing_key_age_seconds: 60 },
      ],
    ]);
  });

  it('of one request are one line for each set of dimensions, written when it ends', () => {
    const call = { operation: 'UpdateItem', result: 'answered', outcome: 'ok' };
    const lines = embedded((metrics, written) => {
      metrics.begin();
      metrics.count('ib_oauth_store_calls_total', call);
      metrics.observe('ib_oauth_store_call_seconds', call, 0.004);
      metrics.count('ib_oauth_store_calls_total', call);
      metrics.observe('ib_oauth_store_call_seconds', call, 0.006);
      metrics.count('ib_oauth_tokens_total', { grant_type: 'refresh_token', app: 'web', outcome: 'issued' });
      expect(written(), 'it has not ended').to.equal(0);
      metrics.end();
      expect(written()).to.equal(2);
      metrics.count('ib_oauth_proxy_bytes_total', { direction: 'sent' }, 300);
      expect(written(), 'what comes after it is written at once').to.equal(3);
    });
    const [store, tokens] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(store).to.deep.include({
      service: 'ib-oauth',
      result: 'answered',
      ib_oauth_store_calls_total: [1, 1],
      ib_oauth_store_call_seconds: [0.004, 0.006],
    });
    expect(tokens).to.deep.include({ service: 'ib-oauth', outcome: 'issued', ib_oauth_tokens_total: 1 });
  });
});

/** The lines that embedded metrics write to standard output while something happens. */
function embedded(happens: (metrics: MetricsSink, written: () => number) => void): string[] {
  const lines: string[] = [];
  const { write } = process.stdout;
  process.stdout.write = (line: unknown) => lines.push(String(line)) > 0;
  try {
    happens(createEmbeddedMetrics(), () => lines.length);
  } finally {
    process.stdout.write = write;
  }
  return lines;
}
