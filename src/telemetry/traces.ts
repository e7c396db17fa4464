/**
 * Traces for OpenTelemetry: one span a request, with its calls to IntelligenceBank and to the store below it. Loaded and
 * sent only where an exporter is configured by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_…`). The same facts as
 * in the log, so no user data; nothing is sent along to IntelligenceBank.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** One request's trace. */
export interface Trace {
  /** A call that has just ended, and took so many milliseconds. */
  called(name: string, ms: number, attributes: Readonly<Record<string, string | number>>): void;
  ended(facts: { readonly method: string; readonly route: string; readonly status: number }): void;
}

export interface Traces {
  /** Begins a request's trace, or goes on with its caller's (W3C Trace Context). */
  begin(headers: IncomingHttpHeaders, reference: string): Trace;
  /** Sends what has not been sent. */
  close(): Promise<void>;
}

/** Traces that are sent by OTLP over HTTP. */
export async function createTraces(): Promise<Traces> {
  const [
    api,
    sdk,
    { OTLPTraceExporter },
    { W3CTraceContextPropagator },
    { defaultResource, resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
  ]);
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'ib-oauth' }).merge(defaultResource()),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer('ib-oauth');
  const propagator = new W3CTraceContextPropagator();

  return {
    begin(headers, reference) {
      const parent = propagator.extract(api.ROOT_CONTEXT, headers, api.defaultTextMapGetter);
      const span = tracer.startSpan('request', { kind: api.SpanKind.SERVER }, parent);
      const context = api.trace.setSpan(parent, span);
      span.setAttribute('ib_oauth.reference', reference);
      return {
        called(name, ms, attributes) {
          const startTime = Date.now() - ms;
          tracer.startSpan(name, { kind: api.SpanKind.CLIENT, startTime, attributes }, context).end();
        },
        ended({ method, route, status }) {
          span.updateName(`${method} ${route}`);
          span.setAttributes({
            'http.request.method': method,
            'http.route': route,
            'http.response.status_code': status,
          });
          if (status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    close: () => provider.shutdown(),
  };
}
