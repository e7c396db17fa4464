/** One call to DynamoDB: its limits in time, its errors as `StoreError`, its cost as an event. */
import { setTimeout } from 'node:timers/promises';
import type { ConsumedCapacity, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { StoreCall } from '../contract.ts';
import { StoreError, type StoreErrorCode } from '../errors.ts';

const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 3_000;
/** All attempts of one call together; a request is answered 503 rather than kept waiting longer. */
const CALL_DEADLINE_MS = 8_000;
const MAX_ATTEMPTS = 4;

/** The SDK's own retries, adaptive, inside the deadline of a call. */
export const CLIENT_LIMITS: DynamoDBClientConfig = {
  retryMode: 'adaptive',
  maxAttempts: MAX_ATTEMPTS,
  requestHandler: {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
  },
};

const THROTTLES: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'ThrottledException',
  'TooManyRequestsException',
]);
const FAULTS: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'ValidationException',
  'AccessDeniedException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'ExpiredTokenException',
  'CredentialsProviderError',
  'SerializationException',
]);

function classify(name: string): StoreErrorCode {
  if (THROTTLES.has(name)) return 'throttled';
  return FAULTS.has(name) ? 'failed' : 'unavailable';
}

function capacityOf(consumed: ConsumedCapacity | ConsumedCapacity[] | undefined): number {
  const list = consumed === undefined ? [] : Array.isArray(consumed) ? consumed : [consumed];
  return list.reduce((sum, entry) => sum + (entry.CapacityUnits ?? 0), 0);
}

interface Answer {
  readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] | undefined;
  readonly $metadata: { readonly attempts?: number };
}

type CallFacts = { readonly operation: string; readonly items: number; readonly kind: 'read' | 'write' };

/** Resolves with the answer, or with undefined when the call's condition did not hold. */
export type Send = <T extends Answer>(
  facts: CallFacts,
  call: (options: { abortSignal: AbortSignal }) => Promise<T>,
) => Promise<T | undefined>;

/** The sender that all calls go through. */
export function createSend(onCall: (call: StoreCall) => void): Send {
  return async (facts, call) => {
    const started = performance.now();
    const report = (outcome: StoreCall['outcome'], attempts: number, units: number): void =>
      onCall({
        operation: facts.operation,
        items: facts.items,
        ms: performance.now() - started,
        outcome,
        attempts,
        readUnits: facts.kind === 'read' ? units : 0,
        writeUnits: facts.kind === 'write' ? units : 0,
      });
    try {
      const answer = await call({ abortSignal: AbortSignal.timeout(CALL_DEADLINE_MS) });
      report('ok', answer.$metadata.attempts ?? 1, capacityOf(answer.ConsumedCapacity));
      return answer;
    } catch (cause) {
      const engineError = cause instanceof Error ? cause.name : 'unknown';
      if (engineError === 'ConditionalCheckFailedException') {
        report('condition_failed', 1, 1);
        return undefined;
      }
      const code = classify(engineError);
      report(code, MAX_ATTEMPTS, 0);
      throw new StoreError({ code, operation: facts.operation, engineError, cause });
    }
  };
}

const UNPROCESSED_ROUNDS = 5;
const UNPROCESSED_BACKOFF_MS = 50;

/** Waits before the next round of a batch that DynamoDB took only in part: none before the first, then with jitter. */
export async function backOff(round: number, operation: string): Promise<void> {
  if (round === 0) return;
  if (round === UNPROCESSED_ROUNDS) {
    throw new StoreError({ code: 'throttled', operation, engineError: 'UnprocessedItems' });
  }
  await setTimeout(UNPROCESSED_BACKOFF_MS * 2 ** round * (0.5 + Math.random() / 2));
}

/** A list in parts of a size that one call takes. */
export function chunk<T>(list: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < list.length; at += size) chunks.push(list.slice(at, at + size));
  return chunks;
}
