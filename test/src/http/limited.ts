/** A server whose limits are low, and calls from many addresses. */
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { TABLES } from '../../support/engines.ts';
import { CLIENTS, type Stack, type StackOptions, startStack, TV_CLIENT } from '../../support/stack.ts';

const LIMITS = {
  failedAuthenticationsPerAddress: 5,
  userCodesPerAddress: 3,
  refusedRegistrationsPerAddress: 4,
  signInsPerAddress: 10,
  pollsPerAttempt: 6,
};

/** Limits on a clock that stands in the middle of their windows. */
export const startLimited = (options: StackOptions = {}): Promise<Stack> =>
  startStack({
    now: () => 1_800_000_100_000,
    // How busy the machine is decides nothing here.
    loopDelay: { takeMs: () => 0 },
    clients: CLIENTS + TV_CLIENT.slice(1),
    env: {
      LOG_LEVEL: 'silent',
      REGISTRATION: 'open',
      REGISTRATIONS_PER_HOUR: '2',
      TRUSTED_PROXIES: '1',
      ...options.env,
    },
    lifetimes: LIMITS,
    ...(options.store === undefined ? {} : { store: options.store }),
  });

/** The environment of servers that share DynamoDB's tables. */
export const sharedTables = async (): Promise<Record<string, string>> => ({
  STORAGE: 'dynamodb',
  STATE_TABLE: TABLES.state,
  TOKEN_TABLE: TABLES.tokens,
  SECRETS_JSON: JSON.stringify(await createSecrets(new Date())),
});

/** The header that says which address a request is from. */
export const from = (address: string) => ({ 'x-forwarded-for': `6.6.6.6, ${address}` });
export const statuses = async (answers: readonly (Response | { status: number })[]): Promise<number[]> =>
  answers.map(({ status }) => status);
/** The statuses of calls one after the other. */
export const inTurn = async (
  count: number,
  call: () => Promise<Response | { status: number }>,
): Promise<number[]> => {
  const seen: number[] = [];
  for (let turn = 0; turn < count; turn += 1) seen.push((await call()).status);
  return seen;
};
/** The statuses of calls at once. */
export const atOnce = async (count: number, call: () => Promise<Response | { status: number }>) =>
  statuses(await Promise.all(Array.from({ length: count }, call)));
/** How often a status was seen. */
export const times = (seen: readonly number[], status: number): number =>
  seen.filter((candidate) => candidate === status).length;
