/** A circuit breaker for each host of IB's, so that one dead platform holds nobody else's requests. */

const FAILURES_TO_OPEN = 8;
/**
 * While a circuit is open one call in so long tries whether the host is back, however long the one before it takes: a
 * host that hangs and recovers is noticed by the next, and a user who looks at the page waits no longer.
 */
const TRIAL_MS = 1_000;
/** State of this process alone, of the hosts it spoke to last: it protects this process, it decides nothing else. */
const HOSTS_KEPT = 500;

/** Outcomes that speak of a dead host. Being limited or refused is an answer. */
const DEAD: ReadonlySet<unknown> = new Set(['timeout', 'network', 'server_error']);

export interface Breakers {
  /** Runs a call, or answers at once that the circuit of its host is open. */
  run<T>(host: string, call: () => Promise<T>): Promise<T | CircuitOpen>;
}

/** The answer in place of a call that was not made. */
export interface CircuitOpen {
  readonly status: 'trouble';
  readonly reason: 'circuit_open';
}

interface Circuit {
  /** Dead outcomes in a row. */
  failures: number;
  /** When the host may be tried again, unix milliseconds. */
  nextTrialAtMs: number;
}

/** Breakers by host, the least recently used forgotten first. */
export function createBreakers(now: () => number = Date.now): Breakers {
  const byHost = new Map<string, Circuit>();

  function circuitOf(host: string): Circuit {
    const circuit = byHost.get(host) ?? { failures: 0, nextTrialAtMs: 0 };
    byHost.delete(host);
    byHost.set(host, circuit);
    const [oldest] = byHost.keys();
    if (byHost.size > HOSTS_KEPT && oldest !== undefined) byHost.delete(oldest);
    return circuit;
  }

  return {
    async run(host, call) {
      const circuit = circuitOf(host);
      if (circuit.failures >= FAILURES_TO_OPEN) {
        const waitMs = circuit.nextTrialAtMs - now();
        // A longer wait than there is: the clock has been set back.
        if (waitMs > 0 && waitMs <= TRIAL_MS) return { status: 'trouble', reason: 'circuit_open' };
        circuit.nextTrialAtMs = now() + TRIAL_MS;
      }
      const result = await call();
      const isDead = DEAD.has((result as { reason?: unknown }).reason);
      circuit.failures = isDead ? circuit.failures + 1 : 0;
      if (isDead) circuit.nextTrialAtMs = now() + TRIAL_MS;
      return result;
    },
  };
}
