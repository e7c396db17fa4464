/** The audit stream: who signed in to what through which app, what they allowed, what was taken back, what admins did. */
import { userInfo } from 'node:os';
import { type Logger, pino } from 'pino';

/** What stands in the stream; every line has `audit` (the event), `time` and its facts, and never a secret. */
export type AuditEvent =
  | 'sign_in_started'
  | 'signed_in'
  | 'signed_in_again'
  | 'many_accounts'
  | 'sign_in_refused'
  | 'sign_in_cancelled'
  | 'consent_decided'
  | 'access_taken_back'
  | 'grant_revoked'
  | 'signed_out'
  | 'backchannel_logout'
  | 'app_registered'
  | 'app_changed'
  | 'app_removed'
  | 'clients_reloaded'
  | 'clients_refused'
  | 'secrets_reloaded'
  | 'secrets_refused'
  | 'admin_command';

export interface Audit {
  write(event: AuditEvent, facts: Readonly<Record<string, unknown>>): void;
}

/**
 * The stream in a file of its own, appended line by line as it happens, or beside the log where no file is named: its
 * lines are told apart by `audit`. The log's level does not silence it in its own file.
 */
export function createAudit(file: string | undefined, log: Logger): Audit {
  const stream =
    file === undefined
      ? log
      : pino(
          {
            base: null,
            timestamp: pino.stdTimeFunctions.isoTime,
            formatters: { level: () => ({ stream: 'audit' }) },
          },
          pino.destination({ dest: file, append: true, mkdir: true, sync: true, mode: 0o600 }),
        );
  return {
    write(event, facts) {
      stream.info({ audit: event, ...facts });
      // Lines of the log are written in the background; what was decided about access does not wait for a crash.
      if (file === undefined) stream.flush();
    },
  };
}

/** Notes an admin's command, by the account it was run under, where the stream has a file. */
export function auditCommand(
  file: string | undefined,
  command: string,
  facts: Record<string, unknown>,
): void {
  if (file === undefined) return;
  const admin = userInfo().username;
  createAudit(file, pino({ enabled: false })).write('admin_command', { admin, command, ...facts });
}
