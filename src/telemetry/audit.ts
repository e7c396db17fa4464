/** The audit stream: who signed in to what through which app, what they allowed, what was taken back, what admins did. */
import type { Logger } from 'pino';
import type { Config } from '../../config/types.ts';
import { withAddresses } from './audit-addresses.ts';
import { type AuditTrouble, openAuditFile } from './audit-file.ts';
import type { AuditEvent, LogEvent } from './catalog.ts';

export interface Audit {
  write(event: AuditEvent, facts: Readonly<Record<string, unknown>>): void;
  /** Whether nothing may happen at the moment, since it could not be told. */
  refuses(): boolean;
  /** 1 while lines cannot be written. */
  unwritable(): 0 | 1;
  /** Opens its file anew, where it has one. */
  reopen(): void;
}

export interface AuditDeps {
  readonly settings: Config['audit'];
  readonly log: Logger;
}

/**
 * The stream in a file of its own, appended line by line as it happens, or beside the log where no file is named: its
 * lines are told apart by `audit`. The log's level does not silence it in its own file. Throws `AuditError` where the file
 * cannot be written and nothing may happen without it.
 */
export function createAudit({ settings, log }: AuditDeps): Audit {
  return settings.file === undefined
    ? besideLog(log, settings.addresses)
    : createFileAudit({ ...settings, file: settings.file }, (trouble) => tellTrouble(log, trouble));
}

/** The stream in its file. */
export function createFileAudit(
  { file: path, unwritable, mostBytes, addresses }: Config['audit'] & { readonly file: string },
  onTrouble: (trouble: AuditTrouble) => void,
): Audit {
  const refusing = unwritable === 'refuse';
  const file = openAuditFile({ path, mostBytes, isRequired: refusing, onTrouble });
  return {
    write(event, facts) {
      const line = { stream: 'audit', time: new Date().toISOString(), audit: event };
      file.write(`${JSON.stringify({ ...line, ...withAddresses(facts, addresses) })}\n`);
    },
    refuses: () => refusing && !file.isWritable(),
    unwritable: () => (file.isWritable() ? 0 : 1),
    reopen: file.reopen,
  };
}

function besideLog(log: Logger, addresses: Config['audit']['addresses']): Audit {
  return {
    write(event, facts) {
      log.info({ audit: event, ...withAddresses(facts, addresses) });
      // Lines of the log are written in the background; what was decided about access does not wait for a crash.
      log.flush();
    },
    refuses: () => false,
    unwritable: () => 0,
    reopen: () => undefined,
  };
}

function tellTrouble(log: Logger, trouble: AuditTrouble): void {
  if ('lost' in trouble) {
    const event: LogEvent = 'audit_writable';
    log.warn({ event, lines: trouble.lost }, 'the audit file is written again');
  } else {
    const event: LogEvent = 'audit_unwritable';
    log.error({ event, error: trouble.error.code }, 'the audit file cannot be written');
  }
}
