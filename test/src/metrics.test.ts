import { expect } from 'chai';
import { createEmbeddedMetrics } from '../../src/embedded-metrics.ts';
import { exchange, type Stack, signIn, startStack, withBearer } from '../support/stack.ts';

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
    for (const line of [
      'ib_oauth_sign_ins_total{outcome="finished"} 1',
      'ib_oauth_tokens_total{grant_type="authorization_code",outcome="issued"} 1',
      'ib_oauth_ib_calls_total{operation="login_info",outcome="signed_in"} 1',
      'ib_oauth_proxy_calls_total{outcome="passed"} 1',
      'ib_oauth_requests_total{route="/token",status="2xx"} 1',
      'ib_oauth_requests_total{route="other",status="4xx"} 1',
      'ib_oauth_store_calls_total{operation="BatchGetItem",outcome="ok"}',
    ]) {
      expect(text).to.contain(line);
    }
    expect(text).to.not.contain('6M0B').and.not.contain('ibat_').and.not.contain('xxxx');
    expect((await fetch('http://127.0.0.1:13099/')).status).to.equal(404);
    expect((await fetch(`${stack.issuer}/metrics`)).status, 'not on the public port').to.equal(404);
  });

  it("are lines of CloudWatch's embedded format on Lambda", () => {
    const lines: string[] = [];
    const metrics = createEmbeddedMetrics(
      (line) => lines.push(line),
      () => 1000,
    );
    metrics.count('ib_oauth_polls_total', { outcome: 'pending' });
    expect(JSON.parse(lines[0] ?? '')).to.deep.equal({
      _aws: {
        Timestamp: 1000,
        CloudWatchMetrics: [
          {
            Namespace: 'ib-oauth',
            Dimensions: [['outcome']],
            Metrics: [{ Name: 'ib_oauth_polls_total', Unit: 'Count' }],
          },
        ],
      },
      outcome: 'pending',
      ib_oauth_polls_total: 1,
    });
  });
});
