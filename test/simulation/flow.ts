/** What a flow is. */
import { isAlive, isDead, type Run } from './steps.ts';

export interface Flow {
  /** Before faults begin. */
  prepare?(run: Run): Promise<void>;
  /** With faults. */
  act(run: Run): Promise<void>;
  /** After the faults. */
  check(run: Run): Promise<void>;
}

export const isGood = (run: Run): Promise<void> => isAlive(run);
export const isEnded = (run: Run): Promise<void> => isDead(run);
