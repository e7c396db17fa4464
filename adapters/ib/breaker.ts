/** A circuit breaker for each platform host, so that one dead platform holds nobody else's requests. */
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  IsolatedCircuitError,
} from 'cockatiel';

const FAILURES_TO_OPEN = 8;
const OPEN_MS = 5_000;
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

const OPEN: CircuitOpen = { status: 'trouble', reason: 'circuit_open' };

/** Breakers by host, the least recently used forgotten first. */
export function createBreakers(): Breakers {
  const byHost = new Map<string, CircuitBreakerPolicy>();

  function breakerOf(host: string): CircuitBreakerPolicy {
    const known = byHost.get(host);
    const breaker =
      known ??
      circuitBreaker(
        handleWhenResult((result) => DEAD.has((result as { reason?: unknown }).reason)),
        { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN) },
      );
    byHost.delete(host);
    byHost.set(host, breaker);
    const [oldest] = byHost.keys();
    if (byHost.size > HOSTS_KEPT && oldest !== undefined) byHost.delete(oldest);
    return breaker;
  }

  return {
    async run(host, call) {
      const breaker = breakerOf(host);
      // One call tries whether the host is back; cockatiel would let all others wait for how that one ends.
      if (breaker.state === CircuitState.HalfOpen) return OPEN;
      try {
        return await breaker.execute(call);
      } catch (error) {
        if (error instanceof BrokenCircuitError || error instanceof IsolatedCircuitError) {
          return OPEN;
        }
        throw error;
      }
    },
  };
}
