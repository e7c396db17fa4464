/** Early answers instead of slow ones: whoever comes while the process is behind is told to come back. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Middleware } from 'koa';
import type { Lifetimes } from '../../config/lifetimes.ts';
import { RefusedError } from './errors.ts';

/** How late the process runs what is due, in milliseconds. */
export interface LoopDelay {
  /** The median since the last question, so that one long pause alone, as of a collection of garbage, is none. */
  takeMs(): number;
  close(): void;
}

const RESOLUTION_MS = 20;

/** The delay of this process's event loop. */
export function createLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    takeMs() {
      // The monitor's own timer is part of what it measures.
      const ms = histogram.count === 0 ? 0 : histogram.percentile(50) / 1e6 - RESOLUTION_MS;
      histogram.reset();
      return ms;
    },
    close: () => void histogram.disable(),
  };
}

interface OverloadDeps {
  /** Undefined where the process serves one request at a time, and is never behind. */
  readonly loopDelay?: Pick<LoopDelay, 'takeMs'>;
  /** Above which delay the process is behind, and how long one measurement holds. */
  readonly limits: Pick<Lifetimes, 'overloadDelayMs' | 'overloadWindowMs'>;
  readonly onRefused: () => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Refuses requests while the process is behind: `RefusedError`, which becomes 503 with `Retry-After`. */
export function createOverloadGuard(deps: OverloadDeps): Middleware {
  const { loopDelay, limits } = deps;
  if (loopDelay === undefined) return (_ctx, next) => next();
  let measuredAt = deps.now();
  let behind = false;
  return (_ctx, next) => {
    // Before it: the clock has been set back.
    const sinceMs = deps.now() - measuredAt;
    if (sinceMs >= limits.overloadWindowMs || sinceMs < 0) {
      behind = loopDelay.takeMs() > limits.overloadDelayMs;
      measuredAt = deps.now();
    }
    if (!behind) return next();
    deps.onRefused();
    throw new RefusedError('overloaded');
  };
}
