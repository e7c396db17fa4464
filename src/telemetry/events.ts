/** What happens, one helper an event: a log line, without a secret in it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import type { IbCallEvent } from '../../adapters/ib/call.ts';
import type { StoreCall, Visitor } from '../../adapters/store/contract.ts';
import type { InteractionEvents } from '../../interactions/events.ts';
import { type AppEvents, createAppEvents } from './app-events.ts';
import type { Audit } from './audit.ts';
import { boundByApps, boundByHosts } from './bounds.ts';
import type { AuditEvent, Say } from './catalog.ts';
import { type Correlation, createCorrelations } from './correlation.ts';
import { createKeyEvents, type KeyEvents } from './key-events.ts';
import { type MetricsSink, trafficOf } from './metric-names.ts';
import { createOpenCircuits } from './open-circuits.ts';
import type { Bytes, ProxyCall } from './proxied.ts';
import { ibResult, STORE_RESULTS } from './results.ts';
import { grantDigest, type RefusalReason, reasonOf, type Sight } from './token-trail.ts';
import type { Traces } from './traces.ts';

export interface Events extends KeyEvents, AppEvents {
  /** Runs a request, whose lines all carry its correlation. */
  during<T>(correlation: Correlation, headers: IncomingHttpHeaders, work: () => T): T;
  /** Where the request comes from: on every audit line of it. */
  visited(visitor: Visitor): void;
  /** A token, Grant or IB session was looked up: on every line of the request from now on. */
  saw(sight: Sight): void;
  /** Why the request's token is refused, as far as its own state says so. */
  refusalReason(): RefusalReason | undefined;
  /** A token was refused; `detail` is of ours or the library's, nothing of the request's. */
  tokenRefused(facts: { readonly error: string; readonly detail?: string | undefined }): void;
  /** One line of the log. */
  readonly say: Say;
  /** Whether nothing may happen at the moment, since the audit stream could not tell it. */
  auditRefuses(): boolean;
  /** One line of the audit stream. */
  audit(event: AuditEvent, facts: object): void;
  readonly interaction: InteractionEvents;
  ibCalled(call: IbCallEvent): void;
  storeCalled(call: StoreCall): void;
  proxied(call: ProxyCall): void;
  /** What went through the proxy, in bytes. */
  transferred(bytes: Bytes): void;
  requested(facts: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly ms: number;
  }): void;
  tokens(facts: {
    readonly grantType: string;
    readonly clientId: string | undefined;
    readonly outcome: string;
  }): void;
  limited(facts: { readonly limit: string }): void;
  /** The process is behind, and has refused a request. */
  overloaded(): void;
  /** The clients' file is in force as it stands: at the start, and when it has been read again. */
  clientsLoaded(clientIds: readonly string[]): void;
  clientsReloaded(clientIds: readonly string[]): void;
  /** What a sweep of the embedded store deleted, and how many IB sessions it saw alive. */
  swept(facts: { readonly deleted: number; readonly ibSessions: number }): void;
  /** Either end has hung up before an answer was whole. */
  answerCut(facts: { readonly cause: string; readonly route?: string }): void;
  /** An error nobody expected, with its cause. */
  failed(error: unknown): void;
}

/** Facts of an error that may be logged: names and codes along its chain of causes, never messages of others' data. */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code } = error as { code?: unknown };
  return {
    error: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    stack: error.stack
      ?.split('\n')
      .slice(1, 6)
      .map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: errorFacts(error.cause) }),
  };
}

/** What sign-ins tell by the way. */
type QuietEvent =
  | 'sign_in_started'
  | 'sign_in_reused'
  | 'login_token_renewed'
  | 'attempt_expired'
  | 'cancelled';

interface EventsDeps {
  readonly log: Logger;
  readonly audit: Audit;
  readonly metrics?: MetricsSink;
  readonly traces?: Traces | undefined;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

/** Events as lines of a log and as numbers. */
export function createEvents({
  log,
  audit,
  metrics = NO_METRICS,
  traces,
  now = Date.now,
}: EventsDeps): Events {
  const correlations = createCorrelations();
  const hosts = boundByHosts();
  const circuits = createOpenCircuits(now);
  metrics.ask('ib_oauth_ib_breakers_open', circuits.count);
  let apps = boundByApps([]);
  function clientsLoaded(clientIds: readonly string[]): void {
    apps = boundByApps(clientIds);
    metrics.set('ib_oauth_clients_loaded_timestamp_seconds', Math.floor(now() / 1000));
    metrics.set('ib_oauth_clients_refused', 0);
  }
  function limited(facts: { readonly limit: string }): void {
    metrics.count('ib_oauth_limited_total', facts);
    say('warn', 'limited', facts);
  }
  const trace = () => correlations.current()?.trace;
  const say: Say = (level, event, facts = {}, message = event) =>
    log[level]({ event, ...correlations.current()?.correlation, ...facts }, message);
  const noted: Events['audit'] = (event, facts) =>
    audit.write(event, {
      ...correlations.current()?.correlation,
      ...correlations.current()?.visitor,
      ...facts,
    });
  const refusalReason = (): RefusalReason | undefined => reasonOf(correlations.current()?.seen ?? {});
  const signIn =
    (event: QuietEvent, outcome: string, auditEvent?: AuditEvent) =>
    (facts: object): void => {
      metrics.count('ib_oauth_sign_ins_total', { outcome });
      say('info', event, facts);
      if (auditEvent !== undefined) noted(auditEvent, facts);
    };
  const told =
    (event: 'consent_decided' | 'clients_reloaded') =>
    (facts: object): void => {
      say('info', event, facts);
      noted(event, facts);
    };
  return {
    during(correlation, headers, work) {
      metrics.begin();
      const trace = traces?.begin(headers, correlation.reference);
      return correlations.run({ correlation, trace, seen: {} }, work);
    },
    visited(visitor) {
      const running = correlations.current();
      if (running !== undefined) running.visitor = visitor;
    },
    saw({ grantId, accountId, ...seen }) {
      const running = correlations.current();
      if (running === undefined) return;
      if (grantId !== undefined) running.correlation.grant = grantDigest(grantId);
      if (accountId !== undefined) running.correlation.accountId = accountId;
      // What is no token of one kind may be one of another that was looked up before.
      if (seen.token !== 'malformed' || running.seen.token === undefined) Object.assign(running.seen, seen);
    },
    refusalReason,
    tokenRefused(facts) {
      say('info', 'token_refused', { ...facts, reason: refusalReason() });
    },
    say,
    auditRefuses: audit.refuses,
    audit: noted,
    interaction: {
      signInStarted: signIn('sign_in_started', 'started', 'sign_in_started'),
      signInFinished({ startedFrom, ...facts }) {
        metrics.count('ib_oauth_sign_ins_total', { outcome: 'finished' });
        metrics.observe('ib_oauth_sign_in_seconds', {}, facts.tookMs / 1000);
        say('info', 'sign_in_finished', facts);
        noted('signed_in', { ...facts, startedFrom });
      },
      manyAccounts(facts) {
        metrics.count('ib_oauth_many_accounts_total', {});
        say('warn', 'many_accounts', facts, 'one address finishes the sign-ins of many accounts');
        noted('many_accounts', facts);
      },
      signInReused: signIn('sign_in_reused', 'reused', 'signed_in_again'),
      loginTokenRenewed: signIn('login_token_renewed', 'renewed'),
      signInRefused(facts) {
        metrics.count('ib_oauth_sign_ins_total', { outcome: 'refused' });
        // A host that answers for another customer is the operator's to look at.
        say(facts.reason === 'other_client' ? 'warn' : 'info', 'sign_in_refused', facts);
        noted('sign_in_refused', facts);
      },
      attemptExpired: signIn('attempt_expired', 'expired'),
      polled(facts) {
        metrics.count('ib_oauth_polls_total', facts);
        say('debug', 'polled', facts);
      },
      consentDecided: told('consent_decided'),
      cancelled: signIn('cancelled', 'cancelled', 'sign_in_cancelled'),
    },
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
      metrics.count('ib_oauth_proxy_calls_total', { app: apps.of(call.clientId), outcome: call.outcome });
      trace()?.called('IB proxied', call.ms, { 'ib_oauth.outcome': call.outcome });
      say('info', 'proxied', call);
    },
    transferred({ received, sent }) {
      metrics.count('ib_oauth_proxy_bytes_total', { direction: 'received' }, received);
      metrics.count('ib_oauth_proxy_bytes_total', { direction: 'sent' }, sent);
    },
    requested({ route, status, ms, ...facts }) {
      const traffic = trafficOf(route);
      const code = String(status);
      const labels = { route, traffic, status: `${code[0]}xx` };
      metrics.count('ib_oauth_requests_total', { ...labels, code });
      metrics.observe('ib_oauth_request_seconds', labels, ms / 1000);
      metrics.end();
      trace()?.ended({ route, status, method: facts.method });
      say('info', 'request', { route, status, ms, ...facts });
    },
    tokens({ grantType, clientId, outcome }) {
      metrics.count('ib_oauth_tokens_total', { grant_type: grantType, app: apps.of(clientId), outcome });
    },
    limited,
    overloaded: () => limited({ limit: 'overload' }),
    clientsLoaded,
    clientsReloaded(clientIds) {
      clientsLoaded(clientIds);
      metrics.count('ib_oauth_clients_reloads_total', { outcome: 'taken' });
      told('clients_reloaded')({ clients: clientIds.length });
    },
    ...createKeyEvents({ metrics, say, noted, now }),
    ...createAppEvents({ metrics, say, noted }),
    answerCut(facts) {
      say('info', 'answer_cut', facts, 'an answer ended before it was whole');
    },
    swept(facts) {
      metrics.set('ib_oauth_ib_sessions', facts.ibSessions);
      say('debug', 'swept', facts);
    },
    failed(error) {
      metrics.count('ib_oauth_failures_total', { error: error instanceof Error ? error.name : 'unknown' });
      say('error', 'failed', errorFacts(error));
    },
  };
}

const NO_METRICS: MetricsSink = {
  count: () => undefined,
  observe: () => undefined,
  begin: () => undefined,
  end: () => undefined,
  set: () => undefined,
  ask: () => undefined,
};
