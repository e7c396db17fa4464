import { once } from 'node:events';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { exchange, signIn, startStack, withBearer } from '../support/stack.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
}

describe('traces', () => {
  const spans: Span[] = [];
  let sent = '';
  const collector = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
    sent += text;
    const { resourceSpans } = JSON.parse(text) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  before(async () => {
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
  });
  after(() => {
    collector.close();
    collector.closeAllConnections();
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  });

  it('go to the exporter that is configured: a span a request, calls below it, the caller’s trace gone on with', async () => {
    const { port } = collector.address() as { port: number };
    // OpenTelemetry's exporter reads its own variables.
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`;
    const stack = await startStack({
      env: { LOG_LEVEL: 'silent', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
    });
    const redirect = await signIn(stack);
    const { body } = await exchange(stack, redirect);
    await withBearer(`${stack.issuer}/proxy/api/3.0.0/6M0B/folder`, body['access_token']);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await fetch(`${stack.issuer}/userinfo`, {
      headers: {
        authorization: `Bearer ${body['access_token']}`,
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
    });
    await stack.close();

    const names = spans.map(({ name }) => name);
    for (const name of [
      'GET /authorize',
      'POST /interaction/:uid/platform',
      'POST /interaction/:uid/consent',
      'POST /token',
      'GET /userinfo',
      'GET /proxy',
      'IB login_token',
      'IB login_info',
      'IB proxied',
      'SQLite read',
    ]) {
      expect(names, name).to.include(name);
    }
    const request = spans.find(({ traceId: id, name }) => id === traceId && name === 'GET /userinfo');
    expect(request?.parentSpanId).to.equal('b7ad6b7169203331');
    const below = spans.filter(({ parentSpanId }) => parentSpanId === request?.spanId);
    expect(below.map(({ name }) => name)).to.include('SQLite read');
    for (const secret of [redirect.searchParams.get('code'), body['access_token'], body['refresh_token']]) {
      expect(sent).to.not.contain(String(secret));
    }
    expect(sent).to.not.contain('Lovelace');
  });
});
