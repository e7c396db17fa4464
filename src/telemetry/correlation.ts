/** Which request, and which sign-in, a line of the log belongs to: known to everything that runs for the request. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash, randomUUID } from 'node:crypto';
import type { Visitor } from '../../adapters/store/contract.ts';
import type { Seen } from './token-trail.ts';
import type { Trace } from './traces.ts';

/** What lines are found by. Sign-in, grant and account become known while a request is answered. */
export interface Correlation {
  readonly reference: string;
  signIn?: string;
  /** A digest of the access that the request's token stands on: the same from the code to the last refresh. */
  grant?: string;
  accountId?: string;
}

/** A request that is being answered. */
interface Running {
  readonly correlation: Correlation;
  readonly trace: Trace | undefined;
  /** Where it comes from; for the audit stream alone. */
  visitor?: Visitor;
  /** What became of the tokens that were looked up. */
  readonly seen: Seen;
}

export interface Correlations {
  /** Runs work whose lines carry the correlation, and whose calls belong to the trace. */
  run<T>(running: Running, work: () => T): T;
  current(): Running | undefined;
}

/** Correlations of one application. */
export function createCorrelations(): Correlations {
  const storage = new AsyncLocalStorage<Running>();
  return {
    run: (running, work) => storage.run(running, work),
    current: () => storage.getStore(),
  };
}

/** Where an address names its interaction. */
const INTERACTION = [
  /^\/interaction\/([\w-]+)/,
  /^\/authorize\/(?!poll$)([\w-]+)$/,
  /^\/authorize\/poll\?(?:.*&)?token=([\w-]+)/,
  /^\/device\/([\w-]+)$/,
];

/** The id of the sign-in that an address belongs to: a digest, as the interaction's own is in a cookie. */
export function signInIn(pathAndQuery: string): string | undefined {
  for (const pattern of INTERACTION) {
    const [, uid] = pattern.exec(pathAndQuery) ?? [];
    if (uid !== undefined) return createHash('sha256').update(uid).digest('hex').slice(0, 12);
  }
  return undefined;
}

/** A request's correlation. Its reference begins with the sign-in, where there is one: the whole is found by it. */
export function correlationOf(pathAndQuery: string): Correlation {
  // 62 random bits.
  const request = randomUUID().slice(-17).replace('-', '');
  const signIn = signInIn(pathAndQuery);
  return signIn === undefined ? { reference: request } : { reference: `${signIn}.${request}`, signIn };
}
