/**
 * What happens, one helper an event: a log line, without a secret in it. This room owns log, audit, metrics and traces; it
 * must not know any other room of `src`, nor decide anything.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import type { Visitor } from '../../adapters/store/contract.ts';
import type { InteractionEvents } from '../../interactions/events.ts';
import { type AppEvents, createAppEvents } from './app-events.ts';
import type { Audit } from './audit.ts';
import { boundByApps } from './bounds.ts';
import { type CallEvents, createCallEvents } from './call-events.ts';
import type { AuditEvent, Say } from './catalog.ts';
import { type Correlation, createCorrelations } from './correlation.ts';
import { createKeyEvents, type KeyEvents } from './key-events.ts';
import { type MetricsSink, trafficOf } from './metric-names.ts';
import { createSignInEvents } from './sign-in-events.ts';
import { grantDigest, type RefusalReason, reasonOf, type Sight } from './token-trail.ts';
import type { Traces } from './traces.ts';

export interface Events extends KeyEvents, AppEvents, CallEvents {
  /** Runs a request, whose lines all carry its correlation. */
  during<T>(correlation: Correlation, headers: IncomingHttpHeaders, work: () => T): T;
  /** Where the request comes from: on every audit line of it. */
  visited(visitor: Visitor): void;
  /** A token, Grant or IB session was looked up: on every line of the request from now on. */
  saw(sight: Sight): void;
  /** Why the request's token is refused, as far as its own state says so. */
  refusalReason(): RefusalReason | undefined;
  /** A token was refused; `detail` is of ours or the library's, nothing of the request's. */
  tokenRefused(facts: { readonly clientId?: string; readonly error: string; readonly detail?: string }): void;
  /** One line of the log. */
  readonly say: Say;
  /** Whether nothing may happen at the moment, since the audit stream could not tell it. */
  auditRefuses(): boolean;
  /** One line of the audit stream. */
  audit(event: AuditEvent, facts: object): void;
  readonly interaction: InteractionEvents;
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
    interaction: createSignInEvents({ metrics, say, noted }),
    ...createCallEvents({ metrics, say, trace, appOf: (clientId) => apps.of(clientId), now }),
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
      const facts = { clients: clientIds.length };
      say('info', 'clients_reloaded', facts);
      noted('clients_reloaded', facts);
    },
    ...createKeyEvents({ metrics, say, noted, now }),
    ...createAppEvents({ metrics, say, noted }),
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
