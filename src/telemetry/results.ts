/** Whether IntelligenceBank and the store do their work, by what their calls came to. */
import type { IbTrouble } from '../../adapters/ib/call.ts';
import type { StoreCall } from '../../adapters/store/contract.ts';
import type { Result } from './metric-names.ts';

/** Trouble that speaks of IB. What a user mistypes, and what we refuse to call, says nothing of it. */
const IB_TROUBLE: Readonly<Record<IbTrouble['reason'], Result>> = {
  timeout: 'trouble',
  rate_limited: 'throttled',
  server_error: 'trouble',
  client_error: 'trouble',
  malformed: 'trouble',
  network: 'trouble',
  circuit_open: 'trouble',
  address_refused: 'answered',
  unknown_host: 'answered',
};

/** The result of a call to IB, whose outcome is a reason of trouble or the status of an answer. */
export function ibResult(outcome: string): Result {
  return outcome in IB_TROUBLE ? IB_TROUBLE[outcome as IbTrouble['reason']] : 'answered';
}

/** The result of a call to the store. */
export const STORE_RESULTS: Readonly<Record<StoreCall['outcome'], Result>> = {
  ok: 'answered',
  condition_failed: 'answered',
  throttled: 'throttled',
  unavailable: 'trouble',
  denied: 'trouble',
  failed: 'trouble',
};
