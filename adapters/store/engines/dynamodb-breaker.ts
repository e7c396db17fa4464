/** A circuit breaker for DynamoDB: while it does not answer, requests are told so at once instead of waiting for it. */
import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  IsolatedCircuitError,
} from 'cockatiel';
import { StoreError } from '../errors.ts';

const FAILURES_TO_OPEN = 5;
/** Short: one call tries whether it is back, and nothing else notices. */
const OPEN_MS = 1_000;

/** Runs a call, or rejects at once while the circuit is open. */
export type Guard = <T>(operation: string, call: () => Promise<T>) => Promise<T>;

/** The guard of one client. Being throttled or refused is an answer. */
export function createGuard(): Guard {
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof StoreError && error.code === 'unavailable'),
    { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN) },
  );
  const open = (operation: string): StoreError =>
    new StoreError({ code: 'unavailable', operation, engineError: 'CircuitOpen' });
  return async (operation, call) => {
    // One call tries whether DynamoDB is back; cockatiel would let all others wait for how that one ends.
    if (breaker.state === CircuitState.HalfOpen) throw open(operation);
    try {
      return await breaker.execute(call);
    } catch (error) {
      if (error instanceof BrokenCircuitError || error instanceof IsolatedCircuitError) throw open(operation);
      throw error;
    }
  };
}
