/** Which hosts of IntelligenceBank are not called at the moment, by what is told of calls that were not made. */
import { ibResult } from './results.ts';

/** Somebody who waits asks within this time. */
const REMEMBERED_MS = 60_000;
const MOST_HOSTS = 500;

export interface OpenCircuits {
  /** Takes the outcome of a call, or of one that was not made. */
  told(host: string, outcome: string): void;
  /** How many hosts were left out lately. */
  count(): number;
}

/** What this process leaves out. `now` is unix milliseconds. */
export function createOpenCircuits(now: () => number): OpenCircuits {
  const leftOutAt = new Map<string, number>();
  return {
    told(host, outcome) {
      // A trial that fails changes nothing: each second has one, and whoever asks now and then would see the host come and go.
      if (ibResult(outcome) !== 'trouble') leftOutAt.delete(host);
      if (outcome !== 'circuit_open') return;
      if (leftOutAt.has(host) || leftOutAt.size < MOST_HOSTS) leftOutAt.set(host, now());
    },
    count() {
      for (const [host, at] of leftOutAt) if (now() - at > REMEMBERED_MS) leftOutAt.delete(host);
      return leftOutAt.size;
    },
  };
}
