/** Why there are no keys: not there or not readable, not writable, lost while a store stands on them, not what they should be, or changed by somebody else. */
export type SecretsErrorCode =
  | 'secrets_unreadable'
  | 'secrets_unwritable'
  | 'secrets_missing'
  | 'secrets_invalid'
  | 'secrets_changed';

/** The server's keys could not be had. `faults` are lines for the operator that name places and no values. */
export class SecretsError extends Error {
  readonly code: SecretsErrorCode;
  readonly faults: readonly string[];

  constructor(code: SecretsErrorCode, faults: readonly string[], cause?: unknown) {
    super(faults.join('\n'), cause === undefined ? undefined : { cause });
    this.name = 'SecretsError';
    this.code = code;
    this.faults = faults;
  }
}
