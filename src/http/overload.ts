/** Early answers instead of slow ones: whoever comes while the process is behind is told to come back. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Middleware } from 'koa';
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
  readonly delay: Pick<LoopDelay, 'takeMs'>;
  /** Above this the process is behind. */
  readonly mostMs: number;
  /** How long one measurement holds. */
  readonly everyMs: number;
  readonly onRefused: () => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Refuses requests while the process is behind: `RefusedError`, which becomes 503 with `Retry-After`. */
export function createOverloadGuard(deps: OverloadDeps): Middleware {
  let measuredAt = deps.now();
  let behind = false;
  return (_ctx, next) => {
    if (deps.now() - measuredAt >= deps.everyMs) {
      behind = deps.delay.takeMs() > deps.mostMs;
      measuredAt = deps.now();
    }
    if (!behind) return next();
    deps.onRefused();
    throw new RefusedError('overloaded');
  };
}
