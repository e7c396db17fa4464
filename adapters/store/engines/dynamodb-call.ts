/** One call to DynamoDB: its limits in time, its errors as `StoreError`, its cost as an event. */
import { setTimeout as wait } from 'node:timers/promises';
import { type ConsumedCapacity, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { StoreCall } from '../contract.ts';
import { StoreError, type StoreErrorCode } from '../errors.ts';
import { createGuard } from './dynamodb-breaker.ts';
import { type AttemptOptions, type Attempts, createRequestHandler, type Transport } from './dynamodb-http.ts';

/** Milliseconds of one attempt, and of all attempts of a call with the waits between them. */
interface Limits {
  readonly attemptMs: number;
  readonly callMs: number;
}

/**
 * DynamoDB answers within milliseconds: who gets no answer is told so in less than a second, who is throttled waits about
 * as long as a user.
 */
const LIMITS: Limits = { attemptMs: 800, callMs: 4_000 };
/** Only for operators' commands: a page of a scan is a megabyte. */
const SCAN_LIMITS: Limits = { attemptMs: 10_000, callMs: 60_000 };
const MAX_ATTEMPTS = 4;

/** The SDK's settings, and times that differ where DynamoDB is played by something slower. */
export interface ClientSettings extends DynamoDBClientConfig {
  readonly limits?: Partial<Limits>;
}

/** What the SDK does around each call, and nobody here reads: a seventh of its CPU time. */
const UNUSED_MIDDLEWARE = ['getUserAgentMiddleware', 'loggerMiddleware', 'recursionDetectionMiddleware'];

/**
 * The SDK's client. Its retries are the standard ones, with jitter, each call for itself: adaptive ones slow all users down
 * for one that is throttled, and stay slow when that is over.
 */
export function createClient(transport: Transport, settings: DynamoDBClientConfig): DynamoDBClient {
  const client = new DynamoDBClient({
    retryMode: 'standard',
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: createRequestHandler(transport),
    ...settings,
  });
  for (const name of UNUSED_MIDDLEWARE) client.middlewareStack.remove(name);
  return client;
}

const THROTTLES: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'ThrottledException',
  'TooManyRequestsException',
]);
/** Credentials that are wrong, expired, missing or not allowed to: they are renewed or mended elsewhere. */
const DENIALS: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidClientTokenId',
  'CredentialsProviderError',
  'TokenProviderError',
]);
const FAULTS: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'ValidationException',
  'SerializationException',
]);

function classify(name: string): StoreErrorCode {
  if (THROTTLES.has(name)) return 'throttled';
  if (DENIALS.has(name)) return 'denied';
  return FAULTS.has(name) ? 'failed' : 'unavailable';
}

function capacityOf(consumed: ConsumedCapacity | ConsumedCapacity[] | undefined): number {
  const list = consumed === undefined ? [] : Array.isArray(consumed) ? consumed : [consumed];
  return list.reduce((sum, entry) => sum + (entry.CapacityUnits ?? 0), 0);
}

interface Answer {
  readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] | undefined;
}

type CallFacts = { readonly operation: string; readonly items: number; readonly kind: 'read' | 'write' };

/** Resolves with the answer, or with undefined when the call's condition did not hold. */
export type Send = <T extends Answer>(
  facts: CallFacts,
  call: (options: AttemptOptions) => Promise<T>,
) => Promise<T | undefined>;

/** The time of a call is over, between its attempts or before the first. */
class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** Makes a call within its time; resolves with undefined when its condition did not hold, rejects with `StoreError`. */
async function inTime<T>(
  operation: string,
  { attemptMs, callMs }: Limits,
  attempts: Attempts,
  call: (options: AttemptOptions) => Promise<T>,
): Promise<T | undefined> {
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  // The SDK may also wait for credentials, which its own signal does not end.
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      deadline.abort();
      reject(new DeadlineExceeded());
    }, callMs);
  });
  try {
    const options = { abortSignal: deadline.signal, requestTimeout: attemptMs, attempts };
    return await Promise.race([call(options), late]);
  } catch (cause) {
    // Of a time that was spent on attempts, what they were answered says more than that it is over.
    const known = cause instanceof DeadlineExceeded ? attempts.refusedBy : undefined;
    const engineError = known ?? (cause instanceof Error ? cause.name : 'unknown');
    if (engineError === 'ConditionalCheckFailedException') return undefined;
    throw new StoreError({ code: classify(engineError), operation, engineError, cause });
  } finally {
    clearTimeout(timer);
  }
}

/** The sender that all calls go through. */
export function createSend(onCall: (call: StoreCall) => void, limits: Partial<Limits> = {}): Send {
  const guard = createGuard();
  return async (facts, call) => {
    const started = performance.now();
    const attempts: Attempts = { sent: 0 };
    const within = facts.operation === 'Scan' ? SCAN_LIMITS : { ...LIMITS, ...limits };
    const report = (outcome: StoreCall['outcome'], units: number, error?: string): void =>
      onCall({
        engine: 'DynamoDB',
        operation: facts.operation,
        items: facts.items,
        ms: performance.now() - started,
        outcome,
        attempts: attempts.sent,
        readUnits: facts.kind === 'read' ? units : 0,
        writeUnits: facts.kind === 'write' ? units : 0,
        ...(error === undefined ? {} : { error }),
      });
    try {
      const answer = await guard(facts.operation, () => inTime(facts.operation, within, attempts, call));
      if (answer === undefined) report('condition_failed', 1);
      else report('ok', capacityOf(answer.ConsumedCapacity));
      return answer;
    } catch (error) {
      if (error instanceof StoreError) report(error.code, 0, error.engineError);
      throw error;
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
  await wait(UNPROCESSED_BACKOFF_MS * 2 ** round * (0.5 + Math.random() / 2));
}

/** A list in parts of a size that one call takes. */
export function chunk<T>(list: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < list.length; at += size) chunks.push(list.slice(at, at + size));
  return chunks;
}
