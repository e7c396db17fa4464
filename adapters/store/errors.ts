/**
 * Why the store could not do what was asked; `throttled` and `unavailable` pass, `denied` ends with other credentials or
 * rights, `failed` is a fault to be mended.
 */
export type StoreErrorCode = 'throttled' | 'unavailable' | 'denied' | 'failed';

/** The store did not answer as it must. Carries no key, no payload. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** Name of the engine's own error, such as `ProvisionedThroughputExceededException`. */
  readonly engineError: string;
  readonly operation: string;
  /** For a store that cannot be opened: one line for the operator, where, why, and what to do. */
  readonly fault: string | undefined;

  constructor(facts: {
    code: StoreErrorCode;
    operation: string;
    engineError: string;
    fault?: string;
    cause?: unknown;
  }) {
    super(`store ${facts.code}: ${facts.operation} (${facts.engineError})`, { cause: facts.cause });
    this.name = 'StoreError';
    this.code = facts.code;
    this.operation = facts.operation;
    this.engineError = facts.engineError;
    this.fault = facts.fault;
  }
}

/** The proof that a request came with (`jti`) was used by another one at the same moment. */
export class ProofUsedError extends Error {
  readonly code = 'proof_used';

  constructor() {
    super('the proof was already used');
    this.name = 'ProofUsedError';
  }
}
