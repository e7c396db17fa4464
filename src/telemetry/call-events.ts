/** Calls to what stands behind the server: IntelligenceBank, the store, and what goes through the proxy. */
import type { IbCallEvent } from '../../adapters/ib/call.ts';
import type { StoreCall } from '../../adapters/store/contract.ts';
import { boundByHosts } from './bounds.ts';
import type { Say } from './catalog.ts';
import type { MetricsSink } from './metric-names.ts';
import { createOpenCircuits } from './open-circuits.ts';
import type { Bytes, ProxyCall } from './proxied.ts';
import { ibResult, STORE_RESULTS } from './results.ts';
import type { Trace } from './traces.ts';

export interface CallEvents {
  ibCalled(call: IbCallEvent): void;
  storeCalled(call: StoreCall): void;
  proxied(call: ProxyCall): void;
  /** What went through the proxy, in bytes. */
  transferred(bytes: Bytes): void;
  /** Either end has hung up before an answer was whole. */
  answerCut(facts: { readonly cause: string; readonly route?: string }): void;
}

interface CallEventsDeps {
  readonly metrics: MetricsSink;
  readonly say: Say;
  /** The trace of the request that calls. */
  readonly trace: () => Trace | undefined;
  /** An app as metrics know it. */
  readonly appOf: (clientId: string | undefined) => string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Tells these events. */
export function createCallEvents({ metrics, say, trace, appOf, now }: CallEventsDeps): CallEvents {
  const hosts = boundByHosts();
  const circuits = createOpenCircuits(now);
  metrics.ask('ib_oauth_ib_breakers_open', circuits.count);
  return {
    ibCalled(call) {
      const { operation, outcome, platformHost, ms } = call;
      const result = ibResult(outcome);
      if (outcome === 'signed_in') hosts.answered(platformHost);
      circuits.told(platformHost, outcome);
      const host = hosts.of(platformHost);
      metrics.count('ib_oauth_ib_calls_total', { operation, host, result, outcome });
      metrics.observe('ib_oauth_ib_call_seconds', { operation, result }, ms / 1000);
      trace()?.called(`IB ${operation}`, ms, { 'ib_oauth.outcome': outcome });
      say('info', 'ib_call', call);
    },
    storeCalled(call) {
      const { engine, operation, outcome, ms, attempts } = call;
      const result = STORE_RESULTS[outcome];
      metrics.count('ib_oauth_store_calls_total', { operation, result, outcome });
      metrics.observe('ib_oauth_store_call_seconds', { operation, result }, ms / 1000);
      if (attempts > 1) metrics.count('ib_oauth_store_retries_total', { operation });
      trace()?.called(`${engine} ${operation}`, ms, {
        'db.system.name': engine === 'DynamoDB' ? 'aws.dynamodb' : 'sqlite',
        'db.operation.name': operation,
        'ib_oauth.outcome': outcome,
      });
      const quiet = outcome === 'ok' || outcome === 'condition_failed';
      say(quiet ? 'debug' : 'warn', 'store_call', call);
    },
    proxied(call) {
      metrics.count('ib_oauth_proxy_calls_total', { app: appOf(call.clientId), outcome: call.outcome });
      trace()?.called('IB proxied', call.ms, { 'ib_oauth.outcome': call.outcome });
      say('info', 'proxied', call);
    },
    transferred({ received, sent }) {
      metrics.count('ib_oauth_proxy_bytes_total', { direction: 'received' }, received);
      metrics.count('ib_oauth_proxy_bytes_total', { direction: 'sent' }, sent);
    },
    answerCut(facts) {
      say('info', 'answer_cut', facts, 'an answer ended before it was whole');
    },
  };
}
