/** What can befall one call to the store or to IB, and how each looks to whoever made it. */
import { StoreError } from '../../adapters/store/errors.ts';

export const FAULTS = [
  'not sent',
  'answer lost',
  'half done',
  'throttled for 1 s',
  'throttled for 60 s',
  'time-out',
  'status 500',
  'killed before',
  'killed after',
] as const;
export type Fault = (typeof FAULTS)[number];

/** One call that leaves the process. */
export interface Call<T> {
  readonly to: 'store' | 'IB' | 'app';
  /** What it is for, in words that are the same in each run. */
  readonly name: string;
  readonly send: () => Promise<T>;
  /** Does a part of it, where it has parts. */
  readonly half?: () => void;
  /** An answer of IB's own with a status. */
  readonly answer?: (status: number, headers: Record<string, string>) => T;
}

/** Sends a call, or lets happen to it what is planned. */
export type Pass = <T>(call: Call<T>) => Promise<T>;

const error = (code: 'throttled' | 'unavailable', engineError: string): StoreError =>
  new StoreError({ code, operation: 'simulated', engineError });
const wireError = (code: string): Error => Object.assign(new Error('simulated'), { code });

/** The refusal of a store or IB that is asked too much for so long. */
export function throttled<T>({ to, answer }: Call<T>, seconds: number): T {
  if (to === 'store') throw error('throttled', 'ThrottlingException');
  if (answer === undefined) throw new TypeError('IB answers with a status');
  return answer(429, { 'retry-after': String(Math.ceil(seconds)) });
}

/** Lets a fault happen that is over with its call. */
export async function suffer<T>(call: Call<T>, fault: Fault): Promise<T> {
  const isStore = call.to === 'store';
  switch (fault) {
    case 'answer lost':
      await call.send();
      throw isStore ? error('unavailable', 'NoAnswerError') : wireError('ECONNRESET');
    case 'half done':
      call.half?.();
      throw error('throttled', 'UnprocessedItems');
    case 'time-out':
      throw isStore ? error('unavailable', 'NoAnswerError') : wireError('UND_ERR_HEADERS_TIMEOUT');
    case 'status 500':
      if (isStore) throw error('unavailable', 'InternalServerError');
      if (call.answer === undefined) throw new TypeError('IB answers with a status');
      return call.answer(500, {});
    default:
      throw isStore ? error('unavailable', 'CircuitOpen') : wireError('ECONNREFUSED');
  }
}

/** Whether a fault can befall a call. */
export const isPossible = (fault: Fault, call: Pick<Call<unknown>, 'half'>): boolean =>
  fault !== 'half done' || call.half !== undefined;
